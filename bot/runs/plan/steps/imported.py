"""Have Terraform write the code for what a stack imports: literals become references, and what says nothing is left out.

The plan role reads what is there, as it does for every plan. Nothing is written but text, which the pull request then proposes.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.clients.terraform.output import Diagnostic, TerraformFailed
from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.terraform import RootModule
from bot.clouds.registry import FACTS
from bot.core.plans.from_state import (
    StateResources,
    ignoring,
    read_planned_resources,
    without_lines,
    without_unset,
    written_code,
)
from bot.core.plans.plan import Action, PlannedChange
from bot.core.plans.plan_json import read_plan
from bot.core.plans.plan_values import MERGED
from bot.core.plans.written_imports import MOST_CODE
from bot.core.requests.codify.imports import IMPORTED, OpenImport
from bot.errors import UserError
from bot.model.pipeline import Json
from bot.names import ParameterName

_CONFLICT = "onflict"
"""In the summaries by which providers say that of two arguments only one may be given."""
_ROOT = re.compile(r"[.\[]")


@dataclass(frozen=True, slots=True)
class Written:
    """Code for what is imported; `secret` are arguments that a person gives a value, `changed` what the import would still change."""

    code: str
    secret: Sequence[str]
    changed: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Tried:
    """Code without what the provider refuses to read, and the plan with it, or what is still wrong."""

    text: str
    document: bytes | None
    errors: Sequence[Diagnostic] = ()


def written_for(
    module: RootModule, imports: Sequence[OpenImport], inputs: Mapping[ParameterName, Json], timeout: timedelta
) -> Written:
    """Return the code for these imports of an initialized module. Raises `TerraformFailed`, `UserError`."""
    writing = _Writing(module, inputs, timeout)
    first = writing.generated()
    asked = {each.address for each in imports}
    # Only a valid plan tells what is there: what ids others have, and what the provider left out.
    there = read_planned_resources(first.document) if first.document is not None else StateResources((), ())
    known = [each for each in there.single if each.address in asked] or [each.known() for each in imports]
    found = written_code(first.text, known, there.single, ("id", FACTS.identifier))
    if len(found.text) > MOST_CODE:
        raise UserError(
            f"Terraform wrote {len(found.text):,} characters of code for {len(imports)} imports; at most {MOST_CODE:,} are accepted at once. Import fewer."
        )
    last = writing.tried(found.text)
    if unasked := _unasked(last, asked):
        last = writing.tried(ignoring(last.text, unasked))
    changed = [f"{each.address}: {each.action.value}" for each in _changes(last, asked)]
    return Written(last.text, found.secret, [*map(str, last.errors), *changed])


def _changes(tried: _Tried, asked: Collection[str]) -> Sequence[PlannedChange]:
    """Return what a plan would change of what it imports."""
    changes = read_plan(tried.document).changes if tried.document is not None else ()
    return [each for each in changes if each.address in asked and each.action is not Action.NO_OP]


def _unasked(tried: _Tried, asked: Collection[str]) -> Mapping[str, Sequence[str]]:
    """Return the arguments by resource that would change though the code asks for nothing.

    The provider can't read them back, and would set them to their defaults, or it adds its own defaults to them, as it does everywhere.
    """
    found: dict[str, Sequence[str]] = {}
    for change in _changes(tried, asked):
        differing = [(_ROOT.split(each.path, maxsplit=1)[0], each) for each in change.differences]
        if change.action is Action.UPDATE and all(
            name in MERGED or (each.before is None and each.path == name) for name, each in differing
        ):
            found[change.address] = list(dict.fromkeys(name for name, _ in differing))
    return found


class _Writing:
    """Terraform at work on one module."""

    def __init__(self, module: RootModule, inputs: Mapping[ParameterName, Json], timeout: timedelta) -> None:
        self._module, self._inputs, self._timeout = module, inputs, timeout

    def generated(self) -> _Tried:
        """Return what Terraform writes, made valid if that is possible."""
        file = self._module.private / IMPORTED
        try:
            document = self._planned(PlanOptions(lock=False, generate=file))
        except TerraformFailed:
            # It writes code first and validates it then.
            if not file.exists():
                raise
            return self.tried(file.read_text("utf-8"))
        return _Tried(file.read_text("utf-8"), document)

    def tried(self, text: str) -> _Tried:
        """Plan with code in the file of the imports, and leave that as it was; what the provider wrote and refuses to read is taken out."""
        file = self._module.directory / IMPORTED
        was = file.read_bytes()
        head = was.decode().rstrip() + "\n\n"
        try:
            while True:
                file.write_text(head + text, "utf-8")
                try:
                    return _Tried(text, self._planned(PlanOptions(lock=False)))
                except TerraformFailed as error:
                    shorter = _shorter(text, error.diagnostics, head.count("\n"))
                    if shorter == text:
                        return _Tried(text, None, error.diagnostics)
                    text = shorter
        finally:
            file.write_bytes(was)

    def _planned(self, options: PlanOptions) -> bytes:
        return self._module.show(self._module.plan(self._inputs, options, timeout=self._timeout))


def _shorter(text: str, errors: Sequence[Diagnostic], offset: int) -> str:
    """Return the code without what errors are about, as far as leaving it out says the same."""
    ours = [(each, each.line - offset) for each in errors if each.file == IMPORTED and each.line]
    found = without_unset(text, {line for _, line in ours})
    conflicts = [line for each, line in ours if _CONFLICT in each.summary]
    # Of two that say the same in two ways, the one that comes last.
    return found if found != text or not conflicts else without_lines(text, {max(conflicts)})

"""`envclone adopt --from-state`: what a production's state holds and its code lacks gets code, which Terraform itself writes.

Terraform writes code only for what its state doesn't hold. So it is asked in a copy
with an empty state; the real state is only read, and the proof is a plan on it.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.clients.cage import Cage
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.terraform import RootModule, Terraform
from bot.clouds.registry import FACTS
from bot.core.hcl.parser import blocks
from bot.core.plans.from_state import (
    StateResource,
    StateResources,
    import_blocks,
    lacking,
    read_state_resources,
    without_unset,
    written_code,
)
from bot.core.plans.plan import Action
from bot.core.plans.plan_json import read_plan
from bot.core.tree import CODE
from bot.errors import Unverifiable
from bot.runs.directory_parity import ADOPT, AskedSide, read_pair

ADOPTED = "from_state.tf"
_NOT_COPIED = shutil.ignore_patterns(".git", ".terraform", "*.tfstate*", "*_override.tf")
"""An override may name the real backend."""
LOOKING = PlanOptions(lock=False)
_REFUSED = re.compile(r"\bopen (\S+?): permission denied")


@dataclass(frozen=True, slots=True)
class CodeFromState:
    """What became of one root module. `changed` is what a plan would still change, `secret` arguments that lack their value, `others`
    what is left to a person: resources in modules, several of one block, and those without an id."""

    directory: str
    resources: Sequence[str]
    changed: Sequence[str]
    secret: Sequence[str]
    others: Sequence[str]

    @property
    def is_proved(self) -> bool:
        return not self.changed and not self.others


def write_code_from_state(here: Path, production: str, terraform: Terraform) -> list[CodeFromState]:
    """Write the code that is missing into each root module of a directory. Raises `Unverifiable`, `TerraformFailed`."""
    side = AskedSide(production)
    root, (found, _) = read_pair(here, side, side, ADOPT)
    return [_of_module(root, each.directory, terraform) for each in found.roots]


def out_of_reach(error: TerraformFailed) -> str | None:
    """Return what to do about a file that Terraform may not read here, if that is what failed: a local state outside of the checkout, mostly."""
    found = (_REFUSED.search(" ".join(str(each).split())) for each in error.diagnostics)
    paths = list(dict.fromkeys(match[1] for match in found if match))
    if not paths:
        return None
    return (
        f"The code names {', '.join(paths)}, which lies outside of the checkout, and Terraform reads nothing there: code could name any file. "
        'Copy it into the checkout and name that place for this run (a state: in `backend "local"`), or move the state to a remote backend. '
        "Then run this again."
    )


def _of_module(root: Path, directory: str, terraform: Terraform) -> CodeFromState:
    place = root / directory
    with terraform.opened(place) as module:
        module.init()
        state = read_state_resources(module.show_state())
        missing = lacking(state, *_declared(place))
        importable = [each for each in missing.single if each.values.get("id")]
        others = [*missing.others, *(each.address for each in missing.single if each not in importable)]
        if not importable:
            return CodeFromState(directory, (), (), (), others)
        if (place / ADOPTED).exists():
            raise Unverifiable(
                f"{directory}/{ADOPTED} already exists. Move its contents to another file, and run this again."
            )
        code = written_code(
            _generated(place, importable, terraform), importable, state.single, ("id", FACTS.identifier)
        )
        (place / ADOPTED).write_text(code.text, "utf-8")
        changed = _changed(module, StateResources(importable, ()), place / ADOPTED)
        return CodeFromState(directory, [each.address for each in importable], changed, code.secret, others)


def _declared(place: Path) -> tuple[set[str], set[str]]:
    """Return the addresses of the resources that the code declares, and the names of its modules."""
    resources, modules = set[str](), set[str]()
    for path in sorted(place.glob("*.t*")):
        if path.name.endswith(CODE):
            for block in blocks(path.name, path.read_bytes()):
                if block.type == "resource" and len(block.labels) == 2:
                    resources.add(".".join(block.labels))
                if block.type == "module" and block.labels:
                    modules.add(block.labels[0])
    return resources, modules


def _generated(place: Path, resources: Sequence[StateResource], terraform: Terraform) -> str:
    """Return what Terraform writes for these resources, in a copy beside the directory: paths of modules lead to the same places from there."""
    with tempfile.TemporaryDirectory(prefix=".envclone-", dir=place.parent) as beside:
        scratch = Path(beside)
        shutil.copytree(place, scratch, symlinks=True, dirs_exist_ok=True, ignore=_NOT_COPIED)
        (scratch / "envclone_override.tf").write_text('terraform {\n  backend "local" {}\n}\n', "utf-8")
        (scratch / "envclone_imports.tf").write_text(import_blocks(resources), "utf-8")
        apart = Terraform(terraform.binary, terraform.environment, reach=terraform.reach + Cage(writes=(scratch,)))
        with apart.opened(scratch) as module:
            module.init()
            try:
                module.plan({}, PlanOptions(lock=False, generate=scratch / ADOPTED))
            except TerraformFailed:
                # It writes code first and validates it then: what is wrong with it may be right when it is made whole.
                if not (scratch / ADOPTED).exists():
                    raise
        return (scratch / ADOPTED).read_text("utf-8")


def _changed(module: RootModule, resources: StateResources, file: Path) -> list[str]:
    """Return what a plan on the real state would do to what has code now; what is refused in it and says nothing is taken out of the file."""
    while True:
        try:
            plan = read_plan(module.show(module.plan({}, LOOKING)))
            break
        except TerraformFailed as error:
            lines = {each.line for each in error.diagnostics if each.file == file.name and each.line}
            text = file.read_text("utf-8")
            if (shorter := without_unset(text, lines)) == text:
                return [f"it fails: {diagnostic}" for diagnostic in error.diagnostics]
            file.write_text(shorter, "utf-8")
    ours = {each.address for each in resources.single}
    return [
        f"{each.address}: {each.action}"
        for each in plan.changes
        if each.address in ours and each.action != Action.NO_OP
    ]

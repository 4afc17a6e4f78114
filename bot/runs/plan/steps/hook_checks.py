"""Ask the hooks of an environment what they would find, while it is planned.

Security: this runs with the plan's read-only credentials, on declarations from the pull request. Built-in kinds come with the
tool, from the base branch. A `run:` program is code from the pull request: it is asked only if its declaration and every
file beside it are, byte for byte, those of the template on the base branch. A probe talks to whomever it names: only a
declaration of the base branch is carried out, and never towards a private address that the policy does not name. Nothing secret is handed to a check.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.clients.cage import NOTHING, Cage
from bot.core.digest import digest_of
from bot.core.ledger.data_reset import is_due
from bot.core.ledger.kept_outputs import clear_outputs
from bot.core.ledger.ledger import Ledger
from bot.core.ledger.pieces import Pieces
from bot.core.ledger.redaction import Secrets, held
from bot.core.ledger.renamed_steps import marked_as
from bot.core.ledger.step_digest import is_read
from bot.core.plans.plan import HookPlan
from bot.core.plans.stack_inputs import NoValue, Output, Outputs, value_of
from bot.core.rendering.assemble import read_hooks
from bot.core.rendering.render import ENDING, NOT_RENDERED
from bot.core.tree import Tree
from bot.errors import UserError
from bot.hooks import verbs
from bot.hooks.addresses import Network
from bot.hooks.kind import HookContext
from bot.model.pipeline import FromOutput, FromParameter, Hook, Json
from bot.names import EnvironmentName, ParameterName, StepName
from bot.runs.hook_context import HookCall, HookSite, hook_context

TIMEOUT = timedelta(seconds=60)
"""A check looks once; what takes longer would hold up the plan."""


@dataclass(frozen=True, slots=True)
class HookChecks:
    """The hooks of one environment. `files` are the pull request's, `base` the template's on the base branch, if it is there."""

    environment: EnvironmentName
    directory: Path
    parameters: Mapping[ParameterName, Json]
    files: Tree
    base: Tree
    ledger: Ledger
    environment_variables: Mapping[str, str] = field(repr=False)
    log: Callable[[str], None] = field(repr=False)
    networks: tuple[Network, ...] = ()
    """Private networks that the policy lets a probe ask."""
    reach: Cage = NOTHING
    data_reset_at: datetime | None = None
    """When somebody asked that data is made anew."""

    def plan(
        self, name: StepName, hook: Hook, outputs: Mapping[StepName, Outputs], changing: tuple[StepName, ...]
    ) -> HookPlan:
        """Return what the hook would do. `changing` are the steps before it that will do something first."""
        entry = self.ledger.steps.get(name)
        try:
            # Also where it failed: a reset whose undo did not end is gone on with by the next review.
            if is_due(entry, self.data_reset_at) and verbs.makes_data(hook):
                text = "what it made is undone, then it runs again"
                return replace(_planned(name, hook, "would_change", text), makes_anew=True)
            if entry is None or entry.result != "succeeded":
                text = "has not run yet" if entry is None else f"last time it {_ended(entry.result)}"
                return _planned(name, hook, "would_change", text)
            result, text = (
                ("unknown", f"{' and '.join(changing)} will change first")
                if changing
                else self._asked(name, hook, outputs)
            )
        except UserError as error:
            result, text = "unknown", f"not checked: {error}"
        return _planned(name, hook, result, text)

    def _asked(self, name: StepName, hook: Hook, outputs: Mapping[StepName, Outputs]) -> tuple[str, str]:
        """Return what the hook's check says, and in which words. Raises `UserError`."""
        inputs = self._inputs(hook, outputs)
        if isinstance(inputs, str):
            return "unknown", f"not checked: {inputs}"
        if verbs.asks_anybody(hook) and (reason := self._untrusted(name, hook)):
            return "unknown", f"not checked: {reason}"
        secrets = Secrets()
        for value in held(self.environment_variables):
            secrets.add(value)
        said = Pieces(secrets)
        found = verbs.check(hook, inputs, self._context(name, secrets, said))
        self._say(name, said.rest())
        return found.result, secrets.hide(found.text)

    def _say(self, name: StepName, text: str) -> None:
        for line in text.splitlines():
            self.log(f"{name}: {line}")

    def outputs_of(self, name: StepName) -> Outputs:
        """Return what a hook gave when it last ran, as far as it isn't secret."""
        entry = self.ledger.steps.get(name)
        if entry is None or entry.result != "succeeded":
            return {}
        return clear_outputs(entry)

    def _inputs(self, hook: Hook, outputs: Mapping[StepName, Outputs]) -> dict[ParameterName, Json] | str:
        """Return the hook's inputs, or why they can't be had."""
        found: dict[ParameterName, Json] = {}
        for name, source in hook.inputs.items():
            value = value_of(source, self.parameters, outputs)
            match value, source:
                case NoValue(source=FromParameter(parameter=parameter)), _:
                    return f"there is no parameter `{parameter}`"
                case NoValue(), FromOutput():
                    return f"`{source.source}` has no value yet"
                case Output(is_sensitive=True), FromOutput():
                    return f"`{source.source}` is sensitive, and a plan passes no sensitive values to checks"
                case Output(), _:
                    found[name] = value.value
        return found

    def _untrusted(self, name: StepName, hook: Hook) -> str | None:
        """Say why the hook may not be asked before it is merged; None when it is the base branch's own."""
        try:
            declared = read_hooks(self.base, "the base branch's template").hooks.get(name)
        except UserError:
            declared = None
        if hook.run is None:
            return None if declared == hook else "its declaration is new in this pull request"
        if declared is None or declared.run != hook.run:
            return "the program or its declaration is new in this pull request"
        for path in filter(lambda path: is_read(path, verbs.reads(hook, {})), {*self.files, *self.base}):
            # What is rendered is no code that a program could import, and differs from its source anyway.
            is_source = path not in self.files and (path.endswith(ENDING) or path in NOT_RENDERED)
            is_rendered = f"{path}{ENDING}" in self.base and not path.endswith(ENDING)
            if not (is_source or is_rendered) and self.files.get(path) != self.base.get(path):
                return "the program is changed by this pull request"
        return None

    def _context(self, name: StepName, secrets: Secrets, said: Pieces) -> HookContext:
        site = HookSite(
            self.environment, self.parameters, self.directory, self.environment_variables, self.networks, self.reach
        )
        call = HookCall(
            marked_as(name, self.ledger.steps.get(name)),
            TIMEOUT,
            lambda line: self._say(name, said.shown(f"{line}\n")),
        )
        return hook_context(site, call, _CheckSecrets(secrets))


@dataclass(frozen=True, slots=True)
class _CheckSecrets:
    """What becomes of the secrets of a check: they are hidden in what it says, and nothing is kept."""

    secrets: Secrets

    def add(self, value: Json) -> None:
        self.secrets.add(value)

    def digest(self, value: Json) -> str:
        return digest_of(value)  # of inputs that hold no secret, and kept nowhere


def _planned(name: StepName, hook: Hook, result: str, text: str) -> HookPlan:
    no_undo = hook.undo.none if hook.undo else ""
    match result:
        case "already_so":
            return HookPlan(name, hook.kind, "already_so", text, no_undo)
        case "would_change":
            return HookPlan(name, hook.kind, "would_run", text, no_undo)
        case _:
            return HookPlan(name, hook.kind, "unknown", text, no_undo)


def _ended(result: str) -> str:
    return {"failed": "failed", "running": "did not finish", "undone": "was undone"}.get(result, result)

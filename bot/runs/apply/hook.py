"""One try at applying a hook."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.ledger.ledger import LedgerEntry, Undo
from bot.core.ledger.renamed_steps import marked_as, present_names
from bot.core.plans.stack_inputs import Output
from bot.errors import UserError
from bot.hooks import verbs
from bot.hooks.kind import HookContext, Undone
from bot.model.pipeline import Hook, Json, Stack
from bot.names import ParameterName, StepName
from bot.runs.apply.run import ApplyRun, StepFinished
from bot.runs.apply.stack import StackTry
from bot.runs.apply.undo_secrets import UndoSecrets
from bot.runs.hook_context import HookCall, HookSite, hook_context
from bot.runs.step_errors import StepStopped, StepTimedOut


@dataclass(frozen=True, slots=True)
class HookTry:
    """A hook, its inputs, and what the ledger says of it."""

    run: ApplyRun
    name: StepName
    hook: Hook
    inputs: Mapping[ParameterName, Output]
    last: LedgerEntry | None

    def apply(self) -> StepFinished:
        """Apply the hook and verify it. Raises `StepStopped`, `UserError`."""
        run, secrets = self.run, self._undo_secrets()
        try:
            done = verbs.apply(self.hook, self._values(), self._context(secrets), secrets.redacted)
        except verbs.StepFailed as error:
            stopped = StepTimedOut if error.failure == "timeout" else StepStopped
            raise stopped(run.secrets.hide(str(error)), is_final=error.is_final, undo=error.undo) from error
        secret = {each.value for each in secrets.secrets}
        outputs = {
            # A secret that is too short to be found in a text is known here as a whole.
            str(key): Output(value, key in done.sensitive or (isinstance(value, str) and value in secret))
            for key, value in done.outputs.items()
        }
        return StepFinished(outputs, run.secrets.hide(done.evidence), done.undo)

    def undo(self) -> str:
        """Take back what it did last, and return evidence. Raises `StepStopped`."""
        run, recorded = self.run, self.last.undo if self.last is not None else None
        try:
            secrets = self._undo_secrets()
            whole = secrets.rehydrated(recorded)
            done = verbs.undo(whole, self._context(secrets)) if whole is not None else Undone("nothing was recorded")
        except verbs.StepFailed as error:
            stopped = StepTimedOut if error.failure == "timeout" else StepStopped
            raise stopped(run.secrets.hide(str(error)), is_final=error.is_final) from error
        except UserError as error:
            raise StepStopped(run.secrets.hide(str(error)), is_final=True) from error
        return run.secrets.hide(done.evidence)

    def may_leave(self) -> Undo | None:
        """Return what would have to be undone if the run died while it applies the hook; None leaves what the ledger says.

        Raises `UserError` when it would hold a secret that can't be kept.
        """
        secrets = self._undo_secrets()
        return verbs.may_leave(self.hook, self._values(), self._context(secrets), secrets.redacted)

    def _values(self) -> dict[ParameterName, Json]:
        return {key: output.value for key, output in self.inputs.items()}

    def _undo_secrets(self) -> UndoSecrets:
        found = UndoSecrets(self.run.key, self._output_of, self.run.keep_secret)
        found.give(self.hook, self.inputs, self.run.approved.manifest.stacks)
        return found

    def _output_of(self, step: StepName, output: str) -> Output | None:
        """Return an output of a stack, by any name that it had, as it is now; what was skipped in this run is asked of its state."""
        step = present_names(self.run.before).get(step, step)
        known = self.run.outputs.get(step, {}).get(output)
        node = self.run.approved.graph.nodes.get(step)
        if known is not None or node is None or not isinstance(node.step, Stack):
            return known
        try:
            return StackTry(self.run, step, node.step, {}).outputs().get(output)
        except StepStopped:
            return None

    def _context(self, secrets: UndoSecrets) -> HookContext:
        run, kept = self.run, self.last.undo if self.last is not None else None
        previous = secrets.previous(kept)
        if kept is not None and previous is None:
            run.log(self.name, "a secret has changed since the last apply: starting without its undo record")
        parameters, variables = run.approved.manifest.parameters, run.context.hook_variables
        site = HookSite(
            run.request.environment, parameters, run.approved.directory, variables, reach=run.context.terraform.reach
        )
        record = previous.record if previous is not None else None
        call = HookCall(
            marked_as(self.name, self.last), self.hook.timeout, lambda line: run.log_line(self.name, line), record
        )
        return hook_context(site, call, secrets)

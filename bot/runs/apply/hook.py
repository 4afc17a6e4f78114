"""One try at applying a hook."""

from collections.abc import Mapping

from bot.core.ledger.ledger import LedgerEntry, Undo
from bot.core.plans.stack_inputs import Output
from bot.hooks import verbs
from bot.hooks.kind import HookContext
from bot.model.pipeline import Hook, Json, Stack
from bot.names import ParameterName, StepName
from bot.runs.apply.run import ApplyRun, Deadline, StepFinished, StepStopped, StepTimedOut
from bot.runs.apply.stack import StackTry
from bot.runs.apply.undo_secrets import UndoSecrets


def apply_hook(
    work: ApplyRun, name: StepName, hook: Hook, inputs: Mapping[ParameterName, Output], last: LedgerEntry | None
) -> StepFinished:
    """Apply the hook and verify it; `last` is what the ledger says of it. Raises `StepStopped`, `UserError`."""
    keeping = _keeping(work, hook, inputs)
    context = _context(work, name, hook, keeping, keeping.previous(last.undo if last is not None else None))
    try:
        done = verbs.apply(hook, _values(inputs), context, keeping.sealed)
    except verbs.StepFailed as error:
        stopped = StepTimedOut if error.failure == "timeout" else StepStopped
        raise stopped(work.secrets.hide(str(error)), is_final=error.is_final, undo=error.undo) from error
    secret = {each.value for each in keeping.secrets}
    outputs = {
        # A secret that is too short to be found in a text is known here as a whole.
        str(key): Output(value, key in done.sensitive or (isinstance(value, str) and value in secret))
        for key, value in done.outputs.items()
    }
    return StepFinished(outputs, work.secrets.hide(done.evidence), done.undo)


def undo_of_hook(
    work: ApplyRun, name: StepName, hook: Hook, inputs: Mapping[ParameterName, Output], last: LedgerEntry | None
) -> Undo | None:
    """Return what would have to be undone if the run died while it applies the hook; None leaves what the ledger says.

    Raises `UserError` when it would hold a secret that can't be kept.
    """
    keeping = _keeping(work, hook, inputs)
    context = _context(work, name, hook, keeping, keeping.previous(last.undo if last is not None else None))
    return verbs.may_leave(hook, _values(inputs), context, keeping.sealed)


def _values(inputs: Mapping[ParameterName, Output]) -> dict[ParameterName, Json]:
    return {key: output.value for key, output in inputs.items()}


def _keeping(work: ApplyRun, hook: Hook, inputs: Mapping[ParameterName, Output]) -> UndoSecrets:
    keeping = UndoSecrets(work.key, lambda step, output: _output_of(work, step, output))
    keeping.give(hook, inputs, work.approved.manifest.stacks)
    return keeping


def _output_of(work: ApplyRun, step: StepName, output: str) -> Output | None:
    """Return an output of a stack as it is now; what was skipped in this run is asked of its state."""
    known = work.outputs.get(step, {}).get(output)
    node = work.approved.graph.nodes.get(step)
    if known is not None or node is None or not isinstance(node.step, Stack):
        return known
    try:
        return StackTry(work, step, node.step, {}).outputs().get(output)
    except StepStopped:
        return None


def _context(work: ApplyRun, name: StepName, hook: Hook, keeping: UndoSecrets, previous: Undo | None) -> HookContext:
    def keep_secret(value: Json) -> None:
        keeping.told(value)
        work.keep_secret(value)

    return HookContext(
        environment=work.request.environment,
        step=name,
        parameters=work.approved.manifest.parameters,
        directory=work.approved.directory,
        environment_variables=work.world.hook_variables,
        remaining=Deadline(hook.timeout).remaining,
        log=lambda line: work.log(name, line),
        keep_secret=keep_secret,
        digest=keeping.digest,
        previous=previous.record if previous is not None else None,
    )

"""One try at applying a hook."""

from collections.abc import Mapping

from bot.core.inputs import Output
from bot.core.ledger import Entry, Undo
from bot.flows.applying import Deadline, Finished, StepStopped, StepTimedOut, Work
from bot.hooks import verbs
from bot.hooks.kind import Context
from bot.names import ParameterName, StepName
from bot.pipeline import Hook, Json


def apply_hook(
    work: Work, name: StepName, hook: Hook, inputs: Mapping[ParameterName, Output], last: Entry | None
) -> Finished:
    """Apply the hook and verify it; `last` is what the ledger says of it. Raises `StepStopped`."""
    try:
        done = verbs.apply(hook, _values(inputs), _context(work, name, hook, last))
    except verbs.StepFailed as error:
        stopped = StepTimedOut if error.failure == "timeout" else StepStopped
        raise stopped(work.secrets.hide(str(error)), is_final=error.is_final, undo=error.undo) from error
    outputs = {str(key): Output(value, key in done.sensitive) for key, value in done.outputs.items()}
    return Finished(outputs, work.secrets.hide(done.evidence), done.undo)


def undo_of_hook(
    work: Work, name: StepName, hook: Hook, inputs: Mapping[ParameterName, Output], last: Entry | None
) -> Undo | None:
    """Return what would have to be undone if the run died while it applies the hook; None leaves what the ledger says."""
    return verbs.may_leave(hook, _values(inputs), _context(work, name, hook, last))


def _values(inputs: Mapping[ParameterName, Output]) -> dict[ParameterName, Json]:
    return {key: output.value for key, output in inputs.items()}


def _context(work: Work, name: StepName, hook: Hook, last: Entry | None) -> Context:
    return Context(
        environment=work.request.environment,
        step=name,
        parameters=work.approved.manifest.parameters,
        directory=work.approved.directory,
        environment_variables=work.world.hook_variables,
        remaining=Deadline(hook.timeout).remaining,
        log=lambda line: work.log(name, line),
        keep_secret=work.keep_secret,
        previous=last.undo.record if last is not None and last.undo is not None else None,
    )

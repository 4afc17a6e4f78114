"""One try at applying a hook."""

from collections.abc import Mapping

from bot.core.inputs import Output
from bot.core.ledger import Entry
from bot.flows.applying import Deadline, Finished, StepStopped, Work
from bot.hooks import verbs
from bot.hooks.kind import Context
from bot.names import ParameterName, StepName
from bot.pipeline import Hook, Json


def apply_hook(
    work: Work, name: StepName, hook: Hook, inputs: Mapping[ParameterName, Output], last: Entry | None
) -> Finished:
    """Apply the hook and verify it; `last` is what the ledger says of it. Raises `StepStopped`."""
    values: dict[ParameterName, Json] = {key: output.value for key, output in inputs.items()}
    context = Context(
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
    try:
        done = verbs.apply(hook, values, context)
    except verbs.StepFailed as error:
        raise StepStopped(work.secrets.hide(str(error)), is_final=error.is_final, undo=error.undo) from error
    outputs = {str(key): Output(value, key in done.sensitive) for key, value in done.outputs.items()}
    return Finished(outputs, work.secrets.hide(done.evidence), done.undo)

"""One step of an apply, whatever it is: skip it if it is done, else try it as often as it may be, and write the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.data_reset import is_due
from bot.core.ledger.kept_outputs import clear_outputs
from bot.core.ledger.ledger import Clear, LedgerEntry, Undo, hidden
from bot.core.ledger.ledger import KeptOutput as Kept
from bot.core.ledger.step_digest import HookGiven, StackGiven, given, hook_digest, stack_digest
from bot.core.ledger.transitions import Decision, Success, decide, failed, started, succeeded, undone
from bot.core.plans.stack_inputs import Output, Outputs
from bot.errors import UserError
from bot.hooks import verbs
from bot.model.pipeline import FromOutput, Hook, Stack
from bot.names import ParameterName, StepName
from bot.runs.apply.hook import HookTry
from bot.runs.apply.run import ApplyRun, StepFinished
from bot.runs.apply.stack import StackTry, undo_of
from bot.runs.states_read import states_read
from bot.runs.step_errors import StepStopped


@dataclass(frozen=True, slots=True)
class _Given:
    """A step with its inputs, their digest, and what the ledger said of it before."""

    name: StepName
    step: Stack | Hook
    inputs: Mapping[ParameterName, Output]
    digest: str
    last: LedgerEntry | None


def run_step(work: ApplyRun, name: StepName) -> StepResult:
    """Run a step whose needs are done, and return what became of it. Raises `LeaseLost`, `Unverifiable`."""
    step = work.approved.graph.nodes[name].step
    began = work.context.now()
    try:
        given_step = _given(work, name, step)
    except UserError as error:
        return _result(work, name, began, StepResult(name=name, kind=step.kind, state="failed", reason=str(error)))
    decision = _decision(work, given_step)
    if decision.action == "skip":
        kept = _kept_outputs(work, given_step)
        if kept is not None:
            work.outputs[name] = kept
            work.log(name, f"skipped: {decision.reason}")
            state = StepResult(name=name, kind=step.kind, state="skipped", reason=decision.reason)
            return _result(work, name, began, _with_outputs(work, state, kept))
    work.log(name, f"{step.kind}: {decision.reason}")
    return _result(work, name, began, _tried(work, given_step))


def _given(work: ApplyRun, name: StepName, step: Stack | Hook) -> _Given:
    parameters, files = work.approved.manifest.parameters, work.approved.files
    inputs = given(name, step, parameters, work.outputs)
    for output in inputs.values():
        if output.is_sensitive:
            work.keep_secret(output.value)
    if isinstance(step, Stack):
        stacks, backends = work.approved.manifest.stacks, work.context.rules.cloud.backends
        states = states_read(name, files, stacks, work.ledger.read(), backends)
        digest = stack_digest(name, files, StackGiven(inputs, states), work.key)
    else:
        reads = verbs.reads(step, {key: output.value for key, output in inputs.items()})
        digest = hook_digest(step, files, HookGiven(inputs, parameters, reads), work.key)
    return _Given(name, step, inputs, digest, work.before.steps.get(name))


def _decision(work: ApplyRun, given_step: _Given) -> Decision:
    """Return whether the step is to run; one that the review says will change something runs, though its inputs are as before."""
    decision = decide(work.before, given_step.name, given_step.digest)
    reviewed = work.approved.review.steps[given_step.name]
    last = given_step.last
    if decision.action == "skip" and last is not None and last.head != work.request.head and reviewed.changes_anything:
        return Decision("run", "its inputs are unchanged, but the reviewed plan changes something")
    return decision


def _kept_outputs(work: ApplyRun, given_step: _Given) -> Outputs | None:
    """Return the outputs of a step that is done; None when they are to be had only by running it again.

    The ledger keeps no sensitive value. A stack's are in its state; a hook gives its own again when it is run again.
    """
    assert given_step.last is not None
    clear = clear_outputs(given_step.last)
    missing = given_step.last.outputs.keys() - clear.keys()
    if not (missing & _taken(work, given_step.name)):
        return clear
    if isinstance(given_step.step, Hook):
        return None
    try:
        return StackTry(work, given_step.name, given_step.step, given_step.inputs).outputs()
    except StepStopped:
        return None  # running it says why, in full


def _taken(work: ApplyRun, name: StepName) -> set[str]:
    """Return the outputs of a step that others take."""
    return {
        value.output
        for node in work.approved.graph.nodes.values()
        for value in node.step.inputs.values()
        if isinstance(value, FromOutput) and value.step == name
    }


def _tried(work: ApplyRun, given_step: _Given) -> StepResult:
    step, name = given_step.step, given_step.name
    result = StepResult(name=name, kind=step.kind, state="failed")
    last = given_step.last
    for attempt in range(1, step.retries.attempts + 1):
        try:
            last = _taken_back(work, given_step, last)
            begun = _begun(work, given_step, last)
            finished = _attempted(work, given_step, begun)
        except _NotBegun as error:
            return result.model_copy(update={"reason": str(error), "attempts": attempt - 1})
        except StepStopped as error:
            result = result.model_copy(update={"reason": str(error), "attempts": attempt})
            last = _failed(work, name, error)
            if not work.another_try(name, step.retries, attempt, error):
                return result
        else:
            _succeed(work, name, finished)
            done = result.model_copy(
                update={"state": "succeeded", "attempts": attempt, "evidence": finished.evidence, "reason": ""}
            )
            return _with_outputs(work, done, finished.outputs)
    return result


class _NotBegun(Exception):
    """An attempt was not begun; the message is for people."""


def _taken_back(work: ApplyRun, given_step: _Given, last: LedgerEntry | None) -> LedgerEntry | None:
    """Undo what a hook made, if its data is to be made anew; return what the ledger then says. Raises `StepStopped`."""
    name, step = given_step.name, given_step.step
    if last is None or not isinstance(step, Hook) or not _makes_anew(work, given_step, last):
        return last
    work.log(name, "undoing what it made, to make it again")
    # Until it runs again, what is there was made by the version that made it.
    asked_at = work.approved.manifest.data_reset_at
    start = replace(work.start(last.digest), commit=last.commit, tree=last.tree, data_reset_at=asked_at)
    work.change(lambda before: started(before, name, start, work.context.now(), verb="undo"))
    evidence = HookTry(work, name, step, given_step.inputs, last).undo()
    work.log(name, f"undone: {evidence}")
    return work.change(lambda before: undone(before, name, evidence, work.context.now())).steps[name]


def _makes_anew(work: ApplyRun, given_step: _Given, last: LedgerEntry) -> bool:
    """Say whether the review shows that what the hook made is undone first, and that has not been done."""
    asked_at, step = work.approved.manifest.data_reset_at, given_step.step
    is_reviewed = work.approved.review.steps[given_step.name].is_due
    return is_reviewed and isinstance(step, Hook) and verbs.makes_data(step) and is_due(last, asked_at)


def _begun(work: ApplyRun, given_step: _Given, last: LedgerEntry | None) -> LedgerEntry:
    """Write down that an attempt begins, with what would have to be undone if it never ended; return the ledger's entry.

    Raises `_NotBegun`.
    """
    name, step = given_step.name, given_step.step
    try:
        undo: Undo | None = (
            undo_of(work, name)
            if isinstance(step, Stack)
            else HookTry(work, name, step, given_step.inputs, last).may_leave()
        )
    except UserError as error:
        raise _NotBegun(str(error)) from error
    start = replace(work.start(given_step.digest, undo), data_reset_at=work.approved.manifest.data_reset_at)
    return work.change(lambda before: started(before, name, start, work.context.now())).steps[name]


def _attempted(work: ApplyRun, given_step: _Given, entry: LedgerEntry) -> StepFinished:
    if isinstance(given_step.step, Stack):
        return StackTry(work, given_step.name, given_step.step, given_step.inputs).run()
    return HookTry(work, given_step.name, given_step.step, given_step.inputs, entry).apply()


def _failed(work: ApplyRun, name: StepName, error: StepStopped) -> LedgerEntry:
    """Write the failure down, and return what the ledger then says of the step."""
    undo: Undo | None = error.undo
    ledger = work.change(lambda before: failed(before, name, str(error), work.context.now(), undo=undo))
    work.log(name, f"failed: {error}")
    if error.stops_all:
        work.stopping.set()
    return ledger.steps[name]


def _succeed(work: ApplyRun, name: StepName, finished: StepFinished) -> None:
    kept: dict[str, Kept] = {
        key: hidden(name, key, output.value, work.key) if _is_secret(work, output) else Clear(value=output.value)
        for key, output in finished.outputs.items()
    }
    success = Success(kept, work.secrets.hide(finished.evidence), finished.undo)
    work.change(lambda ledger: succeeded(ledger, name, success, work.context.now()))
    work.outputs[name] = finished.outputs
    work.log(name, f"done: {finished.evidence}")


def _is_secret(work: ApplyRun, output: Output) -> bool:
    """Say whether an output is sensitive, or holds something that is; it is then kept whole elsewhere, never masked in part."""
    return output.is_sensitive or work.secrets.hide_in(output.value) != output.value


def _with_outputs(work: ApplyRun, result: StepResult, outputs: Outputs) -> StepResult:
    secret = tuple(key for key, output in outputs.items() if _is_secret(work, output))
    shown = {key: output.value for key, output in outputs.items() if key not in secret}
    return result.model_copy(update={"outputs": shown, "hidden": secret})


def _result(work: ApplyRun, name: StepName, began: datetime, result: StepResult) -> StepResult:
    return result.model_copy(update={"started_at": began, "ended_at": work.context.now()})

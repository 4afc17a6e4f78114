"""One step of a destroy, whatever it is: skip it if it is gone, else try it as often as it may be, and write the ledger."""

from dataclasses import replace

from bot.core.hcl.local_modules import own
from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.ledger import Gone, Retained
from bot.core.ledger.transitions import Start, failed, started, took, undone
from bot.core.tree import tree_id
from bot.errors import UserError
from bot.hooks import verbs
from bot.model.pipeline import Stack
from bot.names import StepName
from bot.runs.destroy.applied_versions import AppliedStep
from bot.runs.destroy.hook import HookUndo
from bot.runs.destroy.run import DestroyRun
from bot.runs.destroy.stack import destroy_stack
from bot.runs.step_errors import StepStopped, StepTimedOut


def undo_step(run: DestroyRun, name: StepName) -> StepResult:
    """Take back a step whose dependents are gone, and return what became of it. Raises `LeaseLost`, `Unverifiable`."""
    each, began = run.applied.steps[name], run.context.now()
    result = StepResult(name=name, kind=each.kind, state="skipped", started_at=began, ended_at=began)
    if each.entry is not None and each.entry.result == "undone":
        return result.model_copy(update={"reason": "already undone"})
    for attempt in range(1, each.step.retries.attempts + 1):
        run.change(lambda ledger: started(ledger, name, _start(run, each), run.context.now(), verb="undo"))
        try:
            evidence = _taken_back(run, each)
        except StepStopped as error:
            reason = _failed(run, name, error)
            result = result.model_copy(update={"state": "failed", "reason": reason, "attempts": attempt})
            if not run.another_try(name, each.step.retries, attempt, error):
                break
        else:
            _succeeded(run, name, evidence)
            result = result.model_copy(
                update={"state": "succeeded", "reason": "", "evidence": evidence, "attempts": attempt}
            )
            break
    return result.model_copy(update={"ended_at": run.context.now()})


def _failed(run: DestroyRun, name: StepName, error: StepStopped) -> str:
    """Write the failure down, and return its reason."""
    reason, undo = run.secrets.hide(str(error)), error.undo
    run.change(lambda ledger: failed(ledger, name, reason, run.context.now(), undo=undo))
    run.log(name, f"failed: {reason}")
    return reason


def _succeeded(run: DestroyRun, name: StepName, evidence: str) -> None:
    run.change(lambda ledger: undone(ledger, name, evidence, run.context.now()))
    run.log(name, f"destroyed: {evidence}")


def _start(run: DestroyRun, each: AppliedStep) -> Start:
    """Return how undoing the step begins: the ledger keeps the commit that applied it, not the one that removed it."""
    start = run.start(each.entry.digest if each.entry is not None else "")
    return replace(start, commit=each.version.commit, tree=tree_id(own(each.version.code)))


def _taken_back(run: DestroyRun, each: AppliedStep) -> str:
    """Take the step back and return evidence. Raises `StepStopped`."""
    run.log(each.name, f"{each.kind}: undoing it")
    if isinstance(each.step, Stack):
        return destroy_stack(run, each, each.step)
    try:
        done = HookUndo(run, each, each.step).undo()
    except verbs.StepFailed as error:
        stopped = StepTimedOut if error.failure == "timeout" else StepStopped
        raise stopped(str(error), is_final=error.is_final, undo=error.undo) from error
    except UserError as error:
        raise StepStopped(str(error), is_final=True) from error
    if done.remains:
        hide = run.secrets.hide
        remains = [Retained(what=hide(one.what), why=hide(one.why), until=hide(one.until)) for one in done.remains]
        run.change(lambda ledger: took(ledger, each.name, Gone(remains=tuple(remains))))
    return run.secrets.hide(done.evidence)

"""One step of a destroy, whatever it is: skip it if it is gone, else try it as often as it may be, and write the ledger."""

from dataclasses import dataclass, replace

from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.terraform import RootModule
from bot.clouds.registry import FACTS
from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.ledger import Clear, Gone, Retained, Start, Undo, failed, learnt, started, took, undone
from bot.core.ledger.retained import gone
from bot.core.ledger.step_digest import given
from bot.core.plans.fingerprint import fingerprint
from bot.core.plans.plan import TerraformPlan
from bot.core.plans.plan_json import read_plan
from bot.core.plans.review import Review
from bot.core.plans.stack_inputs import Output
from bot.core.tree import tree_id
from bot.errors import UserError
from bot.hooks import verbs
from bot.hooks.kind import HookContext, Undone
from bot.model.pipeline import FromOutput, Hook, Json, Stack
from bot.names import StepName
from bot.runs.apply.locked_plan import PlanWish, plan_alone
from bot.runs.apply.run import Deadline, EnvironmentRun, StepStopped, StepTimedOut
from bot.runs.apply.undo_secrets import UndoSecrets
from bot.runs.destroy.applied_versions import AppliedStep, AppliedVersion
from bot.runs.destroy.destroy_inputs import end_inputs

MOST_NAMED = 10


@dataclass(slots=True, kw_only=True)
class Undoing(EnvironmentRun):
    """One destroy under way: what was applied, and the review that names what may go."""

    applied: AppliedVersion
    review: Review


def undo_step(run: Undoing, name: StepName) -> StepResult:
    """Take back a step whose dependents are gone, and return what became of it. Raises `LeaseLost`, `Unverifiable`."""
    each, began = run.applied.steps[name], run.world.now()
    result = StepResult(name=name, kind=each.kind, state="skipped", started_at=began, ended_at=began)
    if each.entry is not None and each.entry.result == "undone":
        return result.model_copy(update={"reason": "it was taken back before"})
    for attempt in range(1, each.step.retries.attempts + 1):
        run.change(lambda ledger: started(ledger, name, _start(run, each), run.world.now(), "undo"))
        try:
            evidence = _taken_back(run, each)
        except StepStopped as error:
            reason, undo = run.secrets.hide(str(error)), error.undo
            run.change(lambda ledger, reason=reason, undo=undo: failed(ledger, name, reason, run.world.now(), undo))  # type: ignore[misc]
            run.log(name, f"refused: {reason}")
            result = result.model_copy(update={"state": "failed", "reason": reason, "attempts": attempt})
            if not run.another_try(name, each.step.retries, attempt, error):
                break
        else:
            run.change(lambda ledger, evidence=evidence: undone(ledger, name, evidence, run.world.now()))  # type: ignore[misc]
            run.log(name, f"gone: {evidence}")
            result = result.model_copy(
                update={"state": "succeeded", "reason": "", "evidence": evidence, "attempts": attempt}
            )
            break
    return result.model_copy(update={"ended_at": run.world.now()})


def _start(run: Undoing, each: AppliedStep) -> Start:
    """Return how the step begins to be taken back: the ledger goes on naming the commit that applied it, not that which removed it."""
    start = run.start(each.entry.digest if each.entry is not None else "")
    return replace(start, commit=each.version.commit, tree=tree_id(each.version.files))


def _taken_back(run: Undoing, each: AppliedStep) -> str:
    """Take the step back and return evidence. Raises `StepStopped`."""
    run.log(each.name, f"{each.kind}: taking it back")
    if isinstance(each.step, Stack):
        return _destroyed(run, each, each.step)
    try:
        done = _undone(run, each, each.step)
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


def _destroyed(run: Undoing, each: AppliedStep, stack: Stack) -> str:
    deadline = Deadline(stack.timeout)
    try:
        values = end_inputs(each.name, stack, run.before)
        with run.world.terraform.opened(each.version.directory / each.name) as module:
            module.init(deadline.remaining())
            return _ended(run, each, module, (PlanWish(each.name, values, destroy=True), deadline))
    except TimedOut as error:
        raise StepTimedOut(f"It took longer than its timeout of {stack.timeout}.") from error
    except (TerraformFailed, UserError) as error:
        raise StepStopped(str(error)) from error


def _ended(run: Undoing, each: AppliedStep, module: RootModule, wanted: tuple[PlanWish, Deadline]) -> str:
    wish, deadline = wanted
    saved = plan_alone(run, module, wish, deadline)
    plan = read_plan(module.show(saved))
    if not plan.changes_anything:
        return "nothing was there" if each.entry is None else "nothing was left of it"
    _hold_against_review(run, each.name, plan)
    run.change(lambda ledger: took(ledger, each.name, gone(plan, FACTS)))
    module.apply(saved, lambda event: run.tell(each.name, event), deadline.remaining())
    return f"{plan.counts.destroy} destroyed"


def _hold_against_review(run: Undoing, name: StepName, plan: TerraformPlan) -> None:
    """Raise `StepStopped` if anything would go that the review does not name. Less is fine: what is gone is gone."""
    reviewed = run.review.steps.get(name)
    allowed = set(reviewed.parts) if reviewed is not None else set()
    found = fingerprint(plan, run.review.key).parts
    beyond = sorted({address for address, digest in found if (address, digest) not in allowed})
    if beyond:
        lines = [f"- {address}" for address in beyond[:MOST_NAMED]]
        more = [f"- and {len(beyond) - MOST_NAMED} more"] if len(beyond) > MOST_NAMED else []
        head = f"Not as reviewed: the end of stack `{name}` would take away what its reviewed plan did not name:"
        advice = f"Something was made since. {_again_reviewed(run)}"
        raise StepStopped("\n".join([head, *lines, *more, advice]), is_final=True, stops_all=True)


def _again_reviewed(run: Undoing) -> str:
    name = run.request.environment
    return f"Put the directory back (revert its removal) and comment `/destroy {name}` again, so that it is planned and reviewed."


def _undone(run: Undoing, each: AppliedStep, hook: Hook) -> Undone:
    entry = each.entry
    assert entry is not None
    if each.name not in run.review.steps:
        message = f"Not as reviewed: the hook `{each.name}` ran after its end was planned, so nobody has seen that it is undone."
        raise StepStopped(f"{message} {_again_reviewed(run)}", is_final=True, stops_all=True)
    if hook.undo is not None:
        return Undone(hook.undo.none)
    keeping = UndoSecrets(run.key, lambda step, output: _output_of(run, step, output))
    recorded = keeping.opened(entry.undo)
    context = _context(run, each, hook, (keeping, recorded))
    if recorded is not None:
        return verbs.undo(recorded, context)
    if hook.run is not None:
        # It died before it could say what its undo wants to be given, so that gets nothing, and has to look for itself.
        return verbs.undo(Undo(run=hook.run.undo, record={"undo": None}), context)
    if entry.verb == "apply" and entry.result == "failed":
        return Undone("it failed before it did anything")
    finished = _finished(run, each, hook, (keeping, context))
    # Kept before it is used: what can't be undone now must be known to the next try.
    run.change(lambda ledger: learnt(ledger, each.name, finished))
    opened = keeping.opened(finished)
    assert opened is not None
    return verbs.undo(opened, context)


def _finished(run: Undoing, each: AppliedStep, hook: Hook, at: tuple[UndoSecrets, HookContext]) -> Undo:
    """Return what undoes a hook that was killed in the middle: only by being finished can it tell what it does."""
    keeping, context = at
    run.log(each.name, "it was cut off in the middle: finishing it first, to know what there is to take back")
    outputs: dict[StepName, dict[str, Output]] = {}
    for source in hook.inputs.values():
        if isinstance(source, FromOutput) and (found := _output_of(run, source.step, source.output)) is not None:
            outputs.setdefault(source.step, {})[source.output] = found
    inputs = given(each.name, hook, each.version.manifest.parameters, outputs)
    keeping.give(hook, inputs, _stacks(run))
    return verbs.apply(hook, {key: output.value for key, output in inputs.items()}, context, keeping.sealed).undo


def _output_of(run: Undoing, step: StepName, output: str) -> Output | None:
    """Return an output of a step as the ledger has it; a secret one as its stack's state does, which what needs it outlives not."""
    entry = run.before.steps.get(step)
    kept = entry.outputs.get(output) if entry is not None else None
    if isinstance(kept, Clear):
        return Output(kept.value)
    if step not in run.outputs and step in _stacks(run):
        source = run.applied.steps[step]
        deadline = Deadline(source.step.timeout)
        try:
            with run.world.terraform.opened(source.version.directory / step) as module:
                module.init(deadline.remaining())
                found = module.outputs(deadline.remaining())
        except (TerraformFailed, TimedOut) as error:
            raise StepStopped(f"The outputs of stack `{step}`, which it needs, can't be read: {error}") from error
        for each in found.values():
            if each.is_sensitive:
                run.keep_secret(each.value)
        run.outputs[step] = {name: Output(each.value, each.is_sensitive) for name, each in found.items()}
    return run.outputs.get(step, {}).get(output)


def _stacks(run: Undoing) -> set[StepName]:
    return {name for name, each in run.applied.steps.items() if isinstance(each.step, Stack)}


def _context(run: Undoing, each: AppliedStep, hook: Hook, at: tuple[UndoSecrets, Undo | None]) -> HookContext:
    keeping, previous = at

    def keep_secret(value: Json) -> None:
        keeping.told(value)
        run.keep_secret(value)

    return HookContext(
        environment=run.request.environment,
        step=each.name,
        parameters=each.version.manifest.parameters,
        directory=each.version.directory,
        environment_variables=run.world.hook_variables,
        remaining=Deadline(hook.timeout).remaining,
        log=lambda line: run.log(each.name, line),
        keep_secret=keep_secret,
        digest=keeping.digest,
        previous=previous.record if previous is not None else None,
    )

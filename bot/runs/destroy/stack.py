"""Destroy a stack: plan it, compare the plan with the review, apply exactly that plan."""

from dataclasses import dataclass

from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformFailed, TerraformKilled
from bot.clients.terraform.plan_options import SavedPlan
from bot.clients.terraform.terraform import RootModule
from bot.clouds.registry import FACTS
from bot.core.ledger.retained import gone
from bot.core.ledger.transitions import took
from bot.core.plans.fingerprint import fingerprint
from bot.core.plans.plan import TerraformPlan
from bot.core.plans.plan_json import read_plan
from bot.errors import UserError
from bot.model.pipeline import Stack
from bot.names import StepName
from bot.runs.apply.former_state import move_state
from bot.runs.apply.locked_plan import StackAtWork, StackPlanRequest, note_killed, plan_locked
from bot.runs.deadline import Deadline
from bot.runs.destroy.applied_versions import AppliedStep
from bot.runs.destroy.destroy_inputs import destroy_inputs
from bot.runs.destroy.run import DestroyRun
from bot.runs.step_errors import StepStopped, StepTimedOut

MOST_NAMED = 10
"""Addresses in a message; the plan of the next review has them all."""


def destroy_stack(run: DestroyRun, each: AppliedStep, stack: Stack) -> str:
    """Destroy what is left of the stack, by the code that applied it, and return evidence. Raises `StepStopped`."""
    deadline = Deadline(stack.timeout)
    try:
        values = destroy_inputs(each.name, stack, run.before)
        with run.context.terraform.opened(each.directory) as module:
            module.init(deadline.remaining())
            if each.entry is not None and each.entry.former_state is not None:
                move_state(run, StackAtWork(each.name, module, deadline), each.entry.former_state)
            saved = plan_locked(run, module, StackPlanRequest(each.name, values, destroy=True), deadline)
            return _applied(run, each, module, _Destroy(saved, deadline))
    except TimedOut as error:
        raise StepTimedOut(f"It exceeded its timeout of {stack.timeout}.") from error
    except (TerraformFailed, UserError) as error:
        if isinstance(error, TerraformKilled):
            note_killed(run, each.name, error)
        raise StepStopped(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Destroy:
    """A saved destroy plan, and the time that is left for it."""

    saved: SavedPlan
    deadline: Deadline


def _applied(run: DestroyRun, each: AppliedStep, module: RootModule, destroy: _Destroy) -> str:
    plan = read_plan(module.show(destroy.saved))
    if not plan.changes_anything:
        return "nothing was there" if each.entry is None else "nothing was left to destroy"
    _compare_with_review(run, each.name, plan)
    run.change(lambda ledger: took(ledger, each.name, gone(plan, FACTS)))
    module.apply(destroy.saved, lambda event: run.tell(each.name, event), destroy.deadline.remaining())
    return f"{plan.counts.destroy} destroyed"


def _compare_with_review(run: DestroyRun, name: StepName, plan: TerraformPlan) -> None:
    """Raise `StepStopped` if anything would go that the review does not name. Less is fine: what is gone is gone."""
    reviewed = run.review.steps.get(name)
    allowed = set(reviewed.parts) if reviewed is not None else set()
    found = fingerprint(plan, run.review.key).parts
    beyond = sorted({address for address, digest in found if (address, digest) not in allowed})
    if beyond:
        lines = [f"- {address}" for address in beyond[:MOST_NAMED]]
        more = [f"- and {len(beyond) - MOST_NAMED} more"] if len(beyond) > MOST_NAMED else []
        head = f"The destroy plan of stack `{name}` differs from the reviewed plan. It would also destroy:"
        advice = f"Something was created since the review. {run.how_to_review_again}"
        raise StepStopped("\n".join([head, *lines, *more, advice]), is_final=True, stops_all=True)

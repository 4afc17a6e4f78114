"""One try at applying a stack: plan it with its real inputs, hold the plan against the review, apply exactly that plan."""

from collections.abc import Mapping, Sequence

from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformFailed, TerraformKilled
from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.terraform import RootModule
from bot.core.ledger.ledger import Undo
from bot.core.ledger.renamed_steps import STATE
from bot.core.ledger.resume import actions, exceeding
from bot.core.ledger.transitions import approved
from bot.core.plans.fingerprint import fingerprint
from bot.core.plans.plan import TerraformPlan, unshown
from bot.core.plans.plan_json import read_plan
from bot.core.plans.review import ReviewedStep
from bot.core.plans.stack_inputs import Output, replayed
from bot.model.pipeline import Json, Stack, texts
from bot.names import ParameterName, StepName
from bot.runs.apply.former_state import move_state
from bot.runs.apply.locked_plan import StackAtWork, StackPlanRequest, note_killed, plan_locked
from bot.runs.apply.run import ApplyRun, StepFinished
from bot.runs.deadline import Deadline
from bot.runs.step_errors import StepStopped, StepTimedOut

MOST_NAMED = 10
"""Addresses in a message; the next plan shows them all."""


class StackTry:
    """A stack, its inputs and the time that there is."""

    def __init__(self, work: ApplyRun, name: StepName, stack: Stack, inputs: Mapping[ParameterName, Output]) -> None:
        self._work = work
        self._name = name
        self._stack = stack
        self._values: dict[ParameterName, Json] = {key: output.value for key, output in inputs.items()}
        self._secrets = tuple(text for output in inputs.values() if output.is_sensitive for text in texts(output.value))
        self._deadline = Deadline(stack.timeout)

    def run(self) -> StepFinished:
        """Apply the stack. Raises `StepStopped`, `LeaseLost`, `Unverifiable`."""
        directory = self._work.approved.directory / self._name
        try:
            with self._work.context.terraform.opened(directory, self._secrets) as module:
                module.init(self._deadline.remaining())
                former = self._work.ledger.read().steps[self._name].former_state
                if former is not None:
                    move_state(self._work, StackAtWork(self._name, module, self._deadline), former)
                return self._applied(module)
        except TimedOut as error:
            raise StepTimedOut(f"It exceeded its timeout of {self._stack.timeout}.") from error
        except TerraformFailed as error:
            if isinstance(error, TerraformKilled):
                note_killed(self._work, self._name, error)
            raise StepStopped(self._work.secrets.hide(str(error))) from error

    def outputs(self) -> dict[str, Output]:
        """Return the outputs in the state. Raises `StepStopped`, `Unverifiable`."""
        directory = self._work.approved.directory / self._name
        try:
            with self._work.context.terraform.opened(directory, self._secrets) as module:
                module.init(self._deadline.remaining())
                return self._outputs(module)
        except TimedOut as error:
            raise StepStopped("Reading its outputs timed out.", is_final=True) from error
        except TerraformFailed as error:
            raise StepStopped(self._work.secrets.hide(str(error))) from error

    def _applied(self, module: RootModule) -> StepFinished:
        saved = plan_locked(self._work, module, StackPlanRequest(self._name, self._values), self._deadline)
        plan = read_plan(module.show(saved), self._secrets)
        evidence = "nothing to do"
        if plan.changes_anything:
            self._compare_with_review(module, plan)
            self._work.change(lambda ledger: approved(ledger, self._name, actions(plan)))
            self._work.log(self._name, f"as reviewed: {plan.counts}")
            module.apply(saved, lambda event: self._work.tell(self._name, event), self._deadline.remaining())
            evidence = _done(plan)
        return StepFinished(self._outputs(module), evidence, undo_of(self._work, self._name))

    def _outputs(self, module: RootModule) -> dict[str, Output]:
        found = module.outputs(self._deadline.remaining())
        for output in found.values():
            if output.is_sensitive:
                self._work.keep_secret(output.value)
        return {name: Output(output.value, output.is_sensitive) for name, output in found.items()}

    def _compare_with_review(self, module: RootModule, plan: TerraformPlan) -> None:
        """Raise `StepStopped` unless the plan is what was reviewed, or what is left of it."""
        entry = self._work.ledger.read().steps[self._name]
        if entry.approved:
            self._work.log(self._name, "resuming what an earlier run of this review started")
            self._refuse(exceeding(entry.approved, plan), "exceeds what was started")
            return
        reviewed = self._work.approved.review.steps[self._name]
        if not reviewed.is_preview:
            self._compare(reviewed, plan)
            return
        mock_outputs = replayed(self._stack, self._values, reviewed.mock_outputs)
        options = PlanOptions(lock=False, unread_states=reviewed.unread_states)
        again = module.plan(mock_outputs, options, timeout=self._deadline.remaining())
        shown = read_plan(module.show(again), self._secrets)
        self._compare(reviewed, shown)
        self._refuse(unshown(shown, plan), "shows, with real values, changes that the reviewed plan did not")

    def _compare(self, reviewed: ReviewedStep, plan: TerraformPlan) -> None:
        expected = reviewed.as_fingerprint
        found = fingerprint(plan, self._work.approved.review.key)
        if expected is None or found.value != expected.value:
            differing = found.differing(expected) if expected else []
            self._refuse(differing or ["the plan as a whole"], "differs from the reviewed plan")

    def _refuse(self, differing: Sequence[str], how: str) -> None:
        if differing:
            raise StepStopped(_not_reviewed(self._name, how, differing), is_final=True, stops_all=True)


def undo_of(work: ApplyRun, name: StepName) -> Undo:
    """Return what undo needs of a stack: where its code lies in the tree that the ledger names."""
    where = work.context.rules.roots.environment(work.request.environment)
    return Undo(uses=STATE, record={"directory": f"{where}/{name}"})


def _not_reviewed(name: StepName, how: str, differing: Sequence[str]) -> str:
    lines = [f"- {each}" for each in differing[:MOST_NAMED]]
    more = [f"- and {len(differing) - MOST_NAMED} more"] if len(differing) > MOST_NAMED else []
    return "\n".join(
        [
            f"The plan of stack `{name}` {how}:",
            *lines,
            *more,
            "Something changed since the review. Open a pull request, so that it is planned and reviewed again.",
        ]
    )


def _done(plan: TerraformPlan) -> str:
    counts = plan.counts
    imported = f"{counts.imported} imported, " if counts.imported else ""
    return f"{imported}{counts.add} added, {counts.change} changed, {counts.destroy} destroyed"

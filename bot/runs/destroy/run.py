"""One destroy under way: what its steps share."""

from dataclasses import dataclass

from bot.core.plans.review import Review
from bot.model.pipeline import Stack
from bot.names import StepName
from bot.runs.destroy.applied_versions import AppliedVersion
from bot.runs.environment_run import EnvironmentRun


@dataclass(slots=True, kw_only=True)
class DestroyRun(EnvironmentRun):
    """One destroy under way: what was applied, and the review that names what may go."""

    applied: AppliedVersion
    review: Review

    @property
    def stacks(self) -> set[StepName]:
        return {name for name, each in self.applied.steps.items() if isinstance(each.step, Stack)}

    @property
    def how_to_review_again(self) -> str:
        """Return what somebody has to do before what was not reviewed can be destroyed."""
        name = self.request.environment
        return f"Restore the directory (revert its removal) and comment `/destroy {name}` again, so that it is planned and reviewed."

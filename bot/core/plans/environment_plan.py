"""The plan of a whole environment: every step in order, as it is shown to reviewers and written into the review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bot.core.plans.fingerprint import fingerprint
from bot.core.plans.plan import Counts, HookPlan, TerraformPlan
from bot.core.plans.review import ReviewedStep
from bot.core.plans.stack_inputs import Inputs
from bot.core.tree import Tree
from bot.errors import Finding
from bot.names import EnvironmentName, ParameterName, StepName

ChangeKind: TypeAlias = Literal["create", "update", "destroy"]


@dataclass(frozen=True, slots=True)
class StackPlan:
    """One stack's plan, made with `inputs`. `mock_outputs` are the inputs that it was given in place of outputs of `waits_for`, which don't exist yet.

    `unread_states` are its data sources of states of `waits_for` that are not there yet, so that what they say is known after the apply.
    `warnings` are Terraform's own, failed `check` blocks among them; a plan with some is a plan. `downloaded` is the code of modules of
    elsewhere, by Terraform's key of each. `moves_from` is the name under which the state lies until the
    apply, if the stack was renamed.
    """

    name: StepName
    plan: TerraformPlan
    mock_outputs: tuple[ParameterName, ...] = ()
    waits_for: tuple[StepName, ...] = ()
    inputs: Inputs | None = field(default=None, repr=False, compare=False)
    warnings: tuple[Finding, ...] = ()
    downloaded: Mapping[str, Tree] = field(default_factory=dict, repr=False, compare=False)
    moves_from: StepName | None = None
    unread_states: tuple[str, ...] = ()

    @property
    def is_preview(self) -> bool:
        """Say whether it was planned without all that it will be applied with."""
        return bool(self.mock_outputs or self.unread_states)

    @property
    def changes_anything(self) -> bool:
        """Say whether its apply would do anything, if only move the state."""
        return self.plan.changes_anything or self.moves_from is not None

    def reviewed(self, key: str) -> ReviewedStep:
        """Return what is kept of this plan for the apply."""
        found = fingerprint(self.plan, key)
        return ReviewedStep(
            kind="stack",
            mock_outputs=self.mock_outputs,
            unread_states=self.unread_states,
            fingerprint=found.value,
            parts=found.parts,
            counts=self.plan.counts,
        )


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """All steps in the order in which they would run. `commit` is the pull request's head that was planned."""

    environment: EnvironmentName
    commit: str
    change: ChangeKind
    steps: Sequence[StackPlan | HookPlan]

    @property
    def stacks(self) -> Sequence[StackPlan]:
        return [step for step in self.steps if isinstance(step, StackPlan)]

    @property
    def hooks(self) -> Sequence[HookPlan]:
        return [step for step in self.steps if isinstance(step, HookPlan)]

    @property
    def counts(self) -> Counts:
        return sum((stack.plan.counts for stack in self.stacks), Counts())

    @property
    def changes_anything(self) -> bool:
        """Say whether merging would do anything; a hook that could not be checked counts as doing something."""
        would_run = any(hook.verb_result != "already_so" for hook in self.hooks)
        return would_run or any(stack.changes_anything for stack in self.stacks)

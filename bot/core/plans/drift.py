"""Drift: where reality is no longer what was applied, step by step.

What counts is what an ordinary plan of the applied version, with its real inputs, would do to restore it; of a hook, what
its check says. What Terraform merely found different, and would leave as it is, is noted beside it: providers change many a
value by themselves, and an issue that is never empty is never read.

"Could not be checked" is never "no drift", and what is not applied yet, or being applied, is said to be so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import UNKNOWN, PlanValue, ValueChange
from bot.names import EnvironmentName, ParameterName, StepName

DriftState = Literal["same", "drifted", "not_applied", "no_check", "unchecked"]
"""`no_check`: a hook that declares no check, so that nobody can ever tell."""


@dataclass(frozen=True, slots=True)
class DriftChange:
    """One thing that is not as applied. Of each difference `before` is what is there, `after` what should be.

    `there` and `should` are the same by argument: each with its whole value, of a block all that is in it.
    """

    address: str
    how: Literal["gone", "changed", "extra"]
    differences: tuple[ValueChange, ...] = ()
    there: Mapping[str, PlanValue] = field(default_factory=dict, compare=False, repr=False)
    should: Mapping[str, PlanValue] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StepDrift:
    """What was found of one step. `text` is a hook's own words, or why it could not be looked at.

    `modules` are those beside the environment that alone changed since it was applied.
    """

    name: StepName
    kind: str
    state: DriftState
    changes: tuple[DriftChange, ...] = ()
    noted: tuple[DriftChange, ...] = ()
    text: str = ""
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found of an environment; `because` says why nothing of it could be compared.

    `settings` are the parameters, with values as they are typed, that would make the code say what is there.
    """

    environment: EnvironmentName
    commit: str
    steps: tuple[StepDrift, ...] = ()
    because: str = ""
    settings: Mapping[ParameterName, str] = field(default_factory=dict)

    @property
    def drifted(self) -> Sequence[StepDrift]:
        return [step for step in self.steps if step.state == "drifted"]

    @property
    def unchecked(self) -> Sequence[StepDrift]:
        return [step for step in self.steps if step.state == "unchecked"]

    def has_gone(self, before: Sequence[str]) -> bool:
        """Say whether the drift of these steps has gone: they were looked at, and nothing has drifted."""
        blind = {step.name for step in self.steps if step.state in {"unchecked", "not_applied"}}
        return not self.because and not self.drifted and not blind & set(before)


def of_stack(name: StepName, plan: TerraformPlan) -> StepDrift:
    """Return the drift that the ordinary plan of an applied stack shows."""
    changes = [_to_put_right(change) for change in plan.changes if change.changes_anything and not change.is_data]
    if not changes:
        outputs = [output for output in plan.outputs if output.action != Action.NO_OP]
        changes = [DriftChange(f"output.{o.name}", "changed", (ValueChange("", o.before, o.after),)) for o in outputs]
    named = {change.address for change in changes}
    differing = [
        _found(change) for change in plan.drift if change.address not in named and change.action != Action.NO_OP
    ]
    noted = [change for change in differing if change.how == "gone" or change.differences]
    return StepDrift(name, "stack", "drifted" if changes else "same", tuple(changes), tuple(noted))


def _to_put_right(change: PlannedChange) -> DriftChange:
    match change.action:
        case Action.CREATE:
            return DriftChange(change.address, "gone")
        case Action.DELETE | Action.FORGET:
            return DriftChange(change.address, "extra")
        case _:
            # Of a replacement most will be new; what forced it is known.
            known = tuple(difference for difference in change.differences if difference.after is not UNKNOWN)
            there, should = (_arguments(each, known) for each in (change.before, change.after))
            return DriftChange(change.address, "changed", known, there, should)


def _arguments(value: PlanValue, differing: Sequence[ValueChange]) -> Mapping[str, PlanValue]:
    """Return the arguments of a resource in which something differs."""
    names = {re.split(r"[.\[]", each.path, maxsplit=1)[0] for each in differing}
    return {name: item for name, item in value.items() if name in names} if isinstance(value, Mapping) else {}


def _found(change: PlannedChange) -> DriftChange:
    # A refresh turns what was left out into what is empty, and that is no difference to anybody.
    turned = tuple(ValueChange(d.path, d.after, d.before) for d in change.differences if d.before or d.after)
    return DriftChange(change.address, "gone" if change.action == Action.DELETE else "changed", turned)

"""The risk of a plan: the greatest of its steps, and what its text says of it is what is read from it again."""

import pytest

from bot.core.messages.plan_comment import complete
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import Action, HookPlan, OutputChange, PlannedChange, TerraformPlan
from bot.core.plans.risk import risk_before_plan, risk_of, said, said_in
from bot.model.risk import Risk
from bot.names import EnvironmentName, ParameterName, StepName

OUTPUT = TerraformPlan((), (OutputChange("url", Action.UPDATE, "a", "b"),))


def stack(*actions: Action) -> StackPlan:
    changes = tuple(PlannedChange(f"aws_x.n{at}", "aws_x", each, {}, {}) for at, each in enumerate(actions))
    return StackPlan(StepName("app"), TerraformPlan(changes))


def hook(result: str) -> HookPlan:
    return HookPlan(StepName("seed"), "run", result)  # type: ignore[arg-type]


MOCKED = StackPlan(StepName("data"), TerraformPlan(()), (ParameterName("vpc_id"),))
ROWS: list[tuple[tuple[StackPlan | HookPlan, ...], Risk]] = [
    ((), Risk.NONE),
    ((stack(), stack(Action.NO_OP, Action.READ), hook("already_so")), Risk.NONE),
    ((stack(Action.CREATE),), Risk.IN_PLACE),
    ((stack(Action.UPDATE),), Risk.IN_PLACE),
    ((stack(Action.FORGET),), Risk.IN_PLACE),
    ((StackPlan(StepName("app"), OUTPUT),), Risk.IN_PLACE),
    ((stack(), hook("would_run")), Risk.IN_PLACE),
    ((stack(Action.REPLACE, Action.UPDATE),), Risk.REPLACE),
    ((stack(Action.REPLACE), hook("would_run")), Risk.REPLACE),
    ((stack(Action.REPLACE, Action.DELETE),), Risk.DESTROY),
    ((stack(Action.DELETE),), Risk.DESTROY),
    ((MOCKED,), Risk.UNKNOWN),
    ((stack(Action.DELETE), hook("unknown")), Risk.UNKNOWN),
]


def plan(*steps: StackPlan | HookPlan) -> EnvironmentPlan:
    return EnvironmentPlan(EnvironmentName("demo-x"), "0" * 40, "update", steps)


@pytest.mark.parametrize(("steps", "expected"), ROWS)
def test_the_risk_is_the_greatest_of_the_steps(steps: tuple[StackPlan | HookPlan, ...], expected: Risk) -> None:
    assert risk_of(plan(*steps)) is expected
    assert risk_of(plan(*steps), is_as_promised=False) is Risk.UNKNOWN
    assert said_in(complete(plan(*steps), expected)) is expected


def test_a_text_without_a_risk_has_an_unknown_one() -> None:
    assert said_in("Nothing was planned, at no risk.") is Risk.UNKNOWN
    assert [said_in(f"{said(each)}, not {said(Risk.NONE)}") for each in Risk] == list(Risk)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [([], Risk.NONE), (["environment.yaml"], Risk.NONE), (["environment.yaml", "app/main.tf"], Risk.UNKNOWN)],
)
def test_before_the_plan_only_a_change_of_the_manifest_alone_is_known_to_do_nothing(
    changed: list[str], expected: Risk
) -> None:
    assert risk_before_plan(changed) is expected

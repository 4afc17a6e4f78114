"""What is left of a stack that was half applied may be done; nothing else."""

import pytest

from bot.core.ledger.resume import actions, exceeding
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan


def plan(**changes: Action) -> TerraformPlan:
    return TerraformPlan(
        changes=tuple(
            PlannedChange(address=f"aws_x.{name}", type="aws_x", action=action, before={}, after={})
            for name, action in changes.items()
        )
    )


BEGUN = actions(plan(a=Action.CREATE, b=Action.UPDATE, c=Action.DELETE, d=Action.REPLACE, e=Action.NO_OP))


def test_what_changes_nothing_is_not_kept() -> None:
    assert BEGUN == {"aws_x.a": "create", "aws_x.b": "update", "aws_x.c": "delete", "aws_x.d": "replace"}


@pytest.mark.parametrize(
    "left",
    [
        plan(),
        plan(a=Action.CREATE),
        plan(a=Action.REPLACE),
        plan(a=Action.UPDATE, b=Action.UPDATE),
        plan(c=Action.DELETE, d=Action.DELETE),
        plan(d=Action.CREATE, e=Action.READ),
        plan(a=Action.NO_OP, e=Action.NO_OP),
    ],
)
def test_what_is_left_may_be_done(left: TerraformPlan) -> None:
    assert exceeding(BEGUN, left) == []


@pytest.mark.parametrize(
    ("beyond", "named"),
    [
        (plan(a=Action.DELETE), ["delete aws_x.a"]),
        (plan(b=Action.REPLACE), ["replace aws_x.b"]),
        (plan(b=Action.DELETE), ["delete aws_x.b"]),
        (plan(c=Action.CREATE), ["create aws_x.c"]),
        (plan(e=Action.UPDATE, f=Action.CREATE), ["create aws_x.f", "update aws_x.e"]),
    ],
)
def test_what_goes_beyond_is_named(beyond: TerraformPlan, named: list[str]) -> None:
    assert exceeding(BEGUN, beyond) == named

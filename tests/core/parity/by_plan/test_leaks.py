"""Production found in what is planned, however it came there; what is sensitive is searched and never quoted."""

from datetime import UTC, datetime

from bot.clouds.registry import FACTS
from bot.core.parity.by_plan.leaks import planned_leaks
from bot.core.parity.by_plan.snapshot import Resource, StackSnapshot
from bot.core.parity.identity import Identity, Mark
from bot.core.parity.waivers import Waivers
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import Action, OutputChange, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import Masked, PlanValue
from bot.model.environment import Waiver
from bot.names import EnvironmentName, Login, StepName
from tests.core.parity.by_plan.test_snapshot import snapshot

NOW = datetime(2026, 3, 4, tzinfo=UTC)
WHO = Identity(
    EnvironmentName("production"),
    EnvironmentName("demo-x"),
    "222222222222",
    (("demo-x", "production"), ("222222222222", "111111111111")),
    (),
    (Mark("111111111111", "account", "222222222222", "account_id"),),
    FACTS,
)
STATE = snapshot(
    {
        "network": StackSnapshot(
            resources=(Resource(address="aws_vpc.main", type="aws_vpc", values={"id": "vpc-0a1b2c3d4e"}),)
        )
    }
)


def planned(value: PlanValue, action: Action = Action.CREATE, output: PlanValue = None) -> EnvironmentPlan:
    change = PlannedChange("aws_x.y", "aws_x", action, None, {"a": {"b": [value]}})
    plan = TerraformPlan((change,), (OutputChange("o", Action.CREATE, None, output),))
    return EnvironmentPlan(EnvironmentName("demo-x"), "0" * 40, "create", [StackPlan(StepName("app"), plan)])


def found(plan: EnvironmentPlan, *waivers: Waiver) -> list[tuple[str, str]]:
    return [
        (leak.place, leak.found)
        for leak in planned_leaks(plan, WHO, STATE, Waivers(waivers, NOW))
        if leak.waiver is None
    ]


def test_production_s_account_is_found_in_a_value_and_in_an_output() -> None:
    arn = "arn:aws:sqs:eu-central-1:111111111111:orders"
    assert found(planned(arn)) == [("app/aws_x.y:a.b[0]", arn)]
    assert found(planned("mine", output=arn)) == [("app/output.o", arn)]
    assert found(planned("arn:aws:sqs:eu-central-1:222222222222:orders")) == []


def test_an_id_that_aws_gave_production_is_found() -> None:
    assert found(planned("vpc-0a1b2c3d4e")) == [("app/aws_x.y:a.b[0]", "vpc-0a1b2c3d4e")]
    assert found(planned("vpc-0a1b2c3d4e5")) == []
    [leak] = planned_leaks(planned("x/vpc-0a1b2c3d4e"), WHO, STATE, Waivers((), NOW))
    assert "production's `network/aws_vpc.main`" in leak.message


def test_a_secret_is_searched_and_not_quoted() -> None:
    [leak] = planned_leaks(planned(Masked("user:hunter22@111111111111")), WHO, STATE, Waivers((), NOW))
    assert leak.found == "(sensitive)"
    assert "hunter22" not in repr(leak)


def test_what_is_destroyed_does_not_count() -> None:
    assert found(planned("vpc-0a1b2c3d4e", Action.DELETE)) == []


def test_a_waiver_lets_one_place_pass() -> None:
    waiver = Waiver(
        what="app/aws_x.y:a.b*",
        reason="looked at together",
        owner=Login("alice"),
        expires_at=datetime(2026, 4, 1, tzinfo=UTC),
    )
    assert found(planned("vpc-0a1b2c3d4e"), waiver) == []
    assert found(planned("x", output="vpc-0a1b2c3d4e"), waiver) == [("app/output.o", "vpc-0a1b2c3d4e")]

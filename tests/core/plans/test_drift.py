"""What of a plan is drift, what is only noted, and what is said of it."""

import pytest

from bot.core.messages.drift_issue import body, drifted_before, headline, summary, text
from bot.core.plans.drift import Drift, StepDrift, of_stack
from bot.core.plans.plan import Action, OutputChange, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import UNKNOWN, Masked, PlanValue
from bot.names import EnvironmentName, Login, StepName

APP, HOOK = StepName("app"), StepName("flags")
DEMO, ALICE = EnvironmentName("demo-x"), Login("alice")


def change(
    address: str, action: Action, before: PlanValue, after: PlanValue, *, is_data: bool = False
) -> PlannedChange:
    return PlannedChange(address, address.split(".", maxsplit=1)[0], action, before, after, is_data=is_data)


def found(
    *changes: PlannedChange, drift: tuple[PlannedChange, ...] = (), outputs: tuple[OutputChange, ...] = ()
) -> StepDrift:
    return of_stack(APP, TerraformPlan(changes, outputs, drift))


def said(step: StepDrift) -> str:
    return text(Drift(DEMO, "c" * 40, (step,)))


def test_a_plan_that_would_do_nothing_is_no_drift_whatever_terraform_found_different() -> None:
    kept = change("aws_db_instance.this", Action.NO_OP, {"id": "db"}, {"id": "db"})
    read = change("data.aws_ami.x", Action.READ, None, {"id": "ami"}, is_data=True)
    refreshed = change(
        "aws_db_instance.this", Action.UPDATE, {"latest_restorable_time": "1"}, {"latest_restorable_time": "2"}
    )
    step = found(kept, read, drift=(refreshed,))
    assert step.state == "same"
    assert [(noted.address, noted.differences[0].path) for noted in step.noted] == [
        ("aws_db_instance.this", "latest_restorable_time")
    ]
    assert "Also different" in summary(Drift(DEMO, "c", (step,)))


def test_what_is_empty_instead_of_absent_is_not_even_noted() -> None:
    assert found(drift=(change("aws_x.a", Action.UPDATE, {"tags": None}, {"tags": {}}),)).noted == ()


def test_what_is_gone_changed_and_replaced_is_named_by_address_and_attribute() -> None:
    step = found(
        change("aws_lb.a", Action.CREATE, None, {"name": "a"}),
        change("aws_lb.b", Action.UPDATE, {"name": "is", "same": 1}, {"name": "should", "same": 1}),
        change("aws_lb.c", Action.REPLACE, {"id": "1", "zone": "is"}, {"id": UNKNOWN, "zone": "should"}),
    )
    assert step.state == "drifted"
    assert said(step).splitlines()[2:] == [
        "- aws_lb.a is gone",
        "! aws_lb.b",
        '!     name: is "is", should be "should"',
        "! aws_lb.c",
        '!     zone: is "is", should be "should"',
    ]


def test_a_secret_is_not_shown_neither_as_it_is_nor_as_it_should_be() -> None:
    step = found(change("aws_x.a", Action.UPDATE, {"value": Masked("stolen")}, {"value": Masked("right")}))
    assert "(sensitive)" in said(step)
    assert not {"stolen", "right"} & set(said(step).replace('"', " ").split())


def test_an_output_alone_is_drift_too_but_not_beside_the_resource_that_it_comes_from() -> None:
    moved = OutputChange("url", Action.UPDATE, "old", "new")
    assert [each.address for each in found(outputs=(moved,)).changes] == ["output.url"]
    gone = change("aws_lb.a", Action.CREATE, None, {"name": "a"})
    assert [each.address for each in found(gone, outputs=(moved,)).changes] == ["aws_lb.a"]


@pytest.mark.parametrize(
    ("steps", "because", "line"),
    [
        ((), "it was never applied", "demo-x was not compared: it was never applied"),
        ((StepDrift(APP, "stack", "same"),), "", "demo-x: no drift"),
        (
            (StepDrift(APP, "stack", "unchecked"), StepDrift(HOOK, "run", "drifted", text="x"), StepDrift(HOOK, "run", "not_applied")),
            "",
            "demo-x: 1 change made outside the code; 1 step could not be checked; 1 step is not applied yet",
        ),
    ],
)  # fmt: skip
def test_the_headline_counts_and_never_takes_unknown_for_well(
    steps: tuple[StepDrift, ...], because: str, line: str
) -> None:
    assert headline(Drift(DEMO, "c", steps, because)) == line


def test_the_issue_remembers_which_steps_had_drifted() -> None:
    steps = (
        StepDrift(APP, "stack", "drifted"),
        StepDrift(StepName("network/vpc_main"), "stack", "drifted"),
        StepDrift(HOOK, "run", "drifted"),
        StepDrift(StepName("x"), "run", "same"),
    )
    assert drifted_before(body(Drift(DEMO, "c" * 40, steps), ALICE, "")) == ["app", "network/vpc_main", "flags"]
    assert drifted_before("written by hand") == []


def test_a_very_long_list_is_cut_and_says_so() -> None:
    many = found(*(change(f"aws_lb.a{n}", Action.CREATE, None, {}) for n in range(2000)))
    written = body(Drift(DEMO, "c" * 40, (many,)), ALICE, "")
    assert "1600 more lines" in written
    assert len(written) < 65_536

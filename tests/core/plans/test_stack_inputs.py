"""Inputs of a stack: real where they are known, stand-ins where they aren't, and told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.plans.plan import Action, OutputChange, PlannedChange, TerraformPlan, unshown
from bot.core.plans.plan_values import UNKNOWN, Masked
from bot.core.plans.stack_inputs import Output, known, replayed, resolved
from bot.errors import UserError
from bot.model.pipeline import Stack
from bot.names import ParameterName, StepName

APP = StepName("app")
NETWORK = StepName("network")
STACK = Stack.model_validate(
    {
        "inputs": {
            "vpc_id": {"from": "network.vpc_id", "stand_in": "vpc-0"},
            "password": {"from": "network.password", "stand_in": "stand-in"},
        }
    }
)
VPC, PASSWORD = ParameterName("vpc_id"), ParameterName("password")


def planned(**outputs: OutputChange) -> TerraformPlan:
    return TerraformPlan((), tuple(outputs.values()))


def test_without_outputs_a_stack_is_planned_with_mocks() -> None:
    inputs = resolved(APP, STACK, {})
    assert inputs.values == {VPC: "vpc-0", PASSWORD: "stand-in"}
    assert inputs.mock_outputs == (VPC, PASSWORD)


def test_with_all_outputs_it_is_not() -> None:
    inputs = resolved(APP, STACK, {NETWORK: {"vpc_id": Output("vpc-1"), "password": Output("hunter2!", True)}})
    assert inputs.values == {VPC: "vpc-1", PASSWORD: "hunter2!"}
    assert not inputs.mock_outputs
    assert inputs.secrets == ("hunter2!",)
    assert "hunter2!" not in repr(inputs)


def test_an_output_that_is_false_or_empty_is_known() -> None:
    inputs = resolved(APP, STACK, {NETWORK: {"vpc_id": Output(""), "password": Output(False)}})
    assert not inputs.mock_outputs


def test_an_input_that_is_neither_known_nor_stood_in_for_is_refused() -> None:
    stack = Stack.model_validate({"inputs": {"vpc_id": {"from": "network.vpc_id"}}})
    with pytest.raises(UserError, match="stand_in"):
        resolved(APP, stack, {})


def test_an_output_that_the_apply_will_change_is_known_only_if_its_new_value_is() -> None:
    plan = planned(
        vpc_id=OutputChange("vpc_id", Action.UPDATE, "vpc-old", UNKNOWN),
        name=OutputChange("name", Action.UPDATE, "old", "new"),
        gone=OutputChange("gone", Action.DELETE, "x", None),
        same=OutputChange("same", Action.NO_OP, "same", "same"),
        parts=OutputChange("parts", Action.CREATE, None, ["a", UNKNOWN]),
        password=OutputChange("password", Action.CREATE, None, Masked("hunter2!")),
    )
    assert known(plan) == {
        "name": Output("new"),
        "same": Output("same"),
        "password": Output("hunter2!", True),
    }


@given(st.sets(st.sampled_from([VPC, PASSWORD])))
def test_a_replay_has_stand_ins_exactly_where_the_review_had_them(names: set[ParameterName]) -> None:
    real = {VPC: "vpc-1", PASSWORD: "hunter2!"}
    again = replayed(STACK, real, names)
    assert {name for name in again if again[name] != real[name]} == names


def change(address: str, action: Action) -> PlannedChange:
    return PlannedChange(address, "t", action, None, None)


def test_a_real_plan_may_do_what_was_shown_whatever_the_keys() -> None:
    shown = TerraformPlan((change('a_b.c["subnet-0"]', Action.CREATE), change("a_b.d", Action.UPDATE)))
    real = TerraformPlan((change('a_b.c["subnet-8"]', Action.CREATE), change('a_b.c["subnet-9"]', Action.CREATE)))
    assert unshown(shown, real) == []


def test_a_real_plan_may_do_nothing_that_was_not_shown() -> None:
    shown = TerraformPlan((change("a_b.c", Action.CREATE),))
    real = TerraformPlan(
        (change("a_b.c", Action.REPLACE), change("a_b.d", Action.CREATE), change("a_b.e", Action.NO_OP))
    )
    assert unshown(shown, real) == ["create a_b.d", "replace a_b.c"]

"""Terraform's plan JSON as typed values: actions, counts, secrets masked as they enter, and nothing guessed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.plans.plan import Action, Counts
from bot.core.plans.plan_json import read_plan
from bot.core.plans.plan_values import UNKNOWN, Masked, planned
from bot.errors import Unverifiable
from bot.model.pipeline import Json

SECRET = "correct-horse-battery"


def resource(actions: list[str], **more: Any) -> dict[str, Any]:
    return {
        "address": 'aws_thing.one["a.b"]',
        "mode": "managed",
        "type": "aws_thing",
        "change": {"actions": actions, "before": None, "after": None},
        **more,
    }


def document(**more: Any) -> bytes:
    return json.dumps({"format_version": "1.2", **more}).encode()


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], Action.CREATE),
        (["update"], Action.UPDATE),
        (["delete"], Action.DELETE),
        (["delete", "create"], Action.REPLACE),
        (["create", "delete"], Action.REPLACE),
        (["create", "forget"], Action.REPLACE),
        (["forget"], Action.FORGET),
        (["no-op"], Action.NO_OP),
        (["read"], Action.READ),
    ],
)
def test_each_action_is_known(actions: list[str], action: Action) -> None:
    change = read_plan(document(resource_changes=[resource(actions)])).changes[0]
    assert (change.action, change.declared_at) == (action, "aws_thing.one")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"format_version": "2.0"}',
        document(errored=True),
        document(complete=False),
        document(resource_changes=[resource(["explode"])]),
        document(resource_changes=[{"address": SECRET}]),
    ],
)
def test_what_is_not_understood_is_no_plan_and_is_not_quoted(data: bytes) -> None:
    with pytest.raises(Unverifiable) as error:
        read_plan(data)
    assert SECRET not in str(error.value)


def test_a_replacement_counts_as_added_and_destroyed_and_forgetting_as_neither() -> None:
    actions = [["create"], ["delete", "create"], ["update"], ["delete"], ["forget"], ["no-op"], ["read"]]
    plan = read_plan(document(resource_changes=[resource(one) for one in actions]))
    assert plan.counts == Counts(add=2, change=1, destroy=2, replace=1, forget=1)
    assert str(plan.counts) == "2 to add, 1 to change, 2 to destroy (1 of them replaced), 1 to forget"


def test_imports_are_counted_also_where_they_are_changed() -> None:
    actions = ["no-op", "update"]
    changes = [resource([action]) for action in actions]
    for each in changes:
        each["change"]["importing"] = {"id": "arn:1"}
    plan = read_plan(document(resource_changes=[*changes, resource(["create"])]))
    assert str(plan.counts) == "2 to import, 1 to add, 1 to change, 0 to destroy"
    assert plan.counts + plan.counts == Counts(add=2, change=2, imported=4)


@pytest.mark.parametrize(
    ("action", "outputs", "alters"),
    [
        ("no-op", {}, False),
        ("update", {}, True),
        ("no-op", {"name": {"actions": ["create"], "after": "x"}}, True),
    ],
    ids=["imported", "imported and changed", "an output of it is new"],
)
def test_an_import_alone_alters_nothing_that_others_see(action: str, outputs: dict[str, Any], alters: bool) -> None:
    change = resource([action])
    change["change"]["importing"] = {"id": "made-before"}
    plan = read_plan(document(resource_changes=[change], output_changes=outputs))
    assert (plan.changes_anything, plan.alters_what_others_see) == (True, alters)


def test_keys_that_newer_versions_add_are_no_error() -> None:
    assert read_plan(document(something_new={"a": 1}, resource_changes=[resource(["create"], new="x")])).counts.add == 1


def test_unknown_values_take_their_places() -> None:
    after = planned(
        {"a": 1, "list": [1, None]}, {"arn": True, "list": [False, True], "tags": {}, "deep": {"x": True}}, {}
    )
    assert after == {"a": 1, "list": [1, UNKNOWN], "arn": UNKNOWN, "deep": {"x": UNKNOWN}}


def test_sensitive_leaves_are_masked_and_still_compared() -> None:
    one = planned({"password": SECRET, "name": "x"}, {}, {"password": True})
    assert one == planned({"password": SECRET, "name": "x"}, {}, {"password": True})
    assert one != planned({"password": "other", "name": "x"}, {}, {"password": True})
    assert SECRET not in f"{one}{one!r}"


def test_a_known_secret_is_masked_wherever_it_stands() -> None:
    found = planned({"url": f"https://{SECRET}@db", "list": [f"x{SECRET}"], "other": "x"}, {}, {}, [SECRET])
    assert found == {"url": Masked(f"https://{SECRET}@db"), "list": [Masked(f"x{SECRET}")], "other": "x"}


leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
trees = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(trees)
def test_a_value_that_is_sensitive_as_a_whole_shows_nothing(value: Json) -> None:
    assert repr(planned({"hidden": [SECRET, value]}, False, True)) == "(sensitive)"


@given(trees)
def test_a_value_without_marks_is_itself(value: Json) -> None:
    assert planned(value, False, False) == value

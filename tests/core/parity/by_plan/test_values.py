"""One resource's values: what is equal, what differs, and what is set apart by which rule."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clouds.registry import FACTS
from bot.core.parity.by_plan.snapshot import seal, sealed
from bot.core.parity.by_plan.translation import Translation
from bot.core.parity.by_plan.values import COMPUTED, KNOWN_AFTER_APPLY, ORDER, SENSITIVE, STAND_IN, ValueComparison
from bot.core.plans.plan_values import UNKNOWN, Masked, PlanValue

KEY = "ab" * 32
WHO = Translation.of([("production", "demo-x"), ("10.0.0.0/20", "10.64.16.0/20")], FACTS)


def compared(production: PlanValue, clone: PlanValue, **more: object) -> ValueComparison:
    run = ValueComparison(WHO, KEY, **more)  # type: ignore[arg-type]
    run.compare(production, clone)
    return run


def paths(run: ValueComparison) -> list[str]:
    return [leaf.path for leaf in run.leaves]


@pytest.mark.parametrize(
    ("production", "clone"),
    [
        ("production-app", "demo-x-app"),
        (None, ""),
        ([], None),
        ({}, []),
        (5, 5.0),
        (json.dumps({"b": "production", "a": [1]}), json.dumps({"a": [1], "b": "demo-x"}, indent=2)),
        (["production", "x"], ["demo-x", "x"]),
        (["a", "production"], ["a", "demo-x"]),
    ],
)
def test_what_differs_by_identity_or_spelling_alone_is_equal(production: PlanValue, clone: PlanValue) -> None:
    run = compared({"x": production}, {"x": clone})
    assert (paths(run), run.compared >= 1, run.set_apart) == ([], True, {})


@pytest.mark.parametrize(
    ("production", "clone", "path"),
    [
        ("a", "b", "x"),
        (True, 1, "x"),
        (1, None, "x"),
        (None, 1, "x"),
        ({"k": 1}, {"k": 2}, "x.k"),
        ({"k": 1}, {}, "x.k"),
        (["a", "b"], ["a", "c"], "x[1]"),
        (["a", "b"], ["a"], "x[1]"),
        (["a"], ["a", "b"], "x[1]"),
        (["b", "a"], ["a", "b"], "x[0]"),
        ([{"p": UNKNOWN}], [{"p": UNKNOWN}, {}], "x[1]"),
        ([{"p": 1}, {}], [{"p": 1}], "x[1]"),
        ([{"p": 1}, {"p": 2}], [{"p": 2}, {"p": 3}], "x[1].p"),
        ([{"p": 1}], [{"p": 1}, {"p": 2}], "x[1]"),
        ('{"a": [1, 2]}', '{"a": [1, 3]}', "x.a[1]"),
        ('{"a": 1}', "a", "x"),
    ],
)
def test_what_differs_is_found_where_it_differs(production: PlanValue, clone: PlanValue, path: str) -> None:
    assert path in paths(compared({"x": production}, {"x": clone}))


@pytest.mark.parametrize("zero", [False, 0, 0.0])
def test_null_in_a_plan_and_a_zero_in_the_state_is_the_providers_own_whoever_writes_it(zero: PlanValue) -> None:
    run = compared({"x": zero, "y": [{"z": zero}]}, {"x": None, "y": [{"z": None}]}, is_set=lambda path: True)
    assert (paths(run), run.set_apart) == ([], {COMPUTED: 2})
    assert paths(compared({"x": None}, {"x": zero})) == ["x"], "what a plan names is compared"
    assert paths(compared({"x": {"k": zero}}, {"x": {}})) == ["x.k"], "and so is what it leaves out of an object"


def test_a_set_may_change_its_order_with_the_names_in_it() -> None:
    assert paths(compared({"x": ["production", "zebra"]}, {"x": ["demo-x", "zebra"]})) == []
    assert paths(compared({"x": ["aaa", "production"]}, {"x": ["aaa", "demo-x"]})) == []
    assert paths(compared({"x": ["e", "production"]}, {"x": ["demo-x", "e"]})) == [], (
        "both are sorted, so it may be a set"
    )


def test_blocks_in_another_order_are_set_apart_and_counted() -> None:
    run = compared({"x": [{"p": 1}, {"p": 2}]}, {"x": [{"p": 2}, {"p": 1}]})
    assert (paths(run), run.set_apart) == ([], {ORDER: 1})


def test_what_the_apply_will_tell_is_set_apart() -> None:
    run = compared({"id": "vpc-1", "x": {"a": 1, "b": 2}}, {"id": UNKNOWN, "x": {"a": 1, "b": UNKNOWN}})
    assert (paths(run), run.set_apart, run.compared) == ([], {KNOWN_AFTER_APPLY: 2}, 1)


def test_what_no_code_sets_is_set_apart_unless_the_plan_names_a_default() -> None:
    def is_set(path: str) -> bool:
        return path == "set"

    exists = compared({"set": 1, "made": "a"}, {"set": 2, "made": "b"}, is_set=is_set, exists=True)
    assert (paths(exists), exists.set_apart) == (["set"], {COMPUTED: 1})
    new = compared({"open": 300, "default": 5}, {"open": 0, "default": 6}, is_set=is_set)
    assert (paths(new), new.set_apart) == (["default"], {COMPUTED: 1})


def test_stand_ins_are_set_apart_where_all_around_them_is_the_same() -> None:
    mock_outputs = frozenset({"vpc-not-made-yet", "not-made-yet", ("subnet-not-made-1", "subnet-not-made-2")})
    clone: PlanValue = {
        "whole": "vpc-not-made-yet",
        "part": "demo-x/vpc-not-made-yet",
        "list": ["subnet-not-made-1", "subnet-not-made-2"],
        "other": "mine/vpc-not-made-yet",
        "more": ["subnet-not-made-1", "subnet-not-made-2", "subnet-mine"],
        "none": "other",
    }
    production: PlanValue = {
        "whole": "vpc-1",
        "part": "production/vpc-1",
        "list": ["s-1", "s-2", "s-3"],
        "other": "production/vpc-1",
        "more": ["s-1", "s-2", "s-3"],
        "none": "vpc-1",
    }
    run = compared(production, clone, mock_outputs=mock_outputs)
    assert {path.partition("[")[0] for path in paths(run)} == {"other", "more", "none"}
    assert run.set_apart[STAND_IN] >= 3


def test_secrets_are_compared_by_seal_and_never_shown() -> None:
    there: PlanValue = {
        "p": Masked(seal("hunter22", KEY)),
        "q": Masked(seal("a", KEY)),
        "r": Masked(seal("b", KEY)),
        "s": "plain-here",
    }
    given_: PlanValue = {"p": Masked("hunter22"), "q": Masked("z"), "r": None, "s": Masked("plain-here")}
    here = sealed(given_, KEY)
    run = compared(there, here)
    assert (run.same_secrets, run.set_apart, paths(run)) == (["p", "s"], {SENSITIVE: 1}, ["r"])
    assert "hunter22" not in repr(run)


def test_tags_of_the_provider_are_compared_once_and_those_of_the_resource_where_they_are() -> None:
    production: PlanValue = {"tags": {"a": "1"}, "tags_all": {"a": "1", "Purpose": "production"}}
    run = compared(production, {"tags": {"a": "2"}, "tags_all": {"a": "2", "Purpose": "qa"}})
    assert paths(run) == ["tags.a", "tags_all.Purpose"]


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_nothing_differs_from_itself(value: PlanValue) -> None:
    assert paths(compared({"x": value}, {"x": value})) == []


@given(VALUES)
def test_nothing_differs_from_its_translation(value: PlanValue) -> None:
    assert paths(compared({"x": value}, {"x": WHO.value(value)})) == []


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5) | st.sampled_from(["u", "v"]), min_size=1), st.data()
)
def test_one_changed_leaf_is_one_difference(values: dict[str, PlanValue], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(values)))
    assert paths(compared(values, {**values, key: "changed"})) == [key]

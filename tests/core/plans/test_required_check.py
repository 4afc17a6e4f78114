"""The required check fails closed: whatever did not happen is not a success."""

import json

import pytest
from pydantic import ValidationError

from bot.core.plans.required_check import Needs, required_check

MATRIX = json.dumps({"include": [{"environment": "demo-x", "role": "r"}, {"environment": "qa-1", "role": "r"}]})


def needs(targets: str = "success", plan: str = "success", matrix: str | None = MATRIX) -> Needs:
    outputs = None if matrix is None else {"matrix": matrix, "any": "true"}
    return Needs.model_validate(
        {"targets": {"result": targets, "outputs": outputs}, "plan": {"result": plan, "outputs": None}}
    )


def test_it_passes_when_every_expected_environment_was_planned() -> None:
    found = required_check(needs(), ["demo-x", "qa-1"], is_fork=False)
    assert found.passes
    assert "`demo-x`" in found.reason


def test_it_passes_when_no_environment_changes() -> None:
    assert required_check(needs(plan="skipped", matrix='{"include": []}'), [], is_fork=False).passes


@pytest.mark.parametrize(
    ("found", "completed", "is_fork"),
    [
        (needs(), ["demo-x"], False),
        (needs(), [], False),
        (needs(), ["other"], False),
        (needs(plan="failure"), ["demo-x", "qa-1"], False),
        (needs(plan="cancelled"), ["demo-x", "qa-1"], False),
        (needs(plan="skipped"), ["demo-x", "qa-1"], False),
        (needs(targets="failure"), ["demo-x", "qa-1"], False),
        (needs(targets="skipped"), ["demo-x", "qa-1"], False),
        (needs(targets="cancelled", plan="skipped", matrix='{"include": []}'), [], False),
        (needs(matrix=None), ["demo-x", "qa-1"], False),
        (needs(matrix="not json"), ["demo-x", "qa-1"], False),
        (needs(matrix='{"include": [{"environment": "../x"}]}'), ["../x"], False),
        (needs(), ["demo-x", "qa-1"], True),
    ],
)
def test_it_fails_when_anything_is_missing(found: Needs, completed: list[str], is_fork: bool) -> None:
    assert not required_check(found, completed, is_fork=is_fork).passes


def test_what_does_not_say_how_jobs_ended_is_no_answer() -> None:
    with pytest.raises(ValidationError):
        Needs.model_validate_json("{}")


def test_it_says_why_nothing_may_be_planned() -> None:
    said = json.dumps(["envs/demo-x: edited", "`demo-x` is not proved by the base branch"])
    found = Needs.model_validate(
        {"targets": {"result": "failure", "outputs": {"complaints": said}}, "plan": {"result": "skipped"}}
    )
    conclusion = required_check(found, found.completed, is_fork=False)
    assert not conclusion.passes
    assert "is not proved by the base branch" in conclusion.reason


@pytest.mark.parametrize(
    ("second", "report", "passes"),
    [
        ({"result": "success"}, {}, True),
        ({"result": "failure"}, {}, False),
        ({"result": "skipped"}, {}, False),
        ({"result": None}, {}, False),
        ({"result": "success"}, {"completed": '["demo-0"]'}, False),
        ({"result": "success"}, {"completed": None}, False),
    ],
)
def test_of_more_than_one_matrix_each_must_have_been_planned(
    second: dict[str, str], report: dict[str, str], passes: bool
) -> None:
    names = json.dumps([f"demo-{number}" for number in range(257)])
    found = Needs.model_validate(
        {
            "targets": {"result": "success", "outputs": {"environments": names, "complaints": None}},
            "plan": {"result": "success"},
            "plan_2": second,
            "plan_3": {"result": "skipped"},
            "report": {"result": "success", "outputs": {"completed": names, **report}},
        }
    )
    assert required_check(found, found.completed, is_fork=False).passes is passes

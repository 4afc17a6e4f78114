"""What a run hands on of the drift that it found: bounded, without secrets, and checked when it is read."""

import pytest

from bot.core.plans.drift import Drift, StepDrift, of_stack
from bot.core.plans.drift_facts import MOST_CHANGES, MOST_FACTS, DriftFacts, facts_of, read_facts, write_facts
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import UNKNOWN, Masked, PlanValue
from bot.names import EnvironmentName, StepName

APP, DEMO = StepName("app"), EnvironmentName("demo-x")


def found(*changes: tuple[PlanValue, PlanValue]) -> Drift:
    planned = tuple(
        PlannedChange(f"x.n{number}", "x", Action.UPDATE, before, after)
        for number, (before, after) in enumerate(changes)
    )
    hook = StepDrift(StepName("seed"), "http.probe", "drifted", text="1 to make")
    return Drift(DEMO, "c" * 40, (of_stack(APP, TerraformPlan(planned)), hook))


def test_whole_arguments_are_handed_on_and_read_again() -> None:
    there: PlanValue = {
        "size": 2, "rule": [{"port": 1, "to": "<!-- -->"}, {"port": 2}], "same": "a", "id": "i", "tags_all": {"a": "b"}
    }  # fmt: skip
    should: PlanValue = {"size": 1, "rule": [{"port": 1, "to": "x"}, {"port": 3}], "same": "a", "id": UNKNOWN}
    facts = facts_of(found((there, should)))
    (fact,) = facts.changes
    assert fact.there == {"size": 2, "rule": [{"port": 1, "to": "<!-- -->"}, {"port": 2}]}
    assert fact.should == {"size": 1, "rule": [{"port": 1, "to": "x"}, {"port": 3}]}
    assert read_facts(f"`/codify`\n\n{write_facts(facts)}\n") == facts
    (step,) = facts.steps()
    assert [each.path for each in step.changes[0].differences] == ["size", "rule[0].to", "rule[1].port"]


def test_no_secret_is_handed_on_however_deep_it_lies() -> None:
    there: PlanValue = {"key": Masked("secret-1"), "rule": [{"a": {"b": Masked("secret-2"), "c": 1}}], "size": 2}
    facts = facts_of(
        found((there, {"key": Masked("secret-3"), "rule": [{"a": {"b": Masked("s"), "c": 2}}], "size": 1}))
    )
    assert facts.changes[0].secret == ("key", "rule")
    assert facts.changes[0].there == {"size": 2}
    assert "secret-" not in write_facts(facts)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_number_that_code_does_not_know_is_not_read(number: str) -> None:
    facts = write_facts(facts_of(found(({"size": 777}, {"size": 1}))))
    assert read_facts(facts) is not None
    assert read_facts(facts.replace("777", number)) is None


def test_what_does_not_fit_is_counted() -> None:
    many: list[tuple[PlanValue, PlanValue]] = [({"a": 1}, {"a": 2})] * (MOST_CHANGES + 5)
    assert facts_of(found(*many)).left_out == 5
    long: tuple[PlanValue, PlanValue] = ({"a": "x" * MOST_FACTS}, {"a": ""})
    facts = facts_of(found(long, ({"a": 1}, {"a": 2})))
    assert facts.left_out + len(facts.changes) == 2
    assert len(write_facts(facts)) < 65_000


@pytest.mark.parametrize(
    "text",
    ["", "<!-- envclone:drift-facts {} -->", "<!-- envclone:drift-facts [1 -->", " --> <!-- envclone:drift-facts "],
)
def test_what_can_t_be_read_says_nothing(text: str) -> None:
    assert read_facts(text) is None
    deep = "[" * 100_000
    assert read_facts(f"<!-- envclone:drift-facts {deep} -->") is None
    assert DriftFacts(environment=DEMO, commit="c" * 40).steps() == []

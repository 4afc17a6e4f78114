"""Which parameter explains a difference: what code computed, or the parameter put back into the planned value."""

import pytest

from bot.core.parity.by_plan.causes import ByCode, Putting, causes, reach
from bot.core.parity.by_plan.compare import PlanDifference
from bot.core.parity.by_plan.translation import Translation
from bot.core.parity.by_plan.values import PlanLeaf
from bot.core.parity.report import Cause, Difference
from bot.core.plans.plan_values import PlanValue
from bot.core.rendering.parameter_values import Origin
from bot.model.pipeline import Json
from bot.names import ParameterName, StepName

APP, DATA = StepName("app"), StepName("data")
SIZE = Cause(ParameterName("db_class"), Origin.PURPOSE)
LIVE = Cause(ParameterName("protected"), Origin.PURPOSE)


def found(path: str, production: PlanValue, clone: PlanValue, address: str = "aws_db.this[0]") -> PlanDifference:
    return PlanDifference(DATA, address, "aws_db", PlanLeaf(path, production, clone, production))


def putting(production: Json, clone: Json, *stacks: StepName, cause: Cause = SIZE) -> Putting:
    return Putting(cause, production, clone, frozenset(stacks or (DATA,)))


def by_code(
    attribute: str, production: str, clone: str, kind: str = "changed", address: str = "data/aws_db.this"
) -> ByCode:
    return ByCode([Difference(kind, address, attribute, production, clone, causes=(LIVE,))], Translation())  # type: ignore[arg-type]


NOTHING = ByCode([], Translation())


def test_a_parameter_put_back_explains_what_it_makes() -> None:
    big = putting("db.r6gd.xlarge", "db.c6gd.medium")
    assert causes(found("class", "db.r6gd.xlarge", "db.c6gd.medium"), NOTHING, [big]) == (SIZE,)
    assert causes(found("note", "a db.r6gd.xlarge!", "a db.c6gd.medium!"), NOTHING, [big]) == (SIZE,)
    assert causes(found("tags_all.Purpose", "production", "qa"), NOTHING, [putting("production", "qa")]) == (SIZE,)
    assert causes(found("note", "production-1", "qa-1"), NOTHING, [putting("production", "qa")]) == (), (
        "too short to be looked for"
    )
    assert causes(found("class", "db.r6gd.xlarge", "db.m6gd.large"), NOTHING, [big]) == ()
    assert causes(found("note", "x db.r6gd.xlarge", "y db.c6gd.medium"), NOTHING, [big]) == (), (
        "something else differs too"
    )


def test_numbers_and_bools_are_explained_by_code_alone() -> None:
    assert causes(found("cpu", "1024", "256"), NOTHING, [putting("1024", "256")]) == ()
    assert causes(found("rotates", True, False), NOTHING, [putting(True, False)]) == ()
    assert causes(found("most", 6, 1), NOTHING, [putting(6, 1)]) == ()


def test_a_parameter_counts_only_where_it_is_known() -> None:
    assert causes(found("class", "aaa", "bbb"), NOTHING, [putting("aaa", "bbb", APP)]) == ()


def test_what_code_computed_counts_if_it_computed_these_values() -> None:
    computed = by_code("window", "30", "7")
    assert causes(found("window", 30, 7), computed, []) == (LIVE,)
    assert causes(found("window", 30, 8), computed, []) == (), "the plan says something that code does not explain"
    assert causes(found("window", 31, 7), computed, []) == (), "production was changed by hand"
    assert causes(found("other", 30, 7), computed, []) == ()
    assert causes(found("window", None, 0), by_code("window", "null", "null"), []) == (LIVE,)


@pytest.mark.parametrize("merged", ["tags_all", "effective_labels", "terraform_labels"])
def test_what_a_provider_merges_has_the_causes_of_what_was_written(merged: str) -> None:
    own = by_code(f"{'tags' if merged == 'tags_all' else 'labels'}.days", "30", "7")
    assert causes(found(f"{merged}.days", "30", "7"), own, []) == (LIVE,)
    assert causes(found(f"{merged}.days", "30", "8"), own, []) == ()
    assert causes(found(f"{merged}.other", "30", "7"), own, []) == ()
    attribute = "default_tags[0].tags.days" if merged == "tags_all" else "default_labels.days"
    default = by_code(attribute, "30", "7", address="data/provider.any.eu")
    assert causes(found(f"{merged}.days", "30", "7"), default, []) == (LIVE,)
    elsewhere = by_code(attribute, "30", "7", address="app/provider.any")
    assert causes(found(f"{merged}.days", "30", "7"), elsewhere, []) == ()


def test_a_missing_resource_is_explained_by_its_own_difference_or_its_count() -> None:
    gone = PlanDifference(DATA, "aws_db.this[0]", "aws_db", None, is_missing=True)
    assert causes(gone, by_code("", "", "", "missing", "data/aws_db.this[0]"), []) == (LIVE,)
    assert causes(gone, by_code("count", "1", "0"), []) == (LIVE,)
    assert causes(gone, by_code("", "", "", "missing", "data/aws_db.other"), []) == ()
    assert causes(gone, NOTHING, [putting("a", "b")]) == ()


def test_parameters_reach_the_stacks_that_take_outputs_of_theirs() -> None:
    name = ParameterName("db_class")
    third = StepName("third")
    assert reach({DATA: [name]}, {APP: [DATA], third: [APP]}) == {name: frozenset({DATA, APP, third})}
    assert reach({third: [name]}, {APP: [DATA], third: [APP]}) == {name: frozenset({third})}

"""The table of a clone's pull request: a row for each cause, what nobody explains first, and everything in the fold below."""

import re

import pytest

from bot.core.parity.output.markdown_by_cause import by_cause, place
from bot.core.parity.report import Cause, Difference, Parity
from bot.core.rendering.parameter_values import Origin
from bot.model.template import Aspect
from bot.names import EnvironmentName, ParameterName

NAME, AGAINST = EnvironmentName("demo-x"), EnvironmentName("production")


def caused(address: str, attribute: str, parameter: str, aspect: Aspect = "data") -> Difference:
    causes = (Cause(ParameterName(parameter), Origin.PURPOSE),)
    return Difference("changed", address, attribute, "1", "2", aspect=aspect, causes=causes)


def table(*found: Difference) -> tuple[list[str], str]:
    """Return the rows of the table, and what is folded away."""
    parity = Parity(NAME, AGAINST, "code", 100, found)
    text = by_cause(parity, lambda name: (f"{name} there", f"{name} here"))
    head, _, folded = text.partition("<details>")
    return [line for line in head.splitlines() if line.startswith("| ")][2:], folded


def test_a_parameter_that_causes_much_is_one_row_with_its_values() -> None:
    found = [caused(f"data/aws_rds_cluster.c{number}", f"a{number}", "protected") for number in range(12)]
    rows, folded = table(*found, caused("app/aws_ecs_service.app", "desired_count", "app_min", "scaling"))
    assert rows == [
        "| `protected`: set by the purpose | `protected there` | `protected here` | data | data · rds cluster · a0, data · rds cluster · a1, and 10 more |",
        "| `app_min`: set by the purpose | `app_min there` | `app_min here` | scaling | app · ecs service · desired\\_count |",
    ]
    assert all(f"`{each.address}:{each.attribute}`" in folded for each in found), "each is in the fold, with its place"


def test_what_nobody_explains_is_first_and_a_row_of_its_own() -> None:
    edited = [Difference("changed", "app/aws_lb.app", key, "600", "60", aspect="sizes") for key in ("idle", "drop")]
    gone = Difference("missing", "traffic/aws_route53_zone.private", "", "present", "", aspect="topology")
    rows, _ = table(caused("data/aws_kms_key.this", "days", "protected"), *edited, gone)
    assert [re.findall(r"\*\*unexplained\*\*", row) for row in rows] == [["**unexplained**"]] * 3 + [[]]
    assert rows[0] == "| **unexplained** | `present` | **missing** | topology | traffic · route53 zone (missing) |"


def test_identity_alone_is_said_in_a_sentence() -> None:
    each = caused("data/aws_kms_key.this", "alias", "name", "identity")
    assert by_cause(Parity(NAME, AGAINST, "code", 9, [each]), lambda _: ("", "")).startswith("Nothing differs but name")


@pytest.mark.parametrize(
    ("address", "attribute", "short"),
    [
        ("app/aws_ecs_task_definition.app", "cpu", "app · ecs task definition · cpu"),
        ("app/module.logs.google_storage_bucket.this", "", "app · storage bucket"),
        ("app/var.zone_id", "value", "app · var.zone_id · value"),
        ('data/aws_s3_bucket.this["a.b"]', "force_destroy", 'data · aws_s3_bucket.this["a.b"] · force_destroy'),
        ("hook/smoke", "with.url", "hook · smoke · with.url"),
        ("README.md", "", "README.md"),
    ],
)
def test_places_are_short(address: str, attribute: str, short: str) -> None:
    assert place(Difference("changed", address, attribute, "", "")) == short

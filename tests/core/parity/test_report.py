"""The score: what tells something lowers it, and that a clone is somebody else does not."""

from dataclasses import replace

from bot.core.parity.output.document import document
from bot.core.parity.output.markdown import verdict
from bot.core.parity.output.page import page
from bot.core.parity.output.text import text
from bot.core.parity.report import Cause, Difference, Parity
from bot.core.rendering.parameter_values import Origin
from bot.core.tree import File
from bot.names import EnvironmentName, ParameterName
from tests.core.parity import shop

NAME = Difference(
    "changed", "network/aws_vpc.main", "tags.Name", "production", "demo-x", "identity",
    (Cause(ParameterName("name"), Origin.DERIVED),),
)  # fmt: skip
BY_HAND = replace(NAME, attribute="tags.Other", causes=())
SIZE = replace(NAME, attribute="size", aspect="sizes")
PERFECT = Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "code", 10, (NAME,))


def test_a_clone_that_differs_by_identity_alone_is_wholly_as_production() -> None:
    assert (PERFECT.score, PERFECT.equal, len(PERFECT.telling)) == (1, 9, 0)


def test_everything_else_lowers_the_score_also_a_name_that_no_parameter_makes() -> None:
    found = replace(PERFECT, differences=(NAME, SIZE, BY_HAND))
    assert (found.score, found.equal) == (0.8, 7)
    assert list(found.by_identity) == [NAME]


def test_every_shape_of_the_report_says_both_counts() -> None:
    found = replace(PERFECT, compared=1000, differences=(NAME, SIZE))
    likeness = "998 are equal, 1 differs only in name, account or address"
    assert verdict(found).startswith(
        f"99.9% of 1,000 attributes match `production`: {likeness}. 1 differs in other ways."
    )
    assert f"99.9% of 1,000 attributes match production ({likeness}); 1 differs in other ways" in text(found, ())
    data = document(found)
    assert (data["score"], data["compared"], data["equal"]) == (0.999, 1000, 998)
    assert data["counts"] == {
        "differences": 2, "missing": 0, "extra": 0, "changed": 2, "unexplained": 0, "waived": 0, "by_revision": 0, "by_identity": 1,
    }  # fmt: skip
    for tile in (
        "<strong>99.9%</strong>",
        "<strong>998</strong><span>equal",
        "<strong>1</strong><span>differ only in name, account or address",
    ):
        assert tile in page(found)


def test_missing_and_extra_come_first_then_what_is_unexplained() -> None:
    drafted = shop.clone()
    head = 'resource "aws_route53_zone" "private" {'
    files = shop.edited(drafted.files, "traffic/dns.tf", head, f"{head}\n  count = 0")
    files = shop.edited(files, "data/parameters.tf", "= var.payments_url", '= "https://example.test/v1"')
    files = {**files, "app/more.tf": File(b'resource "aws_sns_topic" "more" {}\n')}
    found = shop.compared(drafted, files).parity.differences
    order = [(each.kind, each.is_unexplained) for each in found]
    ranks = {"missing": 0, "extra": 1, "changed": 2}
    assert order == sorted(order, key=lambda pair: (ranks[pair[0]], not pair[1]))
    assert {kind for kind, _ in order} == set(ranks)
    assert ("changed", False) in order

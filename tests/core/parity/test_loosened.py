"""What a template no longer demands of clones, in plain words."""

import pytest

from bot.core.parity.loosened import loosened
from bot.model.template import DECLARATION, Template
from bot.model.yaml_document import load
from tests.support import shop


def declared(was: str = "", now: str = "", more: str = "") -> Template:
    assert was in shop.DECLARATION
    return load(shop.DECLARATION.replace(was, now, 1) + more, Template, DECLARATION)


@pytest.mark.parametrize(
    ("was", "now", "clause"),
    [
        ("match: [topology, versions]", "match: [topology]", "the purpose `qa` no longer demands that `versions` matches"),
        ("differ: [identity, outbound]", "differ: [identity]", "the purpose `qa` no longer demands that `outbound` differs"),
        ("  qa:", "  quality:", "the purpose `quality` is new, and so is all that it demands"),
        ("string, outbound: true, description: Where", "string, description: Where", "the parameter `payments_url` is no longer `outbound`"),
        ("cidr, identity: true", "cidr", "the parameter `vpc_cidr` is no longer `identity`"),
        ("purposes:", "shared: [mail.example]\npurposes:", "`mail.example` is shared by every environment"),
        ("purposes:", "aspects: {access: ['*:cidr_blocks']}\npurposes:", "other attributes count as `access` (`aspects`)"),
    ],
)  # fmt: skip
def test_what_is_no_longer_demanded_is_named(was: str, now: str, clause: str) -> None:
    assert loosened(declared(), declared(was, now)) == (clause,)


def test_what_commands_may_set_and_rules_that_are_gone_are_named() -> None:
    rule = "rules: [{description: Least below most., at_most: [reads_min, reads_max]}]\n"
    fixed = "description: The storage of an instance., settable: false}"
    base = declared("description: The storage of an instance.}", fixed, rule)
    assert loosened(base, declared()) == (
        "commands may set the parameter `storage_type`",
        "the rule `Least below most.` is gone",
    )


def test_names_and_values_that_were_kept_for_an_environment_with_code_of_its_own_are_named() -> None:
    base = declared("purposes:", "unmanaged: {staging: {reads_min: 1}}\npurposes:")
    less = declared("purposes:", "unmanaged: {staging: {}}\npurposes:")
    for ours in (less, declared()):
        assert loosened(base, ours) == ("names and values of `staging`, which has code of its own, are free",)
    assert loosened(less, base) == ()


def test_what_demands_as_much_or_more_is_not_told() -> None:
    assert loosened(declared(), declared()) == ()
    more = declared("match: [topology, versions]", "match: [topology, versions, sizes]")
    assert loosened(declared(), more) == ()

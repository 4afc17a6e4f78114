"""Versions and their ranges, compared as Terraform compares them."""

import pytest

from bot.core.checks.versions import is_exact, is_within
from bot.errors import InvalidInput


@pytest.mark.parametrize(
    ("version", "span", "within"),
    [
        ("5.1.0", ">= 5.0, < 6", True),
        ("6.0.0", ">= 5.0, < 6", False),
        ("5.1.9", "~> 5.1.2", True),
        ("5.2.0", "~> 5.1.2", False),
        ("5.9.0", "~> 5.1", True),
        ("6.0.0", "~> 5.1", False),
        ("5.1.0", "5.1.0", True),
        ("5.1.0", "!= 5.1.0", False),
        ("5.1.0-beta1", ">= 5.0", False),
        ("5.1.0-beta1", "5.1.0-beta1", True),
        ("5.1.0", "> 5.1.0", False),
        ("5.1.0", "<= 5.1", True),
        ("main", ">= 5.0", False),
    ],
)
def test_versions_are_compared_as_terraform_does(version: str, span: str, within: bool) -> None:
    assert is_within(version, span) is within


def test_a_range_that_is_none_is_named() -> None:
    with pytest.raises(InvalidInput, match="not a version constraint"):
        is_within("5.1.0", "newest")
    assert is_exact("= 5.1.0")
    assert not is_exact("5.1")

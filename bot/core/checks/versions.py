"""Versions of registry modules, and ranges of them, as Terraform writes them (`>= 5.0, < 6`, `~> 5.1`).

Source: https://developer.hashicorp.com/terraform/language/expressions/version-constraints
"""

import re
from typing import TypeAlias

from bot.errors import InvalidInput

Version: TypeAlias = tuple[int, int, int]

_TERM = re.compile(r"\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?\s*")


def is_exact(text: str) -> bool:
    """Say whether a version constraint allows one version only."""
    found = _TERM.fullmatch(text)
    return found is not None and found[1] in {None, "="} and found[4] is not None


def is_within(version: str, span: str) -> bool:
    """Say whether a version lies in a range. Raises `InvalidInput` for a range that is none."""
    found = _TERM.fullmatch(version)
    if found is None or found[1] is not None:
        return False
    return all(_holds(found, term) for term in span.split(","))


def _holds(version: re.Match[str], text: str) -> bool:
    term = _TERM.fullmatch(text)
    if term is None:
        raise InvalidInput(f"`{text.strip()}` is not a version constraint: write it like `>= 5.0, < 6`")
    ours, theirs = _numbers(version), _numbers(term)
    if version[5]:  # a pre-release is only ever meant by its own name
        return term[1] in {None, "="} and (ours, version[5]) == (theirs, term[5])
    match term[1]:
        case "!=":
            return ours != theirs
        case ">":
            return ours > theirs
        case ">=":
            return ours >= theirs
        case "<":
            return ours < theirs
        case "<=":
            return ours <= theirs
        case "~>":
            given = 2 if term[4] else 1  # all but the last number that is written must be the same
            return ours >= theirs and ours[:given] == theirs[:given]
        case _:
            return ours == theirs and not term[5]


def _numbers(found: re.Match[str]) -> Version:
    return int(found[2]), int(found[3] or 0), int(found[4] or 0)

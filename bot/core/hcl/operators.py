"""Terraform's operators over known values."""

import operator
from collections.abc import Callable, Mapping

from bot.core.hcl.values import HclValue, number, plain, truth

_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_COUNTED: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


def decided(word: str, left: HclValue, right: HclValue) -> bool | None:
    """Return what one known side decides alone."""
    if word == "&&" and (left is False or right is False):
        return False
    if word == "||" and (left is True or right is True):
        return True
    return None


def computed(word: str, left: HclValue, right: HclValue, is_unary: bool) -> HclValue:
    """Return what an operator makes of known values. Raises `NotKnown`, `ArithmeticError`."""
    if word == "!":
        return not truth(right)
    if is_unary:
        return -number(right)
    if word in {"==", "!="}:
        return same(left, right) == (word == "==")
    if word in {"&&", "||"}:
        return (truth(left) and truth(right)) if word == "&&" else (truth(left) or truth(right))
    if word in _COMPARED:
        return _COMPARED[word](number(left), number(right))
    found = _COUNTED[word](number(left), number(right))
    return int(found) if float(found).is_integer() else found


def same(one: HclValue, other: HclValue) -> bool:
    """Say whether two known values are equal, as Terraform compares them: 1 is 1.0, and no bool is a number."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return plain(one) == plain(other)

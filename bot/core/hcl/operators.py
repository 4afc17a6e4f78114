"""Terraform's operators over known values."""

import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from bot.core.hcl.numbers import exact, held
from bot.core.hcl.values import Encoded, HclValue, NotKnown, Unknown, json_text, number, plain, text_of, truth

_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_COUNTED: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": lambda left, right: left - right * int(left / right),  # towards zero, as Go divides
}


def decided(word: str, left: HclValue, right: HclValue) -> bool | None:
    """Return what one known side decides alone, where the other one is not known yet."""
    if not isinstance(left, Unknown) and not isinstance(right, Unknown):
        return None
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
        if not number(right):
            raise NotKnown("-0, which Terraform tells from 0")
        return -number(right)
    if word in {"==", "!="}:
        return same(left, right) == (word == "==")
    if word in {"&&", "||"}:
        sides = (truth(left), truth(right))  # both: Terraform refuses `true || 1`
        return all(sides) if word == "&&" else any(sides)
    if word in _COMPARED:
        return _COMPARED[word](number(left), number(right))
    return held(_COUNTED[word](exact(number(left)), exact(number(right))))


def unified(one: HclValue, other: HclValue) -> HclValue:
    """Return `one` in the type that it has together with `other`: what a condition, a list or a set makes of its parts.

    Raises `NotKnown` where Terraform would refuse, or would change what is inside.
    """
    kinds = {_kind(each) for each in (one, other)} - {"null", "unknown"}
    if len(kinds) < 2:
        inner = [item for each in (one, other) for item in _inside(each)]
        if len({_kind(item) for item in inner} - {"null", "unknown"}) > 1 and _shape(one) != _shape(other):
            raise NotKnown("parts of different types")
        return one
    if kinds in ({"text", "number"}, {"text", "bool"}):
        return text_of(one)
    raise NotKnown("values of different types")


def alike(items: Sequence[HclValue]) -> list[HclValue]:
    """Return the elements of a list or a set in the one type that they have there. Raises `NotKnown`."""
    kinds = {_kind(item) for item in items} - {"null"}
    if len(kinds) < 2:
        if kinds & {"list", "map"} and len({json_text(_shape(item)) for item in items}) > 1:
            raise NotKnown("elements of different types")
        return list(items)
    if "text" in kinds and kinds <= {"text", "number", "bool"}:
        return [item if item is None else text_of(item) for item in items]
    raise NotKnown("elements of different types")


def _inside(value: HclValue) -> Sequence[HclValue]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _kind(value: HclValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str() | Encoded():
            return "text"
        case list():
            return "list"
        case dict():
            return "map"
        case Unknown():
            return "unknown"


def _shape(value: HclValue) -> HclValue:
    """Return the types in a value, as a value."""
    match value:
        case list():
            return [_shape(item) for item in value]
        case dict():
            return {key: _shape(item) for key, item in value.items()}
        case _:
            return _kind(value)


def same(one: HclValue, other: HclValue) -> bool:
    """Say whether two known values are equal, as Terraform compares them: 1 is 1.0, and no bool is a number."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return plain(one) == plain(other)

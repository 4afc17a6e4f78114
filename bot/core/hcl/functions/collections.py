"""Terraform's functions over lists, sets and maps."""

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from bot.core.hcl.numbers import exact, held, number_text
from bot.core.hcl.operators import alike, same
from bot.core.hcl.values import HclValue, NotKnown, Unknown, number, plain, rules_in, texts, truth

MOST = 4096
"""Elements that a function may make out of nothing."""


def items_of(value: HclValue) -> list[HclValue]:
    """Return the elements of a list or a set."""
    if not isinstance(value, list):
        raise NotKnown("not a list")
    return value


def map_of(value: HclValue) -> dict[str, HclValue]:
    """Return a map."""
    if not isinstance(value, dict):
        raise NotKnown("not a map")
    return value


def set_of(value: HclValue) -> list[HclValue]:
    """Return each element once, in the order of Terraform's sets."""
    items = items_of(value)
    if any(rules_in(item) for item in items):
        raise NotKnown("a set with an unknown element")
    found = list({_alike(item): item for item in alike(items)}.values())
    if len(found) > 1 and any(isinstance(item, list | dict) for item in found):
        raise NotKnown("a set of collections, whose order is Terraform's own")
    # Texts by their bytes, numbers by their size; null is last.
    return [*sorted(item for item in found if item is not None), *(item for item in found if item is None)]  # type: ignore[type-var]


def in_each(items: list[HclValue], lists: list[list[HclValue]]) -> Iterator[tuple[HclValue, bool]]:
    """Yield each item, and whether it is in all of the lists."""
    others = [{_alike(item) for item in given} for given in lists]
    return ((item, all(_alike(item) in other for other in others)) for item in items)


def merged(*maps: HclValue) -> HclValue:
    """Return what `merge()` comes to."""
    found: dict[str, HclValue] = {}
    for given in maps:
        found |= map_of(given) if given is not None else {}
    return dict(sorted(found.items()))


def looked_up(given: HclValue, key: HclValue, *default: HclValue) -> HclValue:
    """Return what `lookup()` comes to."""
    found = map_of(given)
    if texts([key])[0] in found:
        return found[texts([key])[0]]
    if not default:
        raise NotKnown("lookup() finds no such key")
    return default[0]


def flattened(value: HclValue) -> HclValue:
    """Return what `flatten()` comes to."""
    found: list[HclValue] = []
    for item in items_of(value):
        if isinstance(item, Unknown):
            raise NotKnown("flatten() of an unknown element")
        found += items_of(flattened(item)) if isinstance(item, list) else [item]
    return found


def distinct(value: HclValue) -> HclValue:
    """Return what `distinct()` comes to."""
    found: dict[str, HclValue] = {}
    for item in alike(items_of(value)):
        found.setdefault(_alike(item), item)
    return list(found.values())


def _alike(value: HclValue) -> str:
    """Return a text that two known values have in common if they are equal (1 is 1.0), so that many are compared at once."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(plain(value), sort_keys=True)


def contained(value: HclValue, item: HclValue) -> HclValue:
    """Return what `contains()` comes to."""
    if item is None:
        raise NotKnown("contains() of null")
    return any(same(item, other) for other in items_of(value))


def texts_or_null(value: HclValue) -> list[str | None]:
    """Return the elements of a list as texts, but null. Raises `NotKnown`."""
    return [None if item is None else texts([item])[0] for item in items_of(value)]


def truths(value: HclValue) -> list[bool]:
    """Return the elements of a list as bools. Raises `NotKnown`."""
    return [truth(item) for item in items_of(value)]


def first_of(*values: HclValue) -> HclValue:
    """Return what `coalesce()` comes to."""
    if any(isinstance(value, Unknown) for value in values):
        raise NotKnown("coalesce() of an unknown value")
    for value in alike(values):
        if value is not None and value != "":
            return value
    raise NotKnown("coalesce() finds no value")


def only_one(value: HclValue) -> HclValue:
    """Return what `one()` comes to."""
    items = items_of(value)
    if len(items) > 1:
        raise NotKnown("one() of several")
    return items[0] if items else None


def element(value: HclValue, index: HclValue) -> HclValue:
    """Return what `element()` comes to."""
    items = items_of(value)
    if not items or number(index) < 0:
        raise NotKnown("element() of nothing, or before the first")
    return items[whole(index) % len(items)]


def length(value: HclValue) -> HclValue:
    """Return what `length()` comes to."""
    if isinstance(value, list | dict):
        return len(value)
    if not isinstance(value, str):
        raise NotKnown("length() of what has none")
    return len(plain_characters(value))


def products(*lists: HclValue) -> HclValue:
    """Return what `setproduct()` comes to."""
    found = [alike(items_of(given)) for given in lists]
    if math.prod(map(len, found)) > MOST:
        raise NotKnown("setproduct() is too long")
    return [list(row) for row in product(*found)]


def part(value: HclValue, start: HclValue, end: HclValue) -> HclValue:
    """Return what `slice()` comes to."""
    items, first, last = items_of(value), whole(start), whole(end)
    if not 0 <= first <= last <= len(items):
        raise NotKnown("slice() out of its list")
    return items[first:last]


def whole(value: HclValue) -> int:
    """Return a value as a whole number. Raises `NotKnown`."""
    found = number(value)
    if not isinstance(found, int) or abs(found) >= 2**31:
        raise NotKnown(f"{found} is not a whole number of usual size")
    return found


def total(value: HclValue) -> HclValue:
    """Return what `sum()` comes to."""
    items = items_of(value)
    if not items:
        raise NotKnown("sum() of nothing")
    return held(sum((exact(number(item)) for item in items), Fraction(0)))


def plain_characters(text: str) -> str:
    """Return a text of which each code point is a character for Terraform, which counts what a reader sees as one. Raises `NotKnown`."""
    if any(ord(each) >= 0x300 for each in text) or "\r\n" in text:
        raise NotKnown("characters of several code points")
    return text


def counted(*bounds: HclValue) -> HclValue:
    """Return what `range()` comes to."""
    start, stop = (0, whole(bounds[0])) if len(bounds) == 1 else (whole(bounds[0]), whole(bounds[1]))
    step = whole(bounds[2]) if len(bounds) == 3 else 1 if stop >= start else -1
    if not step or (stop - start) * step < 0:
        raise NotKnown("range() that never gets there")
    found = range(start, stop, step)
    if len(found) > MOST:
        raise NotKnown("range() is too long")
    return list(found)

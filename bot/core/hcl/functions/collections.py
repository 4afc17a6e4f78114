"""Terraform's functions over lists, sets and maps."""

import json
import math
from collections.abc import Iterator
from itertools import product

from bot.core.hcl.values import HclValue, NotKnown, Unknown, number, number_text, plain, rules_in, texts

MOST = 4096
"""Elements that a function may make out of nothing."""


def items_of(value: HclValue) -> list[HclValue]:
    """Return the elements of a list, or the values of a map."""
    if isinstance(value, dict):
        return list(value.values())
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
    return sorted({json.dumps(plain(i), sort_keys=True): i for i in items}.values(), key=lambda i: json.dumps(plain(i)))


def in_each(items: list[HclValue], lists: list[list[HclValue]]) -> Iterator[tuple[HclValue, bool]]:
    """Yield each item, and whether it stands in all of the lists."""
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
    for item in items_of(value):
        found.setdefault(_alike(item), item)
    return list(found.values())


def _alike(value: HclValue) -> str:
    """Return a text that two known values have in common if they are equal (1 is 1.0), so that many are compared at once."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(plain(value), sort_keys=True)


def first_of(*values: HclValue) -> HclValue:
    """Return what `coalesce()` comes to."""
    for value in values:
        if isinstance(value, Unknown):
            raise NotKnown("coalesce() of an unknown value")
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
    if not items:
        raise NotKnown("element() of nothing")
    return items[int(number(index)) % len(items)]


def length(value: HclValue) -> HclValue:
    """Return what `length()` comes to."""
    return len(value) if isinstance(value, list | dict | str) else len(texts([value])[0])


def products(*lists: HclValue) -> HclValue:
    """Return what `setproduct()` comes to."""
    found = [items_of(given) for given in lists]
    if math.prod(map(len, found)) > MOST:
        raise NotKnown("setproduct() is too long")
    return [list(row) for row in product(*found)]


def part(value: HclValue, start: HclValue, end: HclValue) -> HclValue:
    """Return what `slice()` comes to."""
    return items_of(value)[int(number(start)) : int(number(end))]


def counted(*bounds: HclValue) -> HclValue:
    """Return what `range()` comes to."""
    start, stop, step = {1: (0, bounds[0], 1), 2: (*bounds, 1), 3: bounds}[len(bounds)]
    if not int(number(step)):
        raise NotKnown("range() without a step")
    found = range(int(number(start)), int(number(stop)), int(number(step)))
    if len(found) > MOST:
        raise NotKnown("range() is too long")
    return list(found)

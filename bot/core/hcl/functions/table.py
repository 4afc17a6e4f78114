"""Terraform's functions, as far as code alone decides them. Pure ones of everyday use; all others are compared by their text.

Each takes values that are known (`STRICT`) or may hold unknown parts (`LENIENT`), and raises `NotKnown` where Terraform
would refuse. Source: https://developer.hashicorp.com/terraform/language/functions.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network

from bot.core.hcl.functions.collections import (
    contained,
    counted,
    distinct,
    element,
    first_of,
    flattened,
    in_each,
    items_of,
    length,
    looked_up,
    map_of,
    merged,
    only_one,
    part,
    products,
    set_of,
    texts_or_null,
    total,
    truths,
)
from bot.core.hcl.functions.strings import (
    as_text,
    decoded,
    digest,
    formatted,
    host,
    joined,
    lowered,
    ordered,
    raised,
    replaced,
    subnet,
    subnets,
    substring,
    text_in,
    titled,
)
from bot.core.hcl.operators import alike
from bot.core.hcl.values import Encoded, HclValue, NotKnown, Unknown, normalized, number, rules_in, texts, truth

Function = Callable[..., HclValue]

LENIENT: Mapping[str, Function] = {
    "concat": lambda *lists: [item for given in lists for item in items_of(given)],
    "element": element,
    "flatten": flattened,
    "jsonencode": Encoded,
    "keys": lambda given: [*sorted(map_of(given))],
    "length": length,
    "lookup": looked_up,
    "merge": merged,
    "nonsensitive": lambda value: value,
    "one": only_one,
    "reverse": lambda value: items_of(value)[::-1],
    "sensitive": lambda value: value,
    "slice": part,
    "tolist": lambda value: alike(items_of(value)),
    "tomap": lambda value: dict(zip(map_of(value), alike([*map_of(value).values()]), strict=True)),
    "values": lambda given: [item for _, item in sorted(map_of(given).items())],
    "zipmap": lambda keys, values: dict(zip(texts(items_of(keys)), items_of(values), strict=True)),
}

STRICT: Mapping[str, Function] = {
    "abs": lambda value: abs(number(value)),
    "alltrue": lambda value: all(truths(value)),
    "anytrue": lambda value: any(truths(value)),
    "base64encode": lambda text: base64.b64encode(text_in(text).encode()).decode(),
    "ceil": lambda value: math.ceil(number(value)),
    "chunklist": lambda value, size: [
        items_of(value)[start : start + int(number(size))]
        for start in range(0, len(items_of(value)), int(number(size)))
    ],
    "cidrhost": host,
    "cidrnetmask": lambda prefix: str(IPv4Network(text_in(prefix), strict=False).netmask),
    "cidrsubnet": subnet,
    "cidrsubnets": subnets,
    "coalesce": first_of,
    "compact": lambda value: [item for item in texts_or_null(value) if item],
    "contains": contained,
    "distinct": distinct,
    "endswith": lambda text, end: text_in(text).endswith(text_in(end)),
    "floor": lambda value: math.floor(number(value)),
    "format": formatted,
    "formatlist": lambda pattern, *lists: [formatted(pattern, *row) for row in zip(*map(items_of, lists), strict=True)],
    "join": joined,
    "jsondecode": decoded,
    "lower": lowered,
    "max": lambda *values: max(map(number, values)),
    "md5": digest("md5"),
    "min": lambda *values: min(map(number, values)),
    "range": counted,
    "replace": replaced,
    "setintersection": lambda first, *rest: _among(True, first, *rest),
    "setproduct": products,
    "setsubtract": lambda one, other: _among(False, one, other),
    "setunion": lambda *lists: set_of([item for given in lists for item in set_of(given)]),
    "sha1": digest("sha1"),
    "sha256": digest("sha256"),
    "sort": ordered,
    "split": lambda separator, text: [*text_in(text).split(text_in(separator))],
    "startswith": lambda text, start: text_in(text).startswith(text_in(start)),
    "strcontains": lambda text, part: text_in(part) in text_in(text),
    "substr": substring,
    "sum": total,
    "title": titled,
    "tobool": lambda value: None if value is None else truth(value),
    "tonumber": lambda value: None if value is None else number(value),
    "toset": set_of,
    "tostring": as_text,
    "trim": lambda text, cut: text_in(text).strip(text_in(cut)),
    "trimprefix": lambda text, start: text_in(text).removeprefix(text_in(start)),
    "trimspace": lambda text: text_in(text).strip(),
    "trimsuffix": lambda text, end: text_in(text).removesuffix(text_in(end)),
    "upper": raised,
}


def _among(is_kept: bool, first: HclValue, *rest: HclValue) -> HclValue:
    """Return the elements of the first set that are, or are not, in all of the others; all in one type."""
    given = [alike(items_of(each)) for each in (first, *rest)]
    whole = alike([item for items in given for item in items])
    sets: list[list[HclValue]] = []
    for items in given:
        sets.append(whole[: len(items)])
        whole = whole[len(items) :]
    return [item for item, found in in_each(set_of(sets[0]), sets[1:]) if found == is_kept]


def called(name: str, arguments: list[HclValue]) -> HclValue:
    """Return a function's result. Raises `NotKnown` for a function that is not here, and for what it refuses."""
    lenient = LENIENT.get(name)
    function = lenient or STRICT.get(name)
    if function is None:
        raise NotKnown(f"{name}() is not evaluated")
    if any(isinstance(argument, Unknown) for argument in arguments) and name not in {
        "jsonencode",
        "sensitive",
        "nonsensitive",
    }:
        raise NotKnown(f"{name}() of an unknown value")
    if lenient is None and any(rules_in(argument) for argument in arguments):
        raise NotKnown(f"{name}() of an unknown value")
    try:
        return normalized(function(*arguments))
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, re.error) as error:
        raise NotKnown(f"{name}(): {error}") from error

"""Terraform's functions, as far as code alone decides them. Pure ones of everyday use; all others are compared by their text.

Each takes values that are known (`STRICT`) or may hold unknown parts (`LENIENT`), and raises `NotKnown` where Terraform
would refuse. Source: https://developer.hashicorp.com/terraform/language/functions.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network
from itertools import product

from bot.core.parity.allowance import CHARACTERS, MOST_OF_AN_EXPRESSION, TooLarge
from bot.core.parity.value import (
    Encoded,
    NotKnown,
    Unknown,
    Value,
    number,
    number_text,
    plain,
    rules_in,
    text_of,
    texts,
    truth,
)

Function = Callable[..., Value]

MOST = 4096
"""Elements that a function may make out of nothing."""
LONGEST = MOST_OF_AN_EXPRESSION * CHARACTERS
"""Characters of a text that an expression may come to; where few words make a longer one, it is not made at all."""


def _text(value: Value) -> str:
    return texts([value])[0]


def _list(value: Value) -> list[Value]:
    if isinstance(value, dict):
        return list(value.values())
    if not isinstance(value, list):
        raise NotKnown("not a list")
    return value


def _map(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise NotKnown("not a map")
    return value


def _set(value: Value) -> list[Value]:
    items = _list(value)
    if any(rules_in(item) for item in items):
        raise NotKnown("a set with an unknown element")
    return sorted({json.dumps(plain(i), sort_keys=True): i for i in items}.values(), key=lambda i: json.dumps(plain(i)))


def _in_each(items: list[Value], lists: list[list[Value]]) -> Iterator[tuple[Value, bool]]:
    """Yield each item, and whether it stands in all of the lists."""
    others = [{_alike(item) for item in given} for given in lists]
    return ((item, all(_alike(item) in other for other in others)) for item in items)


def _format(pattern: Value, *values: Value) -> Value:
    left = list(values)

    def one(found: re.Match[str]) -> str:
        verb = found[2]
        if verb == "%":
            return "%"
        if not left:
            raise NotKnown("format() has too few arguments")
        value = left.pop(0)
        if verb == "d":
            return f"%{found[1]}d" % int(number(value))
        if verb == "s":
            return f"%{found[1]}s" % _text(value)
        if verb == "q":
            return json.dumps(_text(value))
        if verb == "v" and not found[1]:
            return (
                _text(value) if not isinstance(value, list | dict) else json.dumps(plain(value), separators=(",", ":"))
            )
        raise NotKnown(f"format() with %{found[1]}{verb}")

    return re.sub(r"%([-+0#]*\d{0,3})([a-zA-Z%])", one, _text(pattern))


def _merge(*maps: Value) -> Value:
    found: dict[str, Value] = {}
    for given in maps:
        found |= _map(given) if given is not None else {}
    return dict(sorted(found.items()))


def _lookup(given: Value, key: Value, *default: Value) -> Value:
    found = _map(given)
    if _text(key) in found:
        return found[_text(key)]
    if not default:
        raise NotKnown("lookup() finds no such key")
    return default[0]


def _flatten(value: Value) -> Value:
    found: list[Value] = []
    for item in _list(value):
        if isinstance(item, Unknown):
            raise NotKnown("flatten() of an unknown element")
        found += _list(_flatten(item)) if isinstance(item, list) else [item]
    return found


def _distinct(value: Value) -> Value:
    found: dict[str, Value] = {}
    for item in _list(value):
        found.setdefault(_alike(item), item)
    return list(found.values())


def _alike(value: Value) -> str:
    """Return a text that two known values have in common if they are equal (1 is 1.0), so that many are compared at once."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(plain(value), sort_keys=True)


def _coalesce(*values: Value) -> Value:
    for value in values:
        if isinstance(value, Unknown):
            raise NotKnown("coalesce() of an unknown value")
        if value is not None and value != "":
            return value
    raise NotKnown("coalesce() finds no value")


def _one(value: Value) -> Value:
    items = _list(value)
    if len(items) > 1:
        raise NotKnown("one() of several")
    return items[0] if items else None


def _element(value: Value, index: Value) -> Value:
    items = _list(value)
    if not items:
        raise NotKnown("element() of nothing")
    return items[int(number(index)) % len(items)]


def _length(value: Value) -> Value:
    return len(value) if isinstance(value, list | dict | str) else len(_text(value))


def _cidrsubnet(prefix: Value, more: Value, at: Value) -> Value:
    network, bits, position = IPv4Network(_text(prefix), strict=False), int(number(more)), int(number(at))
    length = network.prefixlen + bits
    if bits < 0 or length > 32 or not 0 <= position < 2**bits:
        raise NotKnown("cidrsubnet() out of its network")
    return f"{network.network_address + (position << (32 - length))}/{length}"


def _cidrhost(prefix: Value, at: Value) -> Value:
    network, position = IPv4Network(_text(prefix), strict=False), int(number(at))
    if not -network.num_addresses <= position < network.num_addresses:
        raise NotKnown("cidrhost() out of its network")
    return str(network[position])


def _cidrsubnets(prefix: Value, *more: Value) -> Value:
    network, start = IPv4Network(_text(prefix), strict=False), 0
    found: list[Value] = []
    for bits in more:
        length = network.prefixlen + int(number(bits))
        size = 2 ** (32 - length)
        start = -(-start // size) * size
        found.append(f"{network.network_address + start}/{length}")
        start += size
    return found


def _replace(text: Value, what: Value, by: Value) -> Value:
    pattern = _text(what)
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        raise NotKnown("replace() with a regular expression")  # Terraform's never backtrack, Python's may for ever
    within, other = _text(text), _text(by)
    if within.count(pattern) * len(other) > LONGEST:
        raise TooLarge
    return within.replace(pattern, other)


def _product(*lists: Value) -> Value:
    found = [_list(given) for given in lists]
    if math.prod(map(len, found)) > MOST:
        raise NotKnown("setproduct() is too long")
    return [list(row) for row in product(*found)]


def _slice(value: Value, start: Value, end: Value) -> Value:
    return _list(value)[int(number(start)) : int(number(end))]


def _substr(text: Value, offset: Value, length: Value) -> Value:
    found, start, count = _text(text), int(number(offset)), int(number(length))
    return found[start:] if count < 0 else found[start : start + count]


def _range(*bounds: Value) -> Value:
    start, stop, step = {1: (0, bounds[0], 1), 2: (*bounds, 1), 3: bounds}[len(bounds)]
    if not int(number(step)):
        raise NotKnown("range() without a step")
    found = range(int(number(start)), int(number(stop)), int(number(step)))
    if len(found) > MOST:
        raise NotKnown("range() is too long")
    return list(found)


def _joined(separator: Value, *lists: Value) -> Value:
    between, parts = _text(separator), texts([item for given in lists for item in _list(given)])
    if len(between) * len(parts) + sum(map(len, parts)) > LONGEST:
        raise TooLarge
    return between.join(parts)


def _decoded(text: Value) -> Value:
    found: Value = json.loads(_text(text))
    return found


def _tostring(value: Value) -> Value:
    return None if value is None else text_of(value)


def _sorted(value: Value) -> Value:
    found: list[Value] = []
    return found + sorted(texts(_list(value)))


def _digest(name: str) -> Function:
    return lambda text: hashlib.new(name, _text(text).encode(), usedforsecurity=False).hexdigest()


LENIENT: Mapping[str, Function] = {
    "concat": lambda *lists: [item for given in lists for item in _list(given)],
    "element": _element,
    "flatten": _flatten,
    "jsonencode": Encoded,
    "keys": lambda given: [*sorted(_map(given))],
    "length": _length,
    "lookup": _lookup,
    "merge": _merge,
    "nonsensitive": lambda value: value,
    "one": _one,
    "reverse": lambda value: _list(value)[::-1],
    "sensitive": lambda value: value,
    "slice": _slice,
    "tolist": _list,
    "tomap": _map,
    "values": lambda given: [item for _, item in sorted(_map(given).items())],
    "zipmap": lambda keys, values: dict(zip(texts(_list(keys)), _list(values), strict=True)),
}

STRICT: Mapping[str, Function] = {
    "abs": lambda value: abs(number(value)),
    "alltrue": lambda value: all(map(truth, _list(value))),
    "anytrue": lambda value: any(map(truth, _list(value))),
    "base64encode": lambda text: base64.b64encode(_text(text).encode()).decode(),
    "ceil": lambda value: math.ceil(number(value)),
    "chunklist": lambda value, size: [
        _list(value)[start : start + int(number(size))] for start in range(0, len(_list(value)), int(number(size)))
    ],
    "cidrhost": _cidrhost,
    "cidrnetmask": lambda prefix: str(IPv4Network(_text(prefix), strict=False).netmask),
    "cidrsubnet": _cidrsubnet,
    "cidrsubnets": _cidrsubnets,
    "coalesce": _coalesce,
    "compact": lambda value: [item for item in _list(value) if item not in (None, "")],
    "contains": lambda value, item: any(same(item, other) for other in _list(value)),
    "distinct": _distinct,
    "endswith": lambda text, end: _text(text).endswith(_text(end)),
    "floor": lambda value: math.floor(number(value)),
    "format": _format,
    "formatlist": lambda pattern, *lists: [_format(pattern, *row) for row in zip(*map(_list, lists), strict=True)],
    "join": _joined,
    "jsondecode": _decoded,
    "lower": lambda text: _text(text).lower(),
    "max": lambda *values: max(map(number, values)),
    "md5": _digest("md5"),
    "min": lambda *values: min(map(number, values)),
    "range": _range,
    "replace": _replace,
    "setintersection": lambda first, *rest: [
        item for item, kept in _in_each(_set(first), [_list(other) for other in rest]) if kept
    ],
    "setproduct": _product,
    "setsubtract": lambda one, other: [item for item, gone in _in_each(_set(one), [_list(other)]) if not gone],
    "setunion": lambda *lists: _set([item for given in lists for item in _list(given)]),
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
    "sort": _sorted,
    "split": lambda separator, text: [*_text(text).split(_text(separator))],
    "startswith": lambda text, start: _text(text).startswith(_text(start)),
    "strcontains": lambda text, part: _text(part) in _text(text),
    "substr": _substr,
    "sum": lambda value: sum(map(number, _list(value))),
    "title": lambda text: re.sub(r"(^|\s)(\S)", lambda m: m[1] + m[2].upper(), _text(text)),
    "tobool": lambda value: None if value is None else truth(value),
    "tonumber": lambda value: None if value is None else number(value),
    "toset": _set,
    "tostring": _tostring,
    "trim": lambda text, cut: _text(text).strip(_text(cut)),
    "trimprefix": lambda text, start: _text(text).removeprefix(_text(start)),
    "trimspace": lambda text: _text(text).strip(),
    "trimsuffix": lambda text, end: _text(text).removesuffix(_text(end)),
    "upper": lambda text: _text(text).upper(),
}


def same(one: Value, other: Value) -> bool:
    """Say whether two known values are equal, as Terraform compares them: 1 is 1.0, and no bool is a number."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return plain(one) == plain(other)


def called(name: str, arguments: list[Value]) -> Value:
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
        return function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, re.error) as error:
        raise NotKnown(f"{name}(): {error}") from error

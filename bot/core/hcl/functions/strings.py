"""Terraform's functions over texts, addresses of networks among them."""

import hashlib
import json
import re
from collections.abc import Callable
from ipaddress import IPv4Network

from bot.core.hcl.budget import CHARACTERS, MOST_OF_AN_EXPRESSION, TooLarge
from bot.core.hcl.functions.collections import items_of
from bot.core.hcl.values import HclValue, NotKnown, number, plain, text_of, texts

LONGEST = MOST_OF_AN_EXPRESSION * CHARACTERS
"""Characters of a text that an expression may come to; where few words make a longer one, it is not made at all."""


def text_in(value: HclValue) -> str:
    """Return a known value as a text. Raises `NotKnown`."""
    return texts([value])[0]


def formatted(pattern: HclValue, *values: HclValue) -> HclValue:
    """Return what `format()` comes to."""
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
            return f"%{found[1]}s" % text_in(value)
        if verb == "q":
            return json.dumps(text_in(value))
        if verb == "v" and not found[1]:
            return (
                text_in(value)
                if not isinstance(value, list | dict)
                else json.dumps(plain(value), separators=(",", ":"))
            )
        raise NotKnown(f"format() with %{found[1]}{verb}")

    return re.sub(r"%([-+0#]*\d{0,3})([a-zA-Z%])", one, text_in(pattern))


def replaced(text: HclValue, what: HclValue, by: HclValue) -> HclValue:
    """Return what `replace()` comes to."""
    pattern = text_in(what)
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        raise NotKnown("replace() with a regular expression")  # Terraform's never backtrack, Python's may for ever
    within, other = text_in(text), text_in(by)
    if within.count(pattern) * len(other) > LONGEST:
        raise TooLarge
    return within.replace(pattern, other)


def substring(text: HclValue, offset: HclValue, length: HclValue) -> HclValue:
    """Return what `substr()` comes to."""
    found, start, count = text_in(text), int(number(offset)), int(number(length))
    return found[start:] if count < 0 else found[start : start + count]


def joined(separator: HclValue, *lists: HclValue) -> HclValue:
    """Return what `join()` comes to."""
    between, parts = text_in(separator), texts([item for given in lists for item in items_of(given)])
    if len(between) * len(parts) + sum(map(len, parts)) > LONGEST:
        raise TooLarge
    return between.join(parts)


def decoded(text: HclValue) -> HclValue:
    """Return what `jsondecode()` comes to."""
    found: HclValue = json.loads(text_in(text))
    return found


def as_text(value: HclValue) -> HclValue:
    """Return what `tostring()` comes to."""
    return None if value is None else text_of(value)


def ordered(value: HclValue) -> HclValue:
    """Return what `sort()` comes to."""
    found: list[HclValue] = []
    return found + sorted(texts(items_of(value)))


def digest(name: str) -> Callable[[HclValue], HclValue]:
    """Return the function that makes a digest of a text."""
    return lambda text: hashlib.new(name, text_in(text).encode(), usedforsecurity=False).hexdigest()


def subnet(prefix: HclValue, more: HclValue, at: HclValue) -> HclValue:
    """Return what `cidrsubnet()` comes to."""
    network, bits, position = IPv4Network(text_in(prefix), strict=False), int(number(more)), int(number(at))
    length = network.prefixlen + bits
    if bits < 0 or length > 32 or not 0 <= position < 2**bits:
        raise NotKnown("cidrsubnet() out of its network")
    return f"{network.network_address + (position << (32 - length))}/{length}"


def host(prefix: HclValue, at: HclValue) -> HclValue:
    """Return what `cidrhost()` comes to."""
    network, position = IPv4Network(text_in(prefix), strict=False), int(number(at))
    if not -network.num_addresses <= position < network.num_addresses:
        raise NotKnown("cidrhost() out of its network")
    return str(network[position])


def subnets(prefix: HclValue, *more: HclValue) -> HclValue:
    """Return what `cidrsubnets()` comes to."""
    network, start = IPv4Network(text_in(prefix), strict=False), 0
    found: list[HclValue] = []
    for bits in more:
        length = network.prefixlen + int(number(bits))
        size = 2 ** (32 - length)
        start = -(-start // size) * size
        found.append(f"{network.network_address + start}/{length}")
        start += size
    return found

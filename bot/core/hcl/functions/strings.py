"""Terraform's functions over texts, addresses of networks among them."""

import hashlib
import json
import re
from collections.abc import Callable
from ipaddress import IPv4Network

from bot.core.hcl.budget import CHARACTERS, MOST_OF_AN_EXPRESSION, TooLarge
from bot.core.hcl.functions.collections import items_of, plain_characters, whole
from bot.core.hcl.numbers import read
from bot.core.hcl.values import HclValue, NotKnown, json_text, normalized, number, plain, text_of, texts, truth

LONGEST = MOST_OF_AN_EXPRESSION * CHARACTERS
"""Characters of a text that an expression may come to; where few words make a longer one, it is not made at all."""


def text_in(value: HclValue) -> str:
    """Return a known value as a text. Raises `NotKnown`."""
    return texts([value])[0]


_VERB = re.compile(r"%(?P<flags>[-+0]*)(?P<width>\d{0,3})(?P<verb>[dsqvt%])")


def formatted(pattern: HclValue, *values: HclValue) -> HclValue:
    """Return what `format()` comes to; verbs and flags that are rare in code are not known."""
    left, template = list(values), text_in(pattern)
    if "%" in _VERB.sub("", template):
        raise NotKnown("format() with a verb that is not evaluated")

    def one(found: re.Match[str]) -> str:
        if found["verb"] == "%":
            if len(found[0]) > 1 + len(found["verb"]):
                raise NotKnown("format() with %%")
            return "%"
        if not left:
            raise NotKnown("format() has too few arguments")
        return _padded(_said(found["verb"], left.pop(0)), found)

    text = _VERB.sub(one, template)
    if left:
        raise NotKnown("format() has too many arguments")
    return text


def _said(verb: str, value: HclValue) -> str:
    if value is None:
        raise NotKnown("format() of null")
    if isinstance(value, list | dict):
        if verb != "v":
            raise NotKnown(f"format() of a collection with %{verb}")
        return json_text(plain(value))
    match verb:
        case "d":
            return str(whole(value))
        case "t":
            return "true" if truth(value) else "false"
        case "q":
            return json_text(text_in(value))
        case "v" if (
            isinstance(value, int | float) and not isinstance(value, bool) and not 1e-4 <= abs(value or 1) < 1e6
        ):
            raise NotKnown("format() of a number with an exponent")
        case _:
            return text_in(value)


def _padded(text: str, found: re.Match[str]) -> str:
    flags, width = set(found["flags"]), int(found["width"] or 0)
    if flags and flags != {"-"} and (found["verb"] != "d" or len(flags) > 1):
        raise NotKnown("format() with flags that are not evaluated")
    if "+" in flags and not text.startswith("-"):
        text = f"+{text}"
    if width and "-" in flags:
        return plain_characters(text).ljust(width)
    if width and "0" in flags:
        return text.zfill(width)
    return plain_characters(text).rjust(width) if width else text


def lowered(text: HclValue) -> HclValue:
    """Return what `lower()` comes to: character by character."""
    return "".join(each.lower()[0] for each in text_in(text))


def raised(text: HclValue) -> HclValue:
    """Return what `upper()` comes to: a character of which several would become is kept, or not known."""
    return "".join(map(_raised, text_in(text)))


def _raised(character: str) -> str:
    found = character.upper()
    if len(found) == 1:
        return found
    if character in "ßŉ":
        return character
    raise NotKnown(f"upper() of {character}")


def titled(text: HclValue) -> HclValue:
    """Return what `title()` comes to: each letter after what is neither a letter, a digit nor `_`."""
    found, before = "", " "
    for each in text_in(text):
        is_inner = before == "_" or before.isalnum() or not (before.isascii() or before.isspace())
        found += each if is_inner or len(each.title()) != 1 else each.title()
        before = each
    return found


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
    found, start, count = plain_characters(text_in(text)), whole(offset), whole(length)
    if not count:
        raise NotKnown("substr() of no characters")
    start = max(0, start + len(found)) if start < 0 else start
    return found[start:] if count < 0 else found[start : start + count]


def joined(separator: HclValue, *lists: HclValue) -> HclValue:
    """Return what `join()` comes to."""
    between, parts = text_in(separator), texts([item for given in lists for item in items_of(given)])
    if len(between) * len(parts) + sum(map(len, parts)) > LONGEST:
        raise TooLarge
    return between.join(parts)


def decoded(text: HclValue) -> HclValue:
    """Return what `jsondecode()` comes to."""
    found: HclValue = json.loads(
        text_in(text), parse_float=read, parse_int=read, parse_constant=read, object_hook=_normalized
    )
    return _texts_normalized(found) if isinstance(found, list) else normalized(found)


def _normalized(found: dict[str, HclValue]) -> HclValue:
    return {str(normalized(key)): _texts_normalized(item) for key, item in found.items()}


def _texts_normalized(value: HclValue) -> HclValue:
    return [_texts_normalized(item) for item in value] if isinstance(value, list) else normalized(value)


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

"""One language of patterns for waivers, aspects and a purpose's demands: `address` or `address:attribute`, `*` for any run of characters.

An address begins with its stack (`data/terraform_data.this`). Where `any_stack` is allowed, the stack may be left out.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from bot.names import KINDS_OF_STEPS

_END = re.compile(r"[.\[:]")
"""Where the part of an address ends that may hold its stack."""


def key_of(address: str, attribute: str) -> str:
    """Return what a pattern is held against: the address alone for a resource as a whole."""
    return f"{address}:{attribute}" if attribute else address


@lru_cache(maxsize=65_536)
def of_stack(address: str) -> tuple[str, str]:
    """Return the stack of an address and what it is there: (`network/core`, `KIND.NAME`); a step's own is (`stack`, NAME).

    A stack's name has slashes and no dots, and before its first dot no other address has a slash. Remembered: each attribute
    of a thing asks for the same.
    """
    kind, _, name = address.partition("/")
    if kind in KINDS_OF_STEPS and "." not in name:
        return kind, name
    stack = _END.split(address, maxsplit=1)[0].rpartition("/")[0]
    return stack, address[len(stack) + 1 :] if stack else address


def _without_stack(key: str) -> Iterator[str]:
    """Yield what a key is without its stack: of a file in a stack, whose path has more slashes, also all below the first."""
    if "/" in key:
        own, below = of_stack(key)[1], key.partition("/")[2]
        yield own
        if below != own:
            yield below


def matches(pattern: str, address: str, attribute: str, *, any_stack: bool = True) -> bool:
    """Say whether `pattern` names this attribute of this address (or, with an empty attribute, the address as a whole)."""
    key, compiled = key_of(address, attribute), _compiled(pattern)
    if compiled.fullmatch(key):
        return True
    return any_stack and any(compiled.fullmatch(rest) for rest in _without_stack(key))


def matches_any(patterns: tuple[str, ...], address: str, attribute: str) -> bool:
    """Say whether one of the patterns names this attribute, in any stack."""
    if not patterns:
        return False
    key, compiled = key_of(address, attribute), _any_of(patterns)
    return any(compiled.fullmatch(each) for each in (key, *_without_stack(key)))


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_compiled(pattern).pattern})" for pattern in patterns), re.DOTALL)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Not `fnmatch`: brackets and question marks are ordinary characters of addresses.
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)

"""One language of patterns for waivers, aspects and a purpose's demands: `address` or `address:attribute`, `*` for any run of characters.

An address begins with its stack (`data/terraform_data.this`). Where `any_stack` is allowed, the stack may be left out.
"""

import re
from functools import lru_cache


def key_of(address: str, attribute: str) -> str:
    """Return what a pattern is held against: the address alone for a resource as a whole."""
    return f"{address}:{attribute}" if attribute else address


def matches(pattern: str, address: str, attribute: str, *, any_stack: bool = True) -> bool:
    """Say whether `pattern` names this attribute of this address (or, with an empty attribute, the address as a whole)."""
    key, compiled = key_of(address, attribute), _compiled(pattern)
    if compiled.fullmatch(key):
        return True
    _, slash, rest = key.partition("/")
    return any_stack and bool(slash) and compiled.fullmatch(rest) is not None


def matches_any(patterns: tuple[str, ...], address: str, attribute: str) -> bool:
    """Say whether one of the patterns names this attribute, in any stack."""
    if not patterns:
        return False
    key, compiled = key_of(address, attribute), _any_of(patterns)
    return compiled.fullmatch(key) is not None or ("/" in key and compiled.fullmatch(key.partition("/")[2]) is not None)


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_compiled(pattern).pattern})" for pattern in patterns), re.DOTALL)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Not `fnmatch`: brackets and question marks are ordinary characters of addresses.
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)

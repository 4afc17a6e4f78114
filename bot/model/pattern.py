"""Patterns that values must match, read in a time that grows with the value alone.

Python's `re` goes back and tries again, so `^(a+)+$` takes years for thirty letters, and a comment decides which letters. pydantic's own
engine for patterns (Rust's `regex`) never goes back; it has no look-around and no back-references, which is why they are refused.
"""

import re
from functools import lru_cache
from typing import Annotated, TypeAlias

from pydantic import AfterValidator
from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from bot.errors import InvalidInput
from bot.names import shown

LONGEST = 1_000
"""Characters. The longest of the shipped template has 75."""

LARGEST = 2_500
"""What a pattern comes to when its repetitions are written out. Each character of a value is held against all of it."""

_PIECE = re.compile(
    r"""
    (?P<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+(?=\))))?) | (?P<close>\)) | (?P<times>\{(?:\d*,)?(?P<most>\d*)\}) | (?P<often>[*+?]|\|)
    | (?P<wide>\\[pP](?:\{[^}]*\}|\w)|\\[wWdDsS]|\.|\[\^(?:\\.|[^\]])*\]) | \[(?:\\.|[^\]])*\] | \\. | .
    """,
    re.VERBOSE | re.DOTALL,
)


def usable(pattern: str) -> str:
    """Return a pattern that `matches` can use. Raises `InvalidInput`."""
    if len(pattern) > LONGEST:
        raise InvalidInput(f"a pattern has at most {LONGEST:,} characters")
    if _size(pattern) > LARGEST:
        raise InvalidInput(
            f"{shown(pattern)} repeats too much: use smaller numbers in `{{…}}`, or `*` and `max_length`"
        )
    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern))  # alone: `)|(` would end the group it is put into
        _validator(pattern)
    except SchemaError:
        raise InvalidInput(
            f"{shown(pattern)} can't be used as a pattern: it is wrong or too large, or has look-around (`(?=…)`) or back-references (`\\1`)"
        ) from None
    return pattern


def matches(pattern: str, text: str) -> bool:
    """Say whether all of `text` matches."""
    try:
        _validator(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=1_000)
def _validator(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=rf"\A(?:{pattern})\z", strict=True))


def _size(pattern: str) -> int:
    """Return how many characters a pattern has when its repetitions are written out; a class that holds most of Unicode counts as ten."""
    sizes, last = [0], 0
    for piece in _PIECE.finditer(pattern):
        match piece.lastgroup:
            case "open":
                sizes.append(0)
                last = 0
            case "close" if len(sizes) > 1:
                last = sizes.pop()
                sizes[-1] += last
            case "often":
                pass
            case "most" | "times":
                more = last * (max(1, int(piece["most"] or 1)) - 1)
                sizes[-1] += more
                last += more
            case kind:
                last = 10 if kind == "wide" else 1
                sizes[-1] += last
    return sum(sizes)


ValuePattern: TypeAlias = Annotated[str, AfterValidator(usable)]

"""Patterns that values must match, read in a time that grows with the value alone.

Python's `re` goes back and tries again, so `^(a+)+$` takes years for thirty letters, and a comment decides which letters. pydantic's own
engine for patterns (Rust's `regex`) never goes back; it has no look-around and no back-references, which is why they are refused.
"""

from functools import lru_cache
from typing import Annotated, TypeAlias

from pydantic import AfterValidator
from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from bot.errors import InvalidInput
from bot.names import shown

LONGEST = 1_000
"""Characters. The longest of the shipped template has 75."""


def usable(pattern: str) -> str:
    """Return a pattern that `matches` can use. Raises `InvalidInput`."""
    if len(pattern) > LONGEST:
        raise InvalidInput(f"a pattern has at most {LONGEST:,} characters")
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


ValuePattern: TypeAlias = Annotated[str, AfterValidator(usable)]

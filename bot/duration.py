"""Durations as people write them: `14d`, `36h`, `90m`, `2w`, `1d12h`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from bot.errors import InvalidInput
from bot.names import shown

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_PATTERN = r"(?:\d{1,6}[wdhms]){1,5}"
SCHEMA_PATTERN = f"^{_PATTERN}$"
"""By which a JSON Schema's duration is told from other texts."""
LONGEST = timedelta(days=3650)


def parse(text: str) -> timedelta:
    """Return the duration that `text` says. Raises `InvalidInput`."""
    if re.fullmatch(_PATTERN, text, re.ASCII) is None:
        raise InvalidInput(
            f"{shown(text)} is not a duration: write a number and a unit, for example `14d`, `36h` or `90m`."
        )
    total = sum((int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([wdhms])", text)), timedelta())
    if not timedelta() < total <= LONGEST:
        raise InvalidInput(f"{shown(text)} is not between one second and {LONGEST.days} days.")
    return total


def text(duration: timedelta) -> str:
    """Return the shortest canonical form; `parse(text(d)) == d` for whole seconds."""
    left, parts = duration, []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _read(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse(value)
    raise InvalidInput("a duration is text, for example `14d`")


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": SCHEMA_PATTERN, "examples": ["14d", "36h", "90m"]}),
]
"""A `timedelta` that is written as text in our documents."""

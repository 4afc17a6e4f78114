"""Durations as people write them: `14d`, `36h`, `90m`, `2w`, `1d12h`."""

import re
from datetime import timedelta
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from bot.errors import InvalidInput
from bot.model.suggest import closest
from bot.names import shown

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_WORDS = {
    **_UNITS,
    "weeks": _UNITS["w"],
    "days": _UNITS["d"],
    "hours": _UNITS["h"],
    "minutes": _UNITS["m"],
    "seconds": _UNITS["s"],
    "hrs": _UNITS["h"],
    "min": _UNITS["m"],
    "sec": _UNITS["s"],
    "months": timedelta(days=30),
    "years": timedelta(days=365),
}
"""Units as people write them; a month and a year are about as long as this."""
NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
} | {"a": "1", "an": "1"}
_PATTERN = r"(?:\d{1,6}[wdhms]){1,5}"
SCHEMA_PATTERN = f"^{_PATTERN}$"
"""By which a JSON Schema's duration is told from other texts."""
LONGEST = timedelta(days=3650)


@lru_cache(maxsize=2**12)
def parse(text: str) -> timedelta:
    """Return the duration that `text` says. Raises `InvalidInput`."""
    if re.fullmatch(_PATTERN, text, re.ASCII) is None:
        raise InvalidInput(
            f"{shown(text)} is not a valid duration. Write a number and a unit, for example `14d`, `36h` or `90m`."
        )
    total = sum((int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([wdhms])", text)), timedelta())
    if not timedelta() < total <= LONGEST:
        raise InvalidInput(f"{shown(text)} is out of range. A duration is between one second and {LONGEST.days} days.")
    return total


def nearest(said: str) -> str | None:
    """Return the duration that `said` probably means (`14 days`, `2 weeks`, `14D`, `14`), if it is clear."""
    said = " ".join(NUMBERS.get(word, word) for word in said.lower().removeprefix("+").split())
    parts = re.findall(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*([a-z]*)[\s,]*", said, re.ASCII)
    if (
        not parts
        or re.fullmatch(r"(?:\d{1,6}(?:[.,]\d{1,3})?\s*[a-z]*[\s,]*){1,5}", said.strip().lower(), re.ASCII) is None
    ):
        return None
    total = timedelta()
    for count, word in parts:
        unit = closest(word, _WORDS, cutoff=0.7) if word else "days"
        if unit is None:
            return None
        total += float(count.replace(",", ".")) * _WORDS[unit]
    return text(timedelta(seconds=round(min(total, LONGEST).total_seconds()))) if total else None


def text(duration: timedelta) -> str:
    """Return the shortest canonical form; `parse(text(d)) == d` for whole seconds."""
    left, parts = duration, []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def words(duration: timedelta) -> str:
    """Return a duration as a sentence says it: `1 day and 12 hours`."""
    left, parts = duration, []
    for unit, word in (("d", "day"), ("h", "hour"), ("m", "minute"), ("s", "second")):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count} {word}{'' if count == 1 else 's'}")
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]])) or "no time"


def _read(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse(value)
    raise InvalidInput("a duration is a string, for example `14d`")


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": SCHEMA_PATTERN, "examples": ["14d", "36h", "90m"]}),
]
"""A `timedelta` that is written as text in our documents."""

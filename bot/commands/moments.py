"""When something was, as people write it behind an `@`: a commit of the default branch, a tag on it, or a time in UTC."""

import re
from datetime import UTC, datetime

from bot.errors import InvalidInput
from bot.names import shown

COMMIT = re.compile("[0-9a-f]{7,40}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z?)?")
# What git takes for the name of a tag, less what means something to it as a revision.
_TAG = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_+-]|[./](?=[A-Za-z0-9_]))*")
LONGEST = 100


def moment(text: str) -> str:
    """Return what is written behind the `@`. Raises `InvalidInput`."""
    if _TIME.fullmatch(text):
        time_of(text)
        return text
    if len(text) > LONGEST or _TAG.fullmatch(text) is None or text.endswith(".lock"):
        raise InvalidInput(
            f"{shown(text)} is neither a commit nor a tag nor a date. Write for example `production@2026-10-01`, "
            "`production@2026-10-01T14:30` (UTC) or `production@1a2b3c4`."
        )
    return text


def time_of(text: str) -> datetime | None:
    """Return the time that is meant, None for a commit or a tag. Raises `InvalidInput` for one that no calendar has."""
    if _TIME.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(
            f"{shown(text)} is not a date. Write for example `2026-10-01` or `2026-10-01T14:30` (UTC)."
        ) from error

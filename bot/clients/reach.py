"""Whether anybody answers at an address, and what time it is there: asked through the same proxies, by the same authorities as all else."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.clients.transient import Transient

TIMEOUT = 20


def answered_at(url: str) -> datetime | None:
    """Return the time that an answer bears, whatever else it says. Raises `Transient` if there is none."""
    import requests  # noqa: PLC0415 (as in `github.session`)

    try:
        # Whoever only says where else to go has answered.
        answer = requests.get(url, timeout=TIMEOUT, allow_redirects=False)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise Transient(f"nobody answers at {url} ({type(error).__name__})") from error
    return said_at(answer.headers)


def said_at(headers: Mapping[str, str]) -> datetime | None:
    """Return when an answer was given, by its headers (names in small letters); None if they don't say, as those of an answer that a cache has kept."""
    if "age" in headers:
        return None
    try:
        said = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return said if said.tzinfo is not None else said.replace(tzinfo=UTC)


def ahead_of(url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> timedelta | None:
    """Return how far a clock is ahead of whoever answers at an address; None if that says no time. Raises `Transient`."""
    before = clock()
    said = answered_at(url)
    return skew(before, said, clock()) if said is not None else None


def skew(before: datetime, said: datetime, after: datetime) -> timedelta:
    """Return how far a clock is ahead of a moment that somebody else said between two of its own: nothing, if it may be right."""
    # What is said has whole seconds.
    if before - timedelta(seconds=1) <= said <= after:
        return timedelta()
    return before - said if said < before else after - said

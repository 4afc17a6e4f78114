"""What time it is at GitHub, seen from a machine whose clock is wrong.

An App signs its requests with the time, and GitHub refuses those of a clock that is a minute or more off. Its answer says what time it is there.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.clients.github.pacing import PacingClock

log = logging.getLogger(__name__)

TOLERATED = timedelta(seconds=30)
"""Less than that is the way of a request, and GitHub tells whole seconds. A signature is dated a minute back in any case."""


class GitHubTime:
    """A clock that is put right by what GitHub says."""

    def __init__(self, clock: PacingClock) -> None:
        self._clock = clock
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return what time it is at GitHub, as far as is known."""
        return self._clock() - self._ahead

    def learns(self, headers: Mapping[str, str]) -> bool:
        """Put the clock right by an answer's headers (names in small letters); say whether it was wrong."""
        said = _date(headers)
        if said is None or abs(self.now() - said) < TOLERATED:
            return False
        self._ahead = self._clock() - said
        seconds = int(self._ahead.total_seconds())
        log.warning(
            "this machine's clock is %d s ahead of GitHub's: let it keep time with NTP",
            seconds,
            extra={"action": "learn the time"},
        )
        return True


def _date(headers: Mapping[str, str]) -> datetime | None:
    """Return when an answer was given, by its `Date`; None if that says nothing."""
    try:
        said = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return said if said.tzinfo is not None else said.replace(tzinfo=UTC)

"""GitHub's rate limits, kept: pace what creates content, wait shortly in place, and hand long waits to the caller.

Limits (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api): primary ones are in the headers of
every response; the secondary one shows as 403 or 429, with or without `Retry-After`; content creation is held to about 80 a
minute and 500 an hour. One pacer serves all threads of a process that share a credential. Several replicas pace by themselves
and meet GitHub's own refusal, which is then obeyed.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.clients.steady_clock import steady
from bot.clients.transient import RateLimited

PacingClock = Callable[[], datetime]
Sleep = Callable[[float], None]


def now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pacing:
    """How much content may be created (None: as much as one likes), and the longest wait that is spent in place."""

    per_minute: int | None = None
    per_hour: int | None = None
    longest_wait: timedelta = timedelta(seconds=5)


GITHUB_COM = Pacing(per_minute=80, per_hour=500)
UNPACED = Pacing()


class Pacer:
    """Counts what is created and remembers when GitHub wants to be left alone. Safe to use from any thread."""

    def __init__(self, pacing: Pacing, clock: PacingClock = steady, sleep: Sleep = time.sleep) -> None:
        self._pacing = pacing
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._created: deque[datetime] = deque()
        self._quiet_until: datetime | None = None
        self._reason = ""

    def enter(self, *, creates: bool) -> None:
        """Wait for a place. Raises `RateLimited` when the wait is longer than `longest_wait`."""
        while (wait := self._reserve(creates)) > timedelta(0):
            self._sleep(wait.total_seconds())

    def hush(self, until: datetime, reason: str) -> None:
        """Send nothing before `until`."""
        with self._lock:
            if self._quiet_until is None or until > self._quiet_until:
                self._quiet_until, self._reason = until, reason

    def _reserve(self, creates: bool) -> timedelta:
        """Take a place and return zero, or return how long to wait before asking again."""
        with self._lock:
            moment = self._clock()
            free, reason = self._quiet_until or moment, self._reason
            if creates and (paced := self._paced(moment)) > free:
                free, reason = paced, "the limit for creating content is reached"
            if free - moment > self._pacing.longest_wait:
                raise RateLimited(free, reason)
            if free <= moment and creates:
                self._created.append(moment)
            return max(free - moment, timedelta(0))

    def _paced(self, moment: datetime) -> datetime:
        """Return when the next piece of content may be created."""
        while self._created and self._created[0] <= moment - timedelta(hours=1):
            self._created.popleft()
        free = moment
        for limit, window in (
            (self._pacing.per_minute, timedelta(minutes=1)),
            (self._pacing.per_hour, timedelta(hours=1)),
        ):
            if limit is not None and len(self._created) >= limit:
                free = max(free, self._created[-limit] + window)
        return free

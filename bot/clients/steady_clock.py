"""A clock that nobody sets: waits are measured by it, so that one of a minute stays one when somebody puts the machine's clock back by a day."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def uptime() -> float:
    """Return for how many seconds the machine has run, those that it slept with them where it tells."""
    # Not on macOS.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SteadyClock:
    """What the machine's clock said when this was made, and how long the machine has run since."""

    def __init__(self, clock: Callable[[], datetime], uptime: Callable[[], float] = uptime) -> None:
        self._uptime = uptime
        self._began = clock() - timedelta(seconds=uptime())

    def now(self) -> datetime:
        """Return the time."""
        return self._began + timedelta(seconds=self._uptime())


steady = SteadyClock(lambda: datetime.now(UTC)).now
"""This process's own; moments by it are only to be compared with others by it."""

"""What time it is at GitHub, seen from a machine whose clock is wrong, or is put right while we run.

Each answer says what time it is there. Between two answers the time goes on by how long the machine has run, so nobody who sets its clock
moves it. An App signs its requests with the time, and GitHub refuses those of a clock that is a minute or more off.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.clients.github.pacing import PacingClock, now
from bot.clients.reach import said_at
from bot.clients.steady_clock import uptime

log = logging.getLogger(__name__)

TOLERATED = timedelta(seconds=30)
"""Less than that is the way of a request, and GitHub tells whole seconds. A signature is dated a minute back in any case."""

AT_ONCE = timedelta(seconds=25)
"""Whoever waited longer for an answer, or was paused, does not know when it was given. A request that takes longer is given up."""


class GitHubTime:
    """A clock that is put right by what GitHub says. Safe to use from any thread."""

    def __init__(self, clock: PacingClock = now, uptime: Callable[[], float] = uptime) -> None:
        self._clock, self._uptime = clock, uptime
        self._began: datetime | None = None  # what time it was at GitHub when the machine began to run
        self._told = timedelta()
        self.corrections = 0

    @property
    def is_known(self) -> bool:
        """Say whether any answer told the time."""
        return self._began is not None

    def now(self) -> datetime:
        """Return what time it is at GitHub, as far as is known: without any answer, what this machine's clock says."""
        return self._clock() if self._began is None else self._began + timedelta(seconds=self._uptime())

    def hears(self, headers: Mapping[str, str], waited: timedelta = timedelta()) -> None:
        """Put the time right by an answer's headers (names in small letters), for which somebody waited so long."""
        said = said_at(headers)
        if said is None or waited > AT_ONCE:
            return
        here, known = self._clock(), self.now()
        if abs(known - said) >= TOLERATED:
            known = said
            self.corrections += 1
        # A clock that is right to the second is better than one that tells seconds.
        is_right = abs(here - said) < TOLERATED
        self._began = (here if is_right else known) - timedelta(seconds=self._uptime())
        self._tell(timedelta() if is_right else here - said)

    def _tell(self, ahead: timedelta) -> None:
        if abs(ahead - self._told) < TOLERATED:
            return
        self._told = ahead
        seconds = int(ahead.total_seconds())
        if seconds:
            log.warning(
                "this machine's clock is %d s ahead of GitHub's: let it keep time with NTP",
                seconds,
                extra={"action": "learn the time"},
            )

"""Asks for what becomes due by itself: one job for each repository and slot of time, whoever asks, however often.

The key of such a job is its repository and slot, so two replicas, a restart or a clock that goes back ask for no second one. A
clock that was ahead has used up slots: what was due in those is found in the first slot after them.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from bot.events import RolloutDue, Tick
from bot.service.jobs_api import JobRequest, JobsApi
from bot.settings import Settings

log = logging.getLogger(__name__)

LOOK = 0.2
"""Seconds between two looks at the clock: cheap, because a look only reads the clock."""

TROUBLE = 30.0
"""Seconds to wait when GitHub or the database does not answer. Expiry is a matter of hours, so there is no hurry."""


class Sweeper:
    """Looks at the clock in a thread of its own. The clock is the work's, which is also what decides then."""

    def __init__(
        self, work: JobsApi, submit: Callable[[JobRequest], None], settings: Settings, look: float = LOOK
    ) -> None:
        self._work = work
        self._submit = submit
        self._every = settings.sweep_every
        self._named = settings.repositories
        self._look = look
        self._last: int | None = None

    def run(self, stop: threading.Event) -> None:
        """Ask until told to stop. Outlives a GitHub or a database that goes away for a while."""
        while not stop.is_set():
            try:
                self.ask(self._work.now())
            except Exception:
                log.exception("can't check for expired clones now", extra={"action": "sweep"})
                stop.wait(TROUBLE)
            else:
                stop.wait(self._look)

    def ask(self, now: datetime) -> None:
        """Ask for the jobs of the slot that `now` lies in, unless they were the last that were asked for."""
        slot = int(now.timestamp() // self._every.total_seconds())
        if slot == self._last:
            return
        repositories = self._named or self._work.repositories()
        if not repositories and self._last is None:
            log.warning(
                "no clone will expire: set ENVCLONE_REPOSITORIES to the repositories that are served",
                extra={"action": "sweep"},
            )
        for repository in repositories:
            for event in (
                Tick(repository=repository, slot=slot),
                RolloutDue(repository=repository, slot=f"slot-{slot}"),
            ):
                request = self._work.plan_of(f"slot-{slot}", event)
                if request is not None:
                    self._submit(request)
        self._last = slot

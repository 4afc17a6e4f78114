"""Asks, at the start and from time to time, for what was not delivered: GitHub tries once.

Deliveries that nobody took are sent again at our request, and comments are looked through, since not every delivery is even tried.
A look begins where the last one began, or, after a start, where the last worker fell silent; with some overlap, since what is
known already is not carried out again.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.events import LookBack
from bot.service.jobs_api import JobRequest, JobsApi
from bot.settings import Settings

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
"""Between two looks: clocks differ, and GitHub lists a comment some seconds after it was written."""

SOON = 60.0
"""Seconds until the next look when something was sent again: perhaps the door was not open yet. Twice as long each time that it still isn't."""

TROUBLE = 30.0
"""Seconds to wait when GitHub or the database does not answer."""


class LookingBack:
    """Looks in a thread of its own. `silent_since`: when the last worker was last alive."""

    def __init__(
        self, work: JobsApi, submit: Callable[[JobRequest], None], settings: Settings, silent_since: datetime
    ) -> None:
        self._work = work
        self._submit = submit
        self._every = settings.look_back_every
        self._named = settings.repositories
        self._since = self._undelivered_since = silent_since
        self._soon = SOON

    def run(self, stop: threading.Event) -> None:
        """Ask until told to stop. Outlives a GitHub or a database that goes away for a while."""
        while not stop.is_set():
            try:
                sent_again = self.ask(self._work.now())
            except Exception:
                log.exception("can't look for missed deliveries now", extra={"action": "look back"})
                stop.wait(TROUBLE)
            else:
                stop.wait(self.pause(sent_again))

    def pause(self, sent_again: int) -> float:
        """Return the seconds until the next look. While deliveries come back to a door that stays shut they grow to the usual ones."""
        every = self._every.total_seconds()
        if not sent_again:
            self._soon = SOON
            return every
        soon, self._soon = self._soon, min(2 * self._soon, every)
        return min(soon, every)

    def ask(self, now: datetime) -> int:
        """Ask for one look in each repository, and for what failed to be delivered; return how many deliveries are sent again.

        The next look begins where this one ends.
        """
        since = min(self._since, now) - OVERLAP
        for repository in self._named or self._work.repositories():
            event = LookBack(repository=repository, since=since, at=int(now.timestamp()))
            request = self._work.plan_of("look-back", event)
            if request is not None:
                self._submit(request)
        self._since = now
        sent_again = self._work.redeliver_failed(min(self._undelivered_since, now) - OVERLAP)
        self._undelivered_since = now
        if sent_again:
            log.info("%d deliveries are sent again", sent_again, extra={"action": "redeliver"})
        return sent_again

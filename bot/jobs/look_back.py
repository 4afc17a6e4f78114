"""Asks, at the start and from time to time, for a look at the comments whose deliveries may never have come.

The look begins where the last one began, or, after a start, where the last worker fell silent; with some overlap, since a comment
that is known already is not carried out again.
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
        self._since = silent_since

    def run(self, stop: threading.Event) -> None:
        """Ask until told to stop. Outlives a GitHub or a database that goes away for a while."""
        while not stop.is_set():
            try:
                self.ask(self._work.now())
            except Exception:
                log.exception("missed comments can't be looked for now", extra={"action": "look back"})
                stop.wait(TROUBLE)
            else:
                stop.wait(self._every.total_seconds())

    def ask(self, now: datetime) -> None:
        """Ask for one look in each repository; the next one begins where this one ends."""
        since = min(self._since, now) - OVERLAP
        for repository in self._named or self._work.repositories():
            event = LookBack(repository=repository, since=since, at=int(now.timestamp()))
            request = self._work.plan_of("look-back", event)
            if request is not None:
                self._submit(request)
        self._since = now

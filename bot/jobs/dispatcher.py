"""Turns deliveries into jobs.

A delivery is settled after its job was written down. Killed in between, it is dispatched again, to the same key: the same job.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bot.clients.store import IGNORED, Delivery, JobStore
from bot.events import Ignored, Ping
from bot.jobs.heard import heard
from bot.jobs.runner import Seen
from bot.logs import about
from bot.names import RepositoryName
from bot.payloads import parse
from bot.service.jobs_api import JobRequest, JobsApi

log = logging.getLogger(__name__)

BATCH = 50
IDLE = 0.1
"""Seconds between two polls of an empty inbox. People wait for it, and ten small queries a second cost next to nothing."""

TROUBLE = 2.0
"""Seconds to wait when a database does not answer: long enough not to flood the log, short enough to go unnoticed after a restart."""

Submit = Callable[[JobRequest], None]


class Dispatcher:
    """Reads the inbox in a thread of its own."""

    def __init__(
        self,
        store: JobStore,
        work: JobsApi,
        submit: Submit,
        *,
        seen: Seen,
        repositories: Sequence[RepositoryName],
    ) -> None:
        self._store = store
        self._work = work
        self._submit = submit
        self._seen = seen
        self._repositories = {repository.casefold() for repository in repositories}
        self._unserved = set[RepositoryName]()

    def run(self, stop: threading.Event) -> None:
        """Dispatch until told to stop. Outlives a database that goes away for a while."""
        while not stop.is_set():
            try:
                settled = self._store.settle_next(BATCH, self.settle)
            except Exception:
                # The deliveries wait on, and so do we: nothing is lost by trying again.
                log.exception("deliveries can't be dispatched now", extra={"action": "dispatch"})
                stop.wait(TROUBLE)
            else:
                if settled < BATCH:
                    stop.wait(IDLE)

    def settle(self, delivery: Delivery) -> str:
        """Make the job that a delivery asks for; return what came of it. Raises only if the job can't be written down."""
        outcome = self._settle(delivery)
        self._seen.traces.dispatched(delivery, outcome, datetime.now(UTC))
        return outcome

    def _settle(self, delivery: Delivery) -> str:
        with about(delivery=delivery.id):
            event = parse(delivery.event, delivery.body)
            if (said := heard(event, datetime.now(UTC))) is not None:
                self._seen.figures.heard(said)
            if isinstance(event, Ignored | Ping):
                reason = event.reason if isinstance(event, Ignored) else "ping"
                return self._settled(IGNORED, reason)
            if self._repositories and event.repository.casefold() not in self._repositories:
                self._warn_of(event.repository)
                return self._settled(IGNORED, f"{event.repository} is not served here")
            try:
                request = self._work.plan_of(delivery.id, event)
            except Exception:
                # One delivery that breaks us must not stop those behind it.
                log.exception("a delivery could not be parsed", extra={"action": "dispatch"})
                return self._settled("failed", "see above")
            if request is None:
                return self._settled(IGNORED, "no command")
            self._submit(request)
            return self._settled("queued", request.key)

    def _warn_of(self, repository: RepositoryName) -> None:
        """Say once that nobody answers in a repository. Nobody there can be told, for we are not to act there."""
        if repository not in self._unserved:
            self._unserved.add(repository)
            log.warning(
                "%s is not in ENVCLONE_REPOSITORIES, so its comments are not answered. Add it if it should be served, e.g. after it was renamed.",
                repository,
                extra={"action": "unserved"},
            )

    def _settled(self, outcome: str, detail: str) -> str:
        self._seen.figures.dispatched(outcome)
        level = logging.INFO if outcome == "queued" else logging.DEBUG
        log.log(level, "delivery %s: %s", outcome, detail, extra={"action": "dispatch"})
        return outcome

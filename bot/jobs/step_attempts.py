"""Which steps were under way when a worker died, so that what ends workers is set aside and not handed on for ever.

A step is noted while it runs. After a death its note tells of it: it is suspect, with whatever else ran then. Suspects run one
at a time in a worker, so the next death finds the one that causes it; whoever did so twice in that way does not run again.
"""

import threading
from collections.abc import Callable

from bot.clients.store import JobStore, StoreUnavailable
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.model.pipeline import Json

MOST = 3
"""Deaths. The first one proves nothing: other steps ran beside. Of the others one may have had another cause, as when the machine
was taken away; workers that are killed at random, five times in a row, have met the same step twice."""

SET_ASIDE = (
    "Carrying this out ended the service's worker three times, so it was set aside and nothing more will be done. "
    "Show this to whoever runs the service; to try again, post the command in a new comment."
)


class StepAttempts:
    """The notes of this worker's steps."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._suspects = threading.Lock()

    def run(self, job: str, step: str, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        """Do a step, with a note that it is under way. Raises `UserError` when it ended workers, `Transient`."""
        try:
            if not self._store.unfinished(job, step):
                return self._noted(job, step, act)
            with self._suspects:
                # Asked again: whoever waited for another suspect may know by now.
                if self._store.unfinished(job, step) >= MOST:
                    raise UserError(SET_ASIDE)
                return self._noted(job, step, act)
        except StoreUnavailable as error:
            raise Transient(str(error)) from error

    def _noted(self, job: str, step: str, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        self._store.begin(job, step)
        try:
            return act()
        finally:
            self._store.end(job)

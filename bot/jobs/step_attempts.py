"""Which steps were under way when a worker died, so that what ends workers is set aside and not handed on for ever.

A step is noted while it runs. After a death its note tells of it: it is suspect, with whatever else ran then. Suspects run one at a
time, in a process where nothing else runs (`alone`): one that ends that process too has ended two, and does not run again; whatever ran
beside it goes free. A worker that is killed from outside takes the process with it, which proves nothing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.clients.store import JobStore, StoreUnavailable
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.jobs.alone import OwnProcess, StepDied, StepUnderWay
from bot.model.pipeline import Json

MOST = 5
"""Workers that died with a step under way, though none by its doing as far as we know. Nobody kills so often, but a container that
is ended whole when its memory runs out dies with the step's own process each time."""

SET_ASIDE = (
    "Carrying this out ended the service's worker more than once, so it was set aside and nothing more will be done. "
    "Show this to whoever runs the service; to try again, post the command in a new comment."
)


class StepAttempts:
    """The notes of this worker's steps."""

    def __init__(self, store: JobStore, alone: OwnProcess) -> None:
        self._store = store
        self._alone = alone
        self._suspects = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0

    def run(self, step: StepUnderWay, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        """Do a step, with a note that it is under way. Raises `UserError` when it ended workers, `Transient`."""
        try:
            if not self._deaths(step):
                return self._noted(step, act)
            with self._suspect():
                if self._deaths(step) >= MOST:
                    raise UserError(SET_ASIDE)
                return self._noted(step, lambda: self._apart(step))
        except StoreUnavailable as error:
            raise Transient(str(error)) from error

    @contextmanager
    def _suspect(self) -> Iterator[None]:
        """Hold back all other suspects; the last one of them ends the process that they had."""
        with self._counting:
            self._waiting += 1
        with self._suspects:
            try:
                yield
            finally:
                with self._counting:
                    self._waiting -= 1
                    if not self._waiting:
                        self._alone.close()

    def _deaths(self, step: StepUnderWay) -> int:
        return self._store.unfinished(step.request.key, step.name)

    def _apart(self, step: StepUnderWay) -> dict[str, Json]:
        try:
            return self._alone.run(step)
        except StepDied as died:
            raise UserError(SET_ASIDE) from died

    def _noted(self, step: StepUnderWay, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        self._store.begin(step.request.key, step.name)
        try:
            return act()
        finally:
            self._store.end(step.request.key)

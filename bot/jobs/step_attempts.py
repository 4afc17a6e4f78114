"""Which steps were under way when a worker died, so that what ends workers is set aside and not handed on for ever.

A step is noted while it runs. After a death its note tells of it: it is suspect, with whatever else ran then. Suspects run one at a
time, in a process where nothing else runs (`alone`): one that ends that process too has ended two, and does not run again; whatever ran
beside it goes free.

A container whose memory runs out may be ended whole, so nobody is left to say who did it. So a suspect is also the only step of its
worker (`turns`), and its note says beforehand that a death now would be the second one. Two kinds of deaths are taken back and count nothing,
however many there are: those that the step's process outlives for a moment, which somebody else's kill brought; and those of a worker
that was told to stop. What is killed whole, that process included, by force, twice, and each time with the same step under way, is taken
for the step's doing: its author is answered, and may ask again. A database that is away when a step begins or ends keeps a note of it,
which is no death either: the worker lives, and takes the note back before it tries again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.clients.store import JobStore, StoreUnavailable
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.jobs.alone import OwnProcess, StepDied, StepUnderWay
from bot.jobs.turns import Turns
from bot.model.pipeline import Json

log = logging.getLogger(__name__)

MOST = 5
"""Workers that died with a step under way that was not alone, so that nobody outlived them to say whose doing it was."""

TAKEN_BACK_WITHIN = 5.0
"""Seconds. A step's process that outlived its worker says so in some milliseconds; the next worker takes longer to start."""

SET_ASIDE = (
    "Carrying this out ended the service's worker more than once, so it was set aside and nothing more will be done. "
    "Show this to whoever runs the service; to try again, post the command in a new comment."
)


class StepAttempts:
    """The notes of this worker's steps."""

    def __init__(self, store: JobStore, alone: OwnProcess, taken_back_within: float = TAKEN_BACK_WITHIN) -> None:
        self._store = store
        self._taken_back_within = taken_back_within
        self._alone = alone
        self._suspects = threading.Lock()
        self._turns = Turns()
        self._under_way: dict[str, int] = {}
        self._unsaid: dict[str, int] = {}
        """Jobs whose note may say one death too many, with how many there were: the database was away, and this worker lives."""
        self._spent: dict[str, Callable[[], float]] = {}
        self._noting = threading.Lock()
        self._waiting = 0
        self._is_stopping = False

    def run(self, step: StepUnderWay, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        """Do a step, with a note that it is under way. Raises `UserError` when it ended workers, `Transient`."""
        job = step.request.key
        try:
            self._put_right(job)
            if not self._deaths(step):
                with self._turns.among_others(self._excuse), self._noted(step, 0, counts=1):
                    return act()
            with self._suspect():
                deaths = self._deaths(step)
                if deaths >= MOST:
                    time.sleep(self._taken_back_within)
                    deaths = self._deaths(step)
                if deaths >= MOST:
                    raise UserError(SET_ASIDE)
                suspect = step.model_copy(update={"deaths": deaths})
                # Before it is noted: whoever dies while that process starts, which takes seconds, has not even begun the step.
                self._alone.hand(suspect)
                with self._turns.by_itself(job) as is_only, self._noted(step, deaths, counts=MOST if is_only else 1):
                    return self._apart(suspect)
        except StoreUnavailable as error:
            raise Transient(str(error)) from error

    def stop(self) -> None:
        """Take back the notes of all steps, now and from now on: this worker was told to stop, so nobody's step ends it.

        A database that is away can't be told. Then the steps still get their time to end, in which it may come back.
        """
        with self._noting:
            self._is_stopping = True
            try:
                for job, deaths in self._under_way.items():
                    self._store.forgive(job, deaths)
            except StoreUnavailable as error:
                log.warning("the steps under way may count as ended by force: %s", error, extra={"action": "stop"})

    def longest(self) -> float:
        """Return how many seconds of the processor the step has taken that has taken most of them in this process."""
        with self._noting:
            return max((spent() for spent in self._spent.values()), default=0.0)

    @contextmanager
    def _suspect(self) -> Iterator[None]:
        """Hold back all other suspects; the last one of them ends the process that they had."""
        with self._noting:
            self._waiting += 1
        with self._suspects:
            try:
                yield
            finally:
                with self._noting:
                    self._waiting -= 1
                    if not self._waiting:
                        self._alone.close()

    def _deaths(self, step: StepUnderWay) -> int:
        return self._store.unfinished(step.request.key, step.name)

    def _excuse(self, job: str) -> None:
        """Note that a suspect is no longer the only step, so that a death now proves nothing."""
        with self._noting:
            if job in self._under_way:
                self._store.forgive(job, self._under_way[job] + 1)

    def _apart(self, step: StepUnderWay) -> dict[str, Json]:
        try:
            return self._alone.carry_out(step)
        except StepDied as died:
            raise UserError(SET_ASIDE) from died

    @contextmanager
    def _noted(self, step: StepUnderWay, deaths: int, *, counts: int) -> Iterator[None]:
        job = step.request.key
        with self._noting, self._unless_away(job, deaths):
            self._store.begin(job, step.name, 0 if self._is_stopping else counts)
            self._under_way[job] = deaths
            self._spent[job] = _spent_from_now()
        try:
            yield
        finally:
            with self._noting:
                self._under_way.pop(job, None)
                self._spent.pop(job, None)
            with self._unless_away(job, 0):
                self._store.end(job)

    @contextmanager
    def _unless_away(self, job: str, deaths: int) -> Iterator[None]:
        """Write to the database; if it can't be known what it holds now, remember how many deaths it is to hold."""
        try:
            yield
        except StoreUnavailable:
            self._unsaid[job] = deaths
            raise

    def _put_right(self, job: str) -> None:
        """Say what the database could not be told when this worker did a step of the job before."""
        if job in self._unsaid:
            self._store.forgive(job, self._unsaid[job])
            del self._unsaid[job]


def _spent_from_now() -> Callable[[], float]:
    """Return what tells any thread how much of the processor this one has taken since."""
    if not hasattr(time, "pthread_getcpuclockid"):  # macOS
        return lambda: 0.0
    clock = time.pthread_getcpuclockid(threading.get_ident())
    began = time.clock_gettime(clock)
    return lambda: time.clock_gettime(clock) - began

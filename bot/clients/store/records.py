"""The service's own database, as values and as what may be asked of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

KEEP_BODIES = timedelta(days=7)
"""How long the body of a settled delivery is kept, to look at when something went wrong."""

IGNORED = "ignored"
"""The outcome of a delivery that asked for nothing, as nearly all do: its body is of no use from then on."""

KEEP_IGNORED = timedelta(days=7)
"""How long the id of such a delivery is remembered."""

KEEP_DELIVERIES = timedelta(days=90)
"""How long a delivery's id is remembered. GitHub redelivers for three days."""

KEEP_STEPS = timedelta(days=7)
"""How long it is remembered that a step ended its worker. Its job has been set aside by then, or nobody takes it up any more."""

KEEP_REPLICAS = timedelta(days=2)
"""How long a silent worker is remembered."""


class StoreUnavailable(Exception):
    """The database can't be written or read right now. Nothing was acknowledged that is not written down."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook's request: GitHub's id for it, the event's name, the raw body that was signed."""

    id: str
    event: str
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries that are no jobs yet, and for how long the oldest has waited."""

    count: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Replica:
    """A worker: how long it has been silent, and its own figures in Prometheus' text format.

    Less than nothing, if the clock was put back since its last heartbeat: then nobody knows how long it has been.
    """

    name: str
    silent_for: timedelta
    metrics: str

    def is_alive(self, dead_after: timedelta) -> bool:
        """Say whether it was heard of lately."""
        return abs(self.silent_for) < dead_after


@dataclass(frozen=True, slots=True)
class CommandLimit:
    """How many commands of one account are answered within a time."""

    most: int
    within: timedelta


class JobStore(Protocol):
    """What both databases do. Safe to use from any thread. Every method may raise `StoreUnavailable`."""

    def append(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Write deliveries down in one commit; return for each whether it was new. On return they are on the disk."""

    def append_now(self, deliveries: Sequence[Delivery]) -> list[bool] | None:
        """Append if that waits for nothing but one small write to the disk; otherwise write nothing and return None."""

    def settle_next(self, limit: int, settle: Callable[[Delivery], str]) -> int:
        """Call `settle` for the oldest waiting deliveries and write down the outcome it returns; return how many.

        No two workers get the same delivery at once. A delivery whose outcome was not written (the process died, or
        `settle` raised) waits on, so `settle` must bear being called again.
        """

    def waiting(self) -> Waiting:
        """Count what waits."""

    def prune(self) -> None:
        """Forget what is too old to be of use."""

    def admits(self, author: str, comment: int, at: datetime, limit: CommandLimit) -> bool:
        """Say whether one more command of an author is answered, and count it if so; a comment counts once."""

    def begin(self, job: str, step: str, counts: int = 1) -> None:
        """Note that a step begins. Whoever dies now leaves the note, which counts so much; it need not survive the machine."""

    def unfinished(self, job: str, step: str) -> int:
        """Return what the times count that the step has begun and neither ended nor failed: its worker died, or somebody works at it."""

    def forgive(self, job: str, most: int) -> None:
        """Let the notes of a job's step count no more than this."""

    def end(self, job: str) -> None:
        """Note that the job's step is over, however it ended."""

    def beat(self, replica: str, metrics: str) -> None:
        """Say that a worker is alive. A heartbeat of the future, from before the clock was put back, becomes one of now."""

    def replicas(self) -> list[Replica]:
        """Return the workers that were alive in the last days."""

    def hold(self, replica: str, patience: timedelta) -> None:
        """Take a worker's name for as long as this process lives; wait so long for a predecessor that is just dying.

        Raises `StoreUnavailable` when another process has it: two of one name would run each other's jobs.
        """

    def check(self) -> None:
        """Raise `StoreUnavailable` unless something could be written right now."""

    def close(self) -> None:
        """Let go of the database."""

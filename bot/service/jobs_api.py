"""What the durable jobs do, as far as they need to know: the seam between the engine and the service.

A job runs named steps, one after the other. Each step's result is written down when the step returns, and a job that was killed goes
on with the first step whose result is missing; that one may have had its effect already. So a step must be idempotent: it looks
for what it would make before making it. Between steps a job decides by their results alone, never by a clock or by what it reads, so
that it takes the same way again when it is replayed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from pydantic import Field, TypeAdapter

from bot.events import CommentCreated, Event, PreviewDue, Tick
from bot.model.base import Document
from bot.names import EnvironmentName, RepositoryName

R = TypeVar("R")


class JobRequest(Document):
    """One job. It is written down as JSON when it is taken on, and given to every step as it was then."""

    key: str = Field(min_length=1, max_length=400, description="Two requests with one key are one job, for ever.")
    partition: str = Field(min_length=1, max_length=200, description="Jobs of one partition run one after the other.")
    kind: str = Field(pattern=r"^[a-z][a-z_-]{0,30}$", description="One of few words, for metrics and logs.")
    delivery: str = Field(description="The delivery that asked for it, for logs.")
    event: Event

    @property
    def log_fields(self) -> dict[str, str]:
        """What each line says of the job; `request` is the comment's address, which the ledger and the runs' logs have, too."""
        fields = {"delivery": self.delivery, "job": self.key, "partition": self.partition, "kind": self.kind}
        return {**fields, "request": self.event.url} if isinstance(self.event, CommentCreated) else fields


class JobStepResult(Document):
    """What a step returns. It is written down as JSON: another shape needs another `JobsApi.version`."""


class Ended(JobStepResult):
    """Nothing is left to do, and why: whoever asked was answered, or nobody has to be. `is_done` if it is as they wanted it."""

    because: str
    is_done: bool = False


class ExpiryDone(JobStepResult):
    """What was done about one environment's end, in words for the log; `outcome` is one of few, for metrics."""

    done: str
    outcome: str = ""


class StepTimes(Document):
    """How long one step of a workflow took, in seconds, each time that it ended in one way; all words are of few, for metrics."""

    workflow: str
    step: str
    conclusion: str
    seconds: tuple[float, ...]


class RunLooked(JobStepResult):
    """What GitHub says of a run that has ended: the environments that it was to apply, and the times of its steps."""

    applied: tuple[EnvironmentName, ...] = ()
    times: tuple[StepTimes, ...] = ()


RUN_LOOKED: TypeAdapter[RunLooked] = TypeAdapter(RunLooked)


class Reported(JobStepResult):
    """The addresses of the comments that were written, the environments that a rollout may go on with, and those whose repair may be confirmed.

    `may_hold` if a merge may have held environments for a rollout.
    """

    comments: tuple[str, ...] = ()
    moved: tuple[EnvironmentName, ...] = ()
    repairs: tuple[EnvironmentName, ...] = ()
    may_hold: bool = False


REPORTED: TypeAdapter[Reported] = TypeAdapter(Reported)


class Steps(Protocol):
    """Runs the steps of one job and remembers their results."""

    @property
    def are_answered(self) -> bool:
        """Say whether whoever asked has been told already that the job waits."""

    def run(self, name: str, result: TypeAdapter[R], act: Callable[[], R]) -> R:
        """Return what `act` returned, now or before a crash. Does not return when the step can't be done.

        `act` may raise `Transient` (tried again, later each time), `RateLimited` (tried again when it says), `UserError`
        (ends the job through `refused`); whatever else it raises ends the job through `failed`.
        """


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that is done. Each job that `follow` asks for is made once, by its key."""

    follow: tuple[JobRequest, ...] = ()


def bound_job(delivery: str, kind: str, event: Tick | PreviewDue) -> JobRequest:
    """Return the job of one environment that follows its pull request."""
    where = f"{event.repository}/{event.environment}"
    return JobRequest(key=f"{kind}-{where}-{delivery}", partition=where, kind=kind, delivery=delivery, event=event)


class JobsApi(Protocol):
    """All that the service does. Methods are called from several threads at once."""

    version: str
    """Goes up when the names or results of steps change: jobs under way of another version start over."""

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        """Return the job that an event asks for, or None. Pure: what it answers must follow from the event alone.

        The usual key of a command is `comment-<repository>-<comment id>`: a comment is carried out once, however often
        it is delivered. The usual partition is `<repository>/<environment>`.
        """

    def now(self) -> datetime:
        """Return the time by which it is decided what is due."""

    def repositories(self) -> Sequence[RepositoryName]:
        """Return the repositories in which something may become due by itself. Raises `Transient`."""

    def redeliver_failed(self, since: datetime) -> int:
        """Have GitHub send again what it could not deliver since a moment; return how much that was. Raises `Transient`."""

    def remaining_requests(self) -> Mapping[str, int]:
        """Return how many requests GitHub still takes, by owner, as its answers said last; asks nothing."""

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        """Carry out a job, step by step."""

    def waiting(self, request: JobRequest, until: datetime, *, is_limit: bool) -> None:
        """Say to whoever asked that it goes on at a moment; `is_limit` if GitHub asked for the pause. Said anew before each long wait."""

    def refused(self, request: JobRequest, message: str) -> None:
        """Say once, to whoever asked, why it can't be done: a `UserError`'s message, as it is."""

    def failed(self, request: JobRequest, reference: str, error: str) -> None:
        """Say once that something broke; `reference` finds the traceback in the log, `error` names it in a few words."""

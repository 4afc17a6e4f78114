"""What the durable jobs do, as far as they need to know: the seam between the engine and the flows.

A job is a list of named steps. Each step's result is written down when the step returns, and a job that was killed goes on
with the first step whose result is missing; that one may have had its effect already. So a step must be idempotent: it looks
for what it would make before making it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from bot.events import Event
from bot.model.pipeline import Json
from bot.names import RepositoryName

Results: TypeAlias = Mapping[str, dict[str, Json]]
"""What the steps before returned, by their names."""

STOP = "stop"
"""A step whose result holds this key (with a true value) is the last one: the job is done."""


FOLLOW = "follow"
"""A step whose result holds this key asks for more jobs: the requests, as JSON. Each is made once, by its key."""


class JobRequest(BaseModel):
    """One job. It is written down as JSON when it is taken on, and given to every step as it was then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(min_length=1, max_length=200, description="Two requests with one key are one job, for ever.")
    partition: str = Field(min_length=1, max_length=200, description="Jobs of one partition run one after the other.")
    kind: str = Field(pattern=r"^[a-z][a-z_-]{0,30}$", description="One of few words, for metrics and logs.")
    delivery: str = Field(description="The delivery that asked for it, for logs.")
    event: Event


StepFunction: TypeAlias = Callable[[JobRequest, Results], dict[str, Json]]


class JobsApi(Protocol):
    """All that the service does. Methods are called from several threads at once."""

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        """Return the job that an event asks for, or None. Pure: what it answers must follow from the event alone.

        The usual key of a command is `comment-<repository>-<comment id>`: a comment is carried out once, however often
        it is delivered. The usual partition is `<repository>/<environment>`.
        """

    def now(self) -> datetime:
        """Return the time by which it is decided what is due."""

    def repositories(self) -> Sequence[RepositoryName]:
        """Return the repositories in which something may become due by itself. Raises `Transient`."""

    def steps(self, request: JobRequest) -> Sequence[tuple[str, StepFunction]]:
        """Return the job's steps, in order. The same for the same request, in every process: names place the results.

        A step may raise `Transient` (tried again, later each time), `RateLimited` (tried again when it says), `UserError`
        (ends the job through `refused`); whatever else it raises ends the job through `failed`.
        """

    def refused(self, request: JobRequest, message: str) -> None:
        """Say once, to whoever asked, why it can't be done: a `UserError`'s message, as it is."""

    def failed(self, request: JobRequest, reference: str, error: str) -> None:
        """Say once that something broke; `reference` finds the traceback in the log, `error` names it in a few words."""

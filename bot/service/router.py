"""All that the service does, for the engine: which event becomes which job, and how that is carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.messages import replies
from bot.events import CommentCreated, Event
from bot.names import RepositoryName
from bot.service.context import ServiceContext
from bot.service.jobs_api import Finished, JobRequest, Steps
from bot.service.registry import job_of
from bot.service.replies import answer_comment, settle


@dataclass(slots=True)
class Router:
    """Implements `bot.service.jobs_api.JobsApi`."""

    context: ServiceContext
    version: str = "11"
    """See `JobsApi.version`. In 1 a command was kept as its line, and results had no types; in 2 long waits were not told; in 3 the 👀 stayed; in 4 its id was not known; in 5 a report named no environments; in 6 only comments were commands; in 7 a merge had a look at rollouts for its only job; in 8 nothing that happened led to a look for a 👍; in 9 the engine itself slept; in 10 nobody looked at a run's steps."""

    def now(self) -> datetime:
        """Return the context's time."""
        return self.context.now()

    def repositories(self) -> Sequence[RepositoryName]:
        """Return the repositories that the app is installed on, or that the credentials were made for."""
        return self.context.github.repositories()

    def redeliver_failed(self, since: datetime) -> int:
        """Ask for it as the app; with a token there is no way, and only comments are found."""
        return self.context.github.redeliver_failed(since)

    def remaining_requests(self) -> Mapping[str, int]:
        """Return what the answers to our requests said."""
        return self.context.github.remaining_requests()

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        """Return the job that an event asks for."""
        job = job_of(self.context, event)
        return job.plan(delivery) if job is not None else None

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        """Carry out a job."""
        job = job_of(self.context, request.event)
        return job.run(request, steps) if job is not None else Finished()

    def waiting(self, request: JobRequest, until: datetime, *, is_limit: bool) -> None:
        """Answer the comment with when it goes on, if its author has any right here."""
        event = request.event
        if isinstance(event, CommentCreated) and self.context.github.permission(event.repository, event.author):
            answer_comment(self.context, event, replies.waiting(until, is_limit=is_limit))

    def refused(self, request: JobRequest, message: str) -> None:
        """Answer the comment with what is wrong."""
        if isinstance(request.event, CommentCreated):
            answer_comment(self.context, request.event, message)
            settle(self.context, request.event, is_done=False)

    def failed(self, request: JobRequest, reference: str, error: str) -> None:
        """Answer the comment with the reference under which the log has the traceback."""
        if isinstance(request.event, CommentCreated):
            answer_comment(self.context, request.event, replies.failed(reference))
            settle(self.context, request.event, is_done=False)

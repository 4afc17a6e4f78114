"""The job that looks through the comments whose deliveries perhaps never came."""

from datetime import timedelta

from pydantic import TypeAdapter

from bot.events import CommentCreated, LookBack
from bot.names import EnvironmentName
from bot.service.context import ServiceContext
from bot.service.event_jobs.followed import PlanOfComment
from bot.service.jobs_api import Finished, JobRequest, JobStepResult, Steps
from bot.service.planned.thumbs import perhaps_confirmed, thumb_jobs
from bot.service.replies import take_back_eyes
from bot.service.repository import repository_at_head

LONGEST_LOOK_BACK = timedelta(days=3)
"""How far back is looked: as long as GitHub lets deliveries be repeated. What is older was given up or asked again."""

MISSED = "*missed"
"""In the place of an environment's name in a partition; no environment can be called so."""


class CommentsFound(JobStepResult):
    """What people wrote since, whether it was delivered or not, and the repairs that somebody may have confirmed by a 👍."""

    comments: tuple[CommentCreated, ...] = ()
    repairs: tuple[EnvironmentName, ...] = ()


COMMENTS_FOUND: TypeAdapter[CommentsFound] = TypeAdapter(CommentsFound)


class LookBackJob:
    """Looks through the comments since a moment, and asks for each command by the key that its delivery would have had.

    So what was carried out is not carried out again.
    """

    def __init__(self, context: ServiceContext, event: LookBack, plan_of: PlanOfComment) -> None:
        self.context, self.event, self.plan_of = context, event, plan_of

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job."""
        repository = self.event.repository
        return JobRequest(
            key=f"missed-{repository}-{self.event.at}",
            partition=f"{repository}/{MISSED}",
            kind="missed",
            delivery=delivery,
            event=self.event,
        )

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        found = steps.run("look", COMMENTS_FOUND, self.look)
        jobs = (self.plan_of(comment, request.delivery) for comment in found.comments)
        thumbs = thumb_jobs(f"{request.delivery}-{self.event.at}", self.event.repository, found.repairs)
        return Finished((*(job for job in jobs if job is not None), *thumbs))

    def look(self) -> CommentsFound:
        """Return the comments that hold a command, and take a 👀 back that was left at one. Raises `Transient`."""
        event = self.event
        since = max(event.since, self.context.now() - LONGEST_LOOK_BACK)
        written = [
            each for each in self.context.github.comments_since(event.repository, since) if not each.author_is_bot
        ]
        for each in written:
            take_back_eyes(self.context, event.repository, each)
        found = (
            CommentCreated(
                repository=event.repository,
                issue=each.issue,
                is_pull_request="/pull/" in each.url,
                comment=each.id,
                author=each.author,
                body=each.body,
                url=each.url,
                created_at=each.created_at,
            )
            for each in written
        )
        commands = tuple(each for each in found if self.plan_of(each, "look") is not None)
        repo = repository_at_head(self.context, event.repository)
        return CommentsFound(comments=commands, repairs=tuple(perhaps_confirmed(repo)))

"""The job of an approving review; where GitHub tells of none, that of the end of a run which says that there was one."""

from datetime import datetime

from pydantic import TypeAdapter

from bot.core.requests.branches import Branch
from bot.events import ReviewApproved, RunCompleted
from bot.names import EnvironmentName
from bot.service.context import ServiceContext
from bot.service.event_jobs.followed import requested
from bot.service.jobs_api import Finished, JobRequest, JobStepResult, Steps
from bot.service.planned.thumbs import perhaps_confirmed, thumb_jobs
from bot.service.repository import Repository, repository_at_head
from bot.service.reruns.approvals import newest_approval, plan_approved
from bot.service.reruns.run_end import FOLDER

REVIEWS = f"{FOLDER}review.yml"
"""What runs where no service does, in the version of the pull request itself: that it ran says that somebody looks for a review, and no more."""


class ReviewsFound(JobStepResult):
    """The newest approval of each pull request from a branch."""

    found: tuple[ReviewApproved, ...] = ()


REVIEWS_FOUND: TypeAdapter[ReviewsFound] = TypeAdapter(ReviewsFound)


class Replanned(JobStepResult):
    """Whether a plan was started, or runs already."""

    started: bool
    repairs: tuple[EnvironmentName, ...] = ()
    """Those that the pull request may be the repair of."""


REPLANNED: TypeAdapter[Replanned] = TypeAdapter(Replanned)


class ReviewJob:
    """Plans a pull request again whose code had to be approved, once somebody who may has approved its head."""

    def __init__(self, context: ServiceContext, event: ReviewApproved) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job; whether the pull request has a plan that waits for it is asked there."""
        return requested(delivery, self.event, "review", f"review-{self.event.number}")

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        found = steps.run("plan", REPLANNED, self.replan)
        return Finished(thumb_jobs(request.delivery, self.event.repository, found.repairs))

    def replan(self) -> Replanned:
        """Start the plan once more that failed for this commit. Raises `Transient`."""
        repo = repository_at_head(self.context, self.event.repository)
        repairs = tuple(name for name in perhaps_confirmed(repo) if self._is_of(repo, name))
        return Replanned(started=plan_approved(repo, self.event), repairs=repairs)

    def _is_of(self, repo: Repository, name: EnvironmentName) -> bool:
        pull = repo.pull_request(Branch("change", name))
        return pull is not None and pull.number == self.event.number


class ReviewsJob:
    """Looks which reviews there are of the branch that a run of `REVIEWS` names, and asks for the job of each.

    Not by the run's commit: of a review's run, GitHub has been seen to name the default branch's.
    """

    def __init__(self, context: ServiceContext, event: RunCompleted) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job."""
        return requested(delivery, self.event, "review", f"run-{self.event.run}")

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        found = steps.run("look", REVIEWS_FOUND, self.look).found
        jobs = (ReviewJob(self.context, each).plan(f"{request.delivery}-{each.number}") for each in found)
        return Finished(tuple(job for job in jobs if job is not None))

    def look(self) -> ReviewsFound:
        """Return what GitHub knows of approvals. Raises `Transient`."""
        repo = repository_at_head(self.context, self.event.repository)
        newest = [(pull, newest_approval(repo, pull)) for pull in repo.github.open_from(repo.name, self.event.head)]
        return ReviewsFound(
            found=tuple(
                ReviewApproved(
                    repository=repo.name,
                    number=pull.number,
                    review=review.id,
                    commit=review.commit,
                    author=review.author,
                    submitted_at=datetime.fromisoformat(review.submitted_at),
                )
                for pull, review in newest
                if review is not None
            )
        )

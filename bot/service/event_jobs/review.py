"""The job of an approving review."""

from pydantic import TypeAdapter

from bot.core.requests.branches import Branch
from bot.events import ReviewApproved
from bot.names import EnvironmentName
from bot.service.context import ServiceContext
from bot.service.event_jobs.followed import requested
from bot.service.jobs_api import Finished, JobRequest, JobStepResult, Steps
from bot.service.planned.thumbs import perhaps_confirmed, thumb_jobs
from bot.service.repository import Repository, repository_at_head
from bot.service.reruns.approvals import plan_approved


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

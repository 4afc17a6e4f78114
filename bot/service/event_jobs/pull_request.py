"""The job of a pull request that was opened, pushed to, closed or reopened."""

from bot.core.requests.branches import Branch, WaveBranch, read_branch, read_wave
from bot.events import PullRequestChanged, RolloutDue
from bot.service.branch_cleanup import release_branch
from bot.service.commands.bound import bound_jobs
from bot.service.context import ServiceContext
from bot.service.event_jobs.followed import RELEASED, PlanOfComment, Released, requested
from bot.service.jobs_api import REPORTED, Finished, JobRequest, Reported, Steps
from bot.service.planned.thumbs import perhaps_confirmed
from bot.service.proposals.wave import waves_with
from bot.service.repository import repository_at_head
from bot.service.rollouts.job import looked_at, moved, rollout_job
from bot.service.status import report_branch, report_environment


class PullRequestJob:
    """Reports a pull request of ours; gives back the branch of one that was closed without merging.

    Of any that is merged, closed or reopened, the clones that are bound to it have their turn; of one that is pushed to, its previews; one that was merged may have changed a template.
    Of a person's that opens with a command the job is that command's.
    """

    def __init__(self, context: ServiceContext, event: PullRequestChanged, plan_of: PlanOfComment) -> None:
        self.context, self.event, self.plan_of = context, event, plan_of

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job, if the pull request is from a branch of ours, or something may follow from it."""
        opening = self.event.opening
        if opening is not None and (asked := self.plan_of(opening, delivery)) is not None:
            return asked
        branch = _branch(self.event)
        if branch is None:
            is_followed = self.event.action != "opened"
            return requested(delivery, self.event, "follow", f"pull-{self.event.number}") if is_followed else None
        return requested(
            delivery, self.event, "release" if _is_given_up(self.event) else "progress", branch.environment
        )

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        is_ours = self.event.author.casefold() == self.context.github.identity().casefold()
        # A person's branch may be called as ours are.
        branch = _branch(self.event) if is_ours else None
        is_progress = branch is not None and self.event.action == "synchronize"
        follow = bound_jobs(self.context, self.event, request, steps) if not is_progress else ()
        if branch is None:
            wave = (
                read_wave(self.event.head) if is_ours and self.event.head_repository == self.event.repository else None
            )
            if wave is not None and _is_given_up(self.event):
                steps.run("release", RELEASED, lambda: self.release(wave))
            return Finished(
                (*follow, *self._rollout(request, has_ended=wave is not None and self.event.action == "closed"))
            )
        # Who asked is found through the commits of the branch, so they are told before the branch goes.
        reported = steps.run("report", REPORTED, lambda: self.report(branch))
        if _is_given_up(self.event):
            steps.run("release", RELEASED, lambda: self.release(branch))
        return Finished((*follow, *looked_at(self.event.repository, request, reported).follow))

    def _rollout(self, request: JobRequest, *, has_ended: bool) -> tuple[JobRequest, ...]:
        """Return a look at what a merge changed of templates, or at the rollout whose pull request of a wave has ended."""
        event = RolloutDue(repository=self.event.repository, slot=f"merged-{self.event.number}")
        return (rollout_job(request.delivery, event),) if self.event.is_merged or has_ended else ()

    def report(self, branch: Branch) -> Reported:
        """Tell whoever asked how it stands; of a removal that is merged, also who asked for the environment itself."""
        repo = repository_at_head(self.context, self.event.repository)
        is_of_rollout = branch.kind == "change" or (branch.kind == "destroy" and branch.environment in waves_with(repo))
        has_ended = is_of_rollout and self.event.action == "closed"
        going_on = moved(repo, [branch.environment] if has_ended else [])
        changed = branch.environment if branch.kind == "change" else None
        repairs = tuple(name for name in perhaps_confirmed(repo) if name == changed)
        is_removed = branch.kind == "destroy" and self.event.is_merged
        told = report_environment(repo, branch.environment) if is_removed else report_branch(repo, branch)
        return Reported(comments=tuple(told), moved=going_on, repairs=repairs)

    def release(self, branch: Branch | WaveBranch) -> Released:
        """Give the branch back, with its claims."""
        return Released(released=release_branch(repository_at_head(self.context, self.event.repository), branch))


def _branch(event: PullRequestChanged) -> Branch | None:
    return read_branch(event.head) if event.head_repository == event.repository else None


def _is_given_up(event: PullRequestChanged) -> bool:
    return event.action == "closed" and not event.is_merged

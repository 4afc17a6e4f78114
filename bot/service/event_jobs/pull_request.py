"""The jobs of what happens on GitHub after a command: a pull request, a check or a deployment moved on, and whoever asked is told.

And of what happened without our hearing of it: GitHub delivers a comment once, and perhaps nobody was there to take it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from pydantic import TypeAdapter

from bot.clients.github.records import ACTIONS_APP
from bot.core.requests.branches import Branch, read_branch
from bot.core.requests.status import outcome_of
from bot.errors import InvalidInput
from bot.events import (
    CheckRunCompleted,
    CommentCreated,
    DeploymentStatusCreated,
    LookBack,
    PullRequestChanged,
    ReviewApproved,
    RolloutDue,
    RunCompleted,
)
from bot.names import EnvironmentName
from bot.service.branch_cleanup import release_branch
from bot.service.commands.bound import bound_jobs
from bot.service.commands.expire import merge_expired
from bot.service.commands.made_again import merge_made_again, release
from bot.service.commands.rerun import plan_approved
from bot.service.commands.run_end import APPLY, FOLDER, PLAN, place, tell
from bot.service.context import ServiceContext
from bot.service.jobs_api import REPORTED, Finished, JobRequest, JobStepResult, Reported, Steps
from bot.service.planned.checks import REQUIRED_CHECK
from bot.service.repository import Repository, repository_at_head
from bot.service.rollouts.job import looked_at, moved, rollout_job
from bot.service.status import report_branch, report_environment
from bot.service.versions.tried import show_tried

LONGEST_LOOK_BACK = timedelta(days=3)
"""How far back is looked: as long as GitHub lets deliveries be repeated. What is older was given up or asked again."""

MISSED = "*missed"
"""In the place of an environment's name in a partition; no environment can be called so."""

PLANS, APPLIES = FOLDER + PLAN, FOLDER + APPLY

PlanOfComment: TypeAlias = Callable[[CommentCreated, str], JobRequest | None]
"""How a comment becomes a job, if it holds a command; the text is the id of its delivery."""

Told: TypeAlias = PullRequestChanged | ReviewApproved | CheckRunCompleted | DeploymentStatusCreated | RunCompleted


class Released(JobStepResult):
    """Whether there was a branch to give back."""

    released: bool


class Replanned(JobStepResult):
    """Whether a plan was started, or runs already."""

    started: bool


REPLANNED: TypeAdapter[Replanned] = TypeAdapter(Replanned)
RELEASED: TypeAdapter[Released] = TypeAdapter(Released)


class CommentsFound(JobStepResult):
    """What people wrote since, whether it was delivered or not."""

    comments: tuple[CommentCreated, ...] = ()


COMMENTS_FOUND: TypeAdapter[CommentsFound] = TypeAdapter(CommentsFound)


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
            return _job(delivery, self.event, "follow", f"pull-{self.event.number}") if is_followed else None
        return _job(delivery, self.event, "release" if _is_given_up(self.event) else "progress", branch.environment)

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        is_ours = self.event.author.casefold() == self.context.github.identity().casefold()
        # A person's branch may be called as ours are.
        branch = _branch(self.event) if is_ours else None
        is_progress = branch is not None and self.event.action == "synchronize"
        follow = bound_jobs(self.context, self.event, request, steps) if not is_progress else ()
        if branch is None:
            return Finished((*follow, *self._rollout(request)))
        # Who asked is found through the commits of the branch, so they are told before the branch goes.
        reported = steps.run("report", REPORTED, lambda: self.report(branch))
        if _is_given_up(self.event):
            steps.run("release", RELEASED, lambda: self.release(branch))
        return Finished((*follow, *looked_at(self.event.repository, request, reported).follow))

    def _rollout(self, request: JobRequest) -> tuple[JobRequest, ...]:
        """Return a look at what a merge changed of templates."""
        event = RolloutDue(repository=self.event.repository, slot=f"merged-{self.event.number}")
        return (rollout_job(request.delivery, event),) if self.event.is_merged else ()

    def report(self, branch: Branch) -> Reported:
        """Tell whoever asked how it stands."""
        repo = repository_at_head(self.context, self.event.repository)
        has_ended = branch.kind == "change" and self.event.action == "closed"
        going_on = moved(repo, [branch.environment] if has_ended else [])
        return Reported(comments=tuple(report_branch(repo, branch)), moved=going_on)

    def release(self, branch: Branch) -> Released:
        """Give the branch back, with its claims."""
        return Released(released=release_branch(repository_at_head(self.context, self.event.repository), branch))


class CheckJob:
    """Reports the required check, and merges the removal of an expired clone that passed it."""

    def __init__(self, context: ServiceContext, event: CheckRunCompleted) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job; which environment the check is about is only known from the commit's pull request."""
        if self.event.name != REQUIRED_CHECK or self.event.app != ACTIONS_APP:
            return None
        return _job(delivery, self.event, "check", f"check-{self.event.head_sha}")

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        reported = steps.run("report", REPORTED, self.report)
        return looked_at(self.event.repository, request, reported)

    def report(self) -> Reported:
        """Tell whoever asked for what was checked; merge what may be."""
        repo = repository_at_head(self.context, self.event.repository)
        return _report_checked(repo, self.event.head_sha, is_green=self.event.conclusion == "success")


def _report_checked(repo: Repository, commit: str, *, is_green: bool) -> Reported:
    """Tell whoever asked for what a commit proposes; merge the removal of an expired clone whose check is green."""
    pulls = repo.github.pull_requests_for_commit(repo.name, commit)
    branches = [
        branch
        for pull in pulls
        if pull.is_from(repo.name) and repo.is_ours(pull) and (branch := read_branch(pull.head))
    ]
    told = [comment for branch in branches for comment in report_branch(repo, branch)]
    for branch in branches:
        if branch.kind == "destroy" and is_green:
            merge_expired(repo, branch.environment)
        if branch.kind == "clone" and is_green:
            merge_made_again(repo, branch.environment)
    changes = [branch.environment for branch in branches if branch.kind == "change"]
    return Reported(comments=tuple(told), moved=moved(repo, changes))


class RunJob:
    """Tells whoever asked for a run how it ended; reports what it did.

    An apply's success counts only now that its job has ended (`deployments/confirmed`). Of a plan its check tells, but for where only the
    ends of runs are heard of: GitHub starts no workflow for what another workflow's token did.
    """

    def __init__(self, context: ServiceContext, event: RunCompleted) -> None:
        self.context, self.event = context, event
        self._is_news = event.workflow == APPLIES or (context.hears_runs_only and event.workflow == PLANS)

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job, if it is a run that plans or applies, or one whose end a comment may wait for."""
        where = place(self.event) or (f"run-{self.event.run}" if self._is_news else None)
        return _job(delivery, self.event, "progress", where) if where is not None else None

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        reported = Reported()
        if self._is_news:
            reported = steps.run("report", REPORTED, self.report)
            if self.event.workflow == APPLIES:
                steps.run("release", RELEASED, self.release)
        if place(self.event) is not None:
            steps.run("tell", REPORTED, lambda: tell(self.context, self.event))
        return looked_at(self.event.repository, request, reported)

    def report(self) -> Reported:
        """Tell whoever waits for what was planned or deployed."""
        repo = repository_at_head(self.context, self.event.repository)
        if self.event.workflow == PLANS:
            return _report_checked(repo, self.event.head_sha, is_green=self.event.conclusion == "success")
        names = self._deployed()
        told = tuple(told for name in names for told in _report(repo, name))
        return Reported(comments=told, moved=moved(repo, names))

    def release(self) -> Released:
        """Give back the branches and claims of what was destroyed; make it again after a reset."""
        repo = repository_at_head(self.context, self.event.repository)
        released = [release(repo, name) for name in self._deployed()]
        return Released(released=any(released))

    def _deployed(self) -> list[EnvironmentName]:
        found = self.context.github.deployments_since(self.event.repository, self.event.started_at)
        names = (_name(each.environment) for each in found)
        return list(dict.fromkeys(name for name in names if name is not None))


class ReviewJob:
    """Plans a pull request again whose code had to be approved, once somebody who may has approved its head."""

    def __init__(self, context: ServiceContext, event: ReviewApproved) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job; whether the pull request has a plan that waits for it is asked there."""
        return _job(delivery, self.event, "review", f"review-{self.event.number}")

    def run(self, _: JobRequest, steps: Steps) -> Finished:
        steps.run("plan", REPLANNED, self.replan)
        return Finished()

    def replan(self) -> Replanned:
        """Start the plan once more that failed for this commit. Raises `Transient`."""
        repo = repository_at_head(self.context, self.event.repository)
        return Replanned(started=plan_approved(repo, self.event))


class DeploymentJob:
    """Reports a deployment, and gives back what a destroyed environment held in the repository."""

    def __init__(self, context: ServiceContext, event: DeploymentStatusCreated) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job, if an environment of that name can be ours."""
        name = _name(self.event.environment)
        return _job(delivery, self.event, "progress", name) if name is not None else None

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        name = _name(self.event.environment)
        if name is None:
            return Finished()
        # Who asked is found through the branches, so they are told before the branches go.
        reported = steps.run("report", REPORTED, lambda: self.report(name))
        steps.run("release", RELEASED, lambda: self.release(name))
        return looked_at(self.event.repository, request, reported)

    def report(self, name: EnvironmentName) -> Reported:
        """Tell whoever waits for the environment how it stands."""
        repo = repository_at_head(self.context, self.event.repository)
        going_on = moved(repo, [name] if outcome_of(self.event.state) != "in_progress" else [])
        return Reported(comments=tuple(_report(repo, name)), moved=going_on)

    def release(self, name: EnvironmentName) -> Released:
        """Give back the branches and claims of an environment that is destroyed; make it again after a reset."""
        return Released(released=release(repository_at_head(self.context, self.event.repository), name))


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
        return Finished(tuple(job for job in jobs if job is not None))

    def look(self) -> CommentsFound:
        """Return the comments that hold a command. Raises `Transient`."""
        event = self.event
        since = max(event.since, self.context.now() - LONGEST_LOOK_BACK)
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
            for each in self.context.github.comments_since(event.repository, since)
            if not each.author_is_bot
        )
        return CommentsFound(comments=tuple(each for each in found if self.plan_of(each, "look") is not None))


def _job(delivery: str, event: Told, kind: str, what: str) -> JobRequest:
    key = f"{kind}-{delivery}"
    return JobRequest(key=key, partition=f"{event.repository}/{what}", kind=kind, delivery=delivery, event=event)


def _branch(event: PullRequestChanged) -> Branch | None:
    return read_branch(event.head) if event.head_repository == event.repository else None


def _is_given_up(event: PullRequestChanged) -> bool:
    return event.action == "closed" and not event.is_merged


def _report(repo: Repository, name: EnvironmentName) -> list[str]:
    """Tell everybody who waits for an environment how it stands, and the pull request that it tries."""
    show_tried(repo, name)
    return report_environment(repo, name)


def _name(text: str) -> EnvironmentName | None:
    try:
        return EnvironmentName(text)
    except InvalidInput:
        return None

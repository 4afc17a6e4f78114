"""Who has approved that a commit is planned which only people can vouch for, and the plan that an approval starts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.github.records import PullRequest, PullRequestReview
from bot.core.messages import rerun_replies as texts
from bot.core.requests.approvals import CONTEXT
from bot.core.requests.permissions import suffices
from bot.events import ReviewApproved, RunCompleted
from bot.model.environment import Request
from bot.names import EnvironmentName
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.repository import Repository
from bot.service.reruns.plans import planned_again
from bot.service.reruns.run_end import PLAN, PROPOSED

TO_READ = timedelta(minutes=1)
"""Between a push and a `/plan` that approves it. GitHub doesn't say which commit somebody had on the page, and nobody reads one in less."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What a `/plan` approves: that an environment is planned, as its pull request was when the comment was written."""

    environment: EnvironmentName
    at: datetime


def approve(repo: Repository, request: Request, pull: PullRequest, approval: Approval) -> str:
    """Write down that somebody who may approves the head of a pull request; return what to say of it. Raises `Transient`.

    Only a head that was there for a while before the comment: the newest plan of the branch is of that head, and began `TO_READ` before
    the comment was written. The comment is in that pull request. Whoever may not approve is told nothing of it.
    """
    policy = repo.policy()
    if not policy.bot or not suffices(repo.github.permission(repo.name, request.by), policy.allow["plan_unproved"]):
        return ""
    runs = repo.github.workflow_runs(repo.name, PLAN, event=PROPOSED, branch=pull.head)
    newest = max(runs, key=lambda run: run.created_at, default=None)
    if newest is None or newest.head_sha != pull.head_sha or newest.created_at > approval.at - TO_READ:
        return texts.too_early(approval.environment, pull.head_sha)
    context = CONTEXT.format(environment=approval.environment)
    repo.github.set_status(repo.name, pull.head_sha, context, str(request.by))
    return texts.approved(pull.head_sha)


def plan_approved(repo: Repository, event: ReviewApproved) -> bool:
    """Start the plan of a head again that an approving review lets be planned; say whether it runs. Raises `Transient`.

    The plan reads the review itself, so a run that is started for nothing plans nothing: this only saves a person a `/plan`.
    """
    pull = repo.github.pull_request(repo.name, event.number)
    if pull is None or pull.state != "open" or pull.head_sha != event.commit or not pull.is_from(repo.name):
        return False
    if not suffices(repo.github.permission(repo.name, event.author), repo.policy().allow["plan_unproved"]):
        return False
    check = newest_check(repo, pull.head_sha, REQUIRED_CHECK)
    if check is None or check.conclusion in (None, "success"):
        return False
    return isinstance(planned_again(repo, pull, None, event.submitted_at), str)


def newest_approval(repo: Repository, pull: PullRequest) -> PullRequestReview | None:
    """Return the newest review that approves the head of a pull request, by somebody who may have it planned if there is one. Raises `Transient`."""
    needed = repo.policy().allow["plan_unproved"]
    newest_first = sorted(_reviews(repo, pull), key=lambda each: each.submitted_at, reverse=True)
    by_right = (each for each in newest_first if suffices(repo.github.permission(repo.name, each.author), needed))
    return next(by_right, None) or next(iter(newest_first), None)


def plan_approved_meanwhile(repo: Repository, event: RunCompleted) -> bool:
    """Start a plan again that failed while somebody approved its commit: it had asked for approvals before; say whether it runs.

    The run that is started is newer than the approval, so it is started once. Raises `Transient`.
    """
    began = event.started_at.replace(microsecond=0)
    for pull in repo.github.pull_requests_for_commit(repo.name, event.head_sha):
        if pull.state != "open" or pull.head_sha != event.head_sha or not pull.is_from(repo.name):
            continue
        needed = repo.policy().allow["plan_unproved"]
        for by, at in _approvals(repo, pull):
            if at >= began and suffices(repo.github.permission(repo.name, by), needed):
                return isinstance(planned_again(repo, pull, None, at), str)
    return False


def _approvals(repo: Repository, pull: PullRequest) -> Iterator[tuple[str, datetime]]:
    """Yield who has approved the head of a pull request and when, by a review or by a `/plan` that we wrote down."""
    for review in _reviews(repo, pull):
        yield review.author, datetime.fromisoformat(review.submitted_at)
    us, context = repo.github.identity().casefold(), CONTEXT.partition("{")[0]
    for status in repo.github.statuses(repo.name, pull.head_sha):
        if status.creator.casefold() == us and status.context.startswith(context):
            yield status.description, datetime.fromisoformat(status.created_at)


def _reviews(repo: Repository, pull: PullRequest) -> Iterator[PullRequestReview]:
    for review in repo.github.reviews(repo.name, pull.number):
        if (review.state, review.commit) == ("APPROVED", pull.head_sha) and review.submitted_at:
            yield review

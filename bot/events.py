"""What a webhook's delivery says, as far as we care. The only place that knows the shape of GitHub's payloads.

Fields that we don't use are not looked at, so a payload that grows breaks nothing. What is no event of ours is `Ignored`,
with the reason for the log: a comment that was edited or deleted, or written by a bot, never becomes a command.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, ValidationError

from bot.model.base import Document, ForeignDocument
from bot.names import EnvironmentName, RepositoryName


class CommentCreated(Document):
    """A person wrote a comment on an issue or pull request. `author` is a login as GitHub spells it."""

    kind: Literal["comment"] = "comment"
    repository: RepositoryName
    issue: int
    is_pull_request: bool
    comment: int
    author: str
    body: str
    url: str
    created_at: datetime


class PullRequestChanged(Document):
    """A pull request was opened, reopened, pushed to or closed (`is_merged` tells how). `head_repository` is None for a lost fork."""

    kind: Literal["pull_request"] = "pull_request"
    repository: RepositoryName
    number: int
    action: Literal["opened", "reopened", "synchronize", "closed"]
    is_merged: bool
    author: str
    sender: str
    head: str
    head_sha: str
    head_repository: RepositoryName | None
    base: str
    merge_commit_sha: str | None


class ReviewApproved(Document):
    """Somebody approved a pull request, at one commit. Who may, and whether it counts, is asked anew."""

    kind: Literal["review"] = "review"
    repository: RepositoryName
    number: int
    review: int
    commit: str
    author: str
    submitted_at: datetime


class CheckRunCompleted(Document):
    """A check of a commit came to its conclusion. `app` is the slug of the app that made it."""

    kind: Literal["check_run"] = "check_run"
    repository: RepositoryName
    check: int
    name: str
    head_sha: str
    conclusion: str
    app: str
    external_id: str | None
    pull_requests: tuple[int, ...]


class DeploymentStatusCreated(Document):
    """Something was said of a deployment."""

    kind: Literal["deployment_status"] = "deployment_status"
    repository: RepositoryName
    deployment: int
    status: int
    environment: str
    sha: str
    state: str
    description: str
    environment_url: str
    log_url: str
    creator: str


class Tick(Document):
    """A time has come at which something may be due in a repository, or, with `environment`, is due there. No delivery says so."""

    kind: Literal["tick"] = "tick"
    repository: RepositoryName
    slot: int
    environment: EnvironmentName | None = None


class Ping(Document):
    """GitHub tries whether the webhook is reachable."""

    kind: Literal["ping"] = "ping"
    hook: int | None


class Ignored(Document):
    """Nothing for us, and why."""

    kind: Literal["ignored"] = "ignored"
    reason: str


Event: TypeAlias = Annotated[
    CommentCreated
    | PullRequestChanged
    | ReviewApproved
    | CheckRunCompleted
    | DeploymentStatusCreated
    | Tick
    | Ping
    | Ignored,
    Field(discriminator="kind"),
]

EVENTS = ("issue_comment", "pull_request", "pull_request_review", "check_run", "deployment_status", "ping")
"""The events to subscribe to, by GitHub's names."""


def parse(name: str, body: bytes) -> Event:
    """Read a delivery: its event's name and its raw JSON body."""
    reader = _READERS.get(name)
    if reader is None:
        return Ignored(reason=f"unsupported event {name}")
    try:
        return reader(body)
    except ValidationError as error:
        places = sorted({".".join(map(str, problem["loc"])) or "the body" for problem in error.errors()})
        return Ignored(reason=f"unreadable {name}: {', '.join(places[:5])}")


class _User(ForeignDocument):
    login: str
    type: str = "User"

    @property
    def is_bot(self) -> bool:
        return self.type == "Bot" or self.login.endswith("[bot]")


_GHOST = _User(login="ghost")


class _Repository(ForeignDocument):
    full_name: RepositoryName


class _Issue(ForeignDocument):
    number: int
    pull_request: dict[str, object] | None = None


class _Comment(ForeignDocument):
    id: int
    body: str | None
    html_url: str
    created_at: datetime
    user: _User | None


class _IssueComment(ForeignDocument):
    action: str
    repository: _Repository
    issue: _Issue
    comment: _Comment


class _Branch(ForeignDocument):
    ref: str
    sha: str
    repo: _Repository | None = None


class _Pull(ForeignDocument):
    number: int
    user: _User | None
    head: _Branch
    base: _Branch
    merged: bool = False
    merge_commit_sha: str | None = None


class _PullRequest(ForeignDocument):
    action: str
    repository: _Repository
    pull_request: _Pull
    sender: _User | None = None


class _Review(ForeignDocument):
    id: int
    user: _User | None
    state: str
    commit_id: str | None
    submitted_at: datetime | None = None


class _ReviewedPull(ForeignDocument):
    number: int


class _PullRequestReview(ForeignDocument):
    action: str
    repository: _Repository
    pull_request: _ReviewedPull
    review: _Review


class _App(ForeignDocument):
    slug: str | None = None


class _Number(ForeignDocument):
    number: int


class _Run(ForeignDocument):
    id: int
    name: str
    head_sha: str
    conclusion: str | None
    external_id: str | None = None
    app: _App | None = None
    pull_requests: tuple[_Number, ...] = ()


class _CheckRun(ForeignDocument):
    action: str
    repository: _Repository
    check_run: _Run


class _Deployment(ForeignDocument):
    id: int
    environment: str
    sha: str


class _Status(ForeignDocument):
    id: int
    state: str
    description: str | None = None
    environment_url: str | None = None
    target_url: str | None = None
    log_url: str | None = None
    creator: _User | None = None


class _DeploymentStatus(ForeignDocument):
    action: str
    repository: _Repository
    deployment: _Deployment
    deployment_status: _Status


class _Ping(ForeignDocument):
    hook_id: int | None = None


def _comment(body: bytes) -> Event:
    payload = _IssueComment.model_validate_json(body)
    author = payload.comment.user or _GHOST
    if payload.action != "created":
        return Ignored(reason=f"a comment was {payload.action}")
    if author.is_bot:
        return Ignored(reason=f"a comment by the bot {author.login}")
    return CommentCreated(
        repository=payload.repository.full_name,
        issue=payload.issue.number,
        is_pull_request=payload.issue.pull_request is not None,
        comment=payload.comment.id,
        author=author.login,
        body=payload.comment.body or "",
        url=payload.comment.html_url,
        created_at=payload.comment.created_at,
    )


def _pull_request(body: bytes) -> Event:
    payload = _PullRequest.model_validate_json(body)
    pull = payload.pull_request
    if payload.action not in ("opened", "reopened", "synchronize", "closed"):
        return Ignored(reason=f"a pull request was {payload.action}")
    return PullRequestChanged(
        repository=payload.repository.full_name,
        number=pull.number,
        action=payload.action,
        is_merged=pull.merged,
        author=(pull.user or _GHOST).login,
        sender=(payload.sender or _GHOST).login,
        head=pull.head.ref,
        head_sha=pull.head.sha,
        head_repository=pull.head.repo.full_name if pull.head.repo else None,
        base=pull.base.ref,
        merge_commit_sha=pull.merge_commit_sha,
    )


def _review(body: bytes) -> Event:
    payload = _PullRequestReview.model_validate_json(body)
    review = payload.review
    if payload.action != "submitted" or review.state.lower() != "approved":
        return Ignored(reason=f"a review was {payload.action} ({review.state.lower()})")
    if review.commit_id is None or review.submitted_at is None:
        return Ignored(reason="a review of no commit")
    return ReviewApproved(
        repository=payload.repository.full_name,
        number=payload.pull_request.number,
        review=review.id,
        commit=review.commit_id,
        author=(review.user or _GHOST).login,
        submitted_at=review.submitted_at,
    )


def _check_run(body: bytes) -> Event:
    payload = _CheckRun.model_validate_json(body)
    run = payload.check_run
    if payload.action != "completed":
        return Ignored(reason=f"a check was {payload.action}")
    return CheckRunCompleted(
        repository=payload.repository.full_name,
        check=run.id,
        name=run.name,
        head_sha=run.head_sha,
        conclusion=run.conclusion or "neutral",
        app=(run.app.slug if run.app else None) or "",
        external_id=run.external_id or None,
        pull_requests=tuple(pull.number for pull in run.pull_requests),
    )


def _deployment_status(body: bytes) -> Event:
    payload = _DeploymentStatus.model_validate_json(body)
    status = payload.deployment_status
    if payload.action != "created":
        return Ignored(reason=f"a deployment status was {payload.action}")
    return DeploymentStatusCreated(
        repository=payload.repository.full_name,
        deployment=payload.deployment.id,
        status=status.id,
        environment=payload.deployment.environment,
        sha=payload.deployment.sha,
        state=status.state,
        description=status.description or "",
        environment_url=status.environment_url or "",
        log_url=status.log_url or status.target_url or "",
        creator=(status.creator or _GHOST).login,
    )


def _ping(body: bytes) -> Event:
    return Ping(hook=_Ping.model_validate_json(body).hook_id)


_READERS = {
    "issue_comment": _comment,
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "check_run": _check_run,
    "deployment_status": _deployment_status,
    "ping": _ping,
}

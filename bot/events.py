"""What happens that a job may be made of: what a webhook's delivery says, as far as we care, and what time brings."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from bot.model.base import Document
from bot.names import EnvironmentName, RepositoryName


class CommentCreated(Document):
    """A person wrote a comment on an issue or pull request, or opened one with this text. `author` is a login as GitHub spells it.

    `comment` is the comment's id, or says that it is the `opening_text`.
    """

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
    """A pull request was opened, reopened, pushed to, retargeted to another branch or closed (`is_merged` tells how).

    `head_repository` is None for a lost fork.
    `opening` is the text that a person opened it with just now.
    """

    kind: Literal["pull_request"] = "pull_request"
    repository: RepositoryName
    number: int
    action: Literal["opened", "reopened", "synchronize", "retargeted", "closed"]
    is_merged: bool
    author: str
    sender: str
    head: str
    head_sha: str
    head_repository: RepositoryName | None
    base: str
    merge_commit_sha: str | None
    opening: CommentCreated | None = None


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


class RunCompleted(Document):
    """A run of a workflow came to its end. `workflow` is the path of its file; `head_sha` is the commit that its checks stand on.

    `title` is what GitHub calls the run, `trigger` the event that started it, on the branch `head`.
    """

    kind: Literal["run"] = "run"
    repository: RepositoryName
    run: int
    attempt: int = 1
    title: str = ""
    workflow: str
    trigger: str
    head: str
    head_sha: str
    conclusion: str
    started_at: datetime
    url: str


class Tick(Document):
    """A time has come at which something may be due in a repository, or, with `environment`, is due there. No delivery says so."""

    kind: Literal["tick"] = "tick"
    repository: RepositoryName
    slot: int
    environment: EnvironmentName | None = None


class RolloutDue(Document):
    """It is time to look how far the rollouts of a repository's templates have come. `slot` sets this look apart from others.

    `environments` are those that something has happened to; without them all are looked at.
    """

    kind: Literal["rollout"] = "rollout"
    repository: RepositoryName
    slot: str
    environments: tuple[EnvironmentName, ...] = ()


class PreviewDue(Document):
    """The pull request that an environment tries was pushed to, or reopened."""

    kind: Literal["preview"] = "preview"
    repository: RepositoryName
    environment: EnvironmentName


class DispatchReceived(Document):
    """Another repository asks for something, in a text that it has signed. Nothing of it is known to be true yet."""

    kind: Literal["dispatch"] = "dispatch"
    repository: RepositoryName
    request: str
    signature: str


class LookBack(Document):
    """It is time to look for comments whose deliveries never came. `at` sets this look apart from others, in Unix seconds."""

    kind: Literal["look_back"] = "look_back"
    repository: RepositoryName
    since: datetime
    at: int


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
    | RunCompleted
    | Tick
    | RolloutDue
    | PreviewDue
    | DispatchReceived
    | LookBack
    | Ping
    | Ignored,
    Field(discriminator="kind"),
]

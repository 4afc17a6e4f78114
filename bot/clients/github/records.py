"""What GitHub tells us, as values. Logins are plain text as GitHub spells them: others' accounts follow older rules than ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from bot.model.pipeline import Json
from bot.names import Login, RepositoryName

CheckConclusion: TypeAlias = Literal[
    "action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"
]
StatusState: TypeAlias = Literal["pending", "success", "failure"]
Progress: TypeAlias = Literal["queued", "in_progress", "completed"]
DeploymentState: TypeAlias = Literal["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]
IssueStatus: TypeAlias = Literal["open", "closed"]
Reaction: TypeAlias = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]

ACTIONS_APP = "github-actions"
"""The app that a workflow's own token acts as; checks by any other app are not ours."""
OURS = "envclone"
"""The key in the payload of each deployment of ours; its value is the verb, `apply` or `destroy`."""


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """What a GitHub App may do, by the API's names, and which events it hears of."""

    permissions: Mapping[str, str]
    events: Sequence[str]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an issue or pull request."""

    id: int
    issue: int
    body: str
    author: str
    author_is_bot: bool
    created_at: datetime
    updated_at: datetime
    url: str
    reactions: frozenset[str] = frozenset()
    """How anybody reacted to it, as GitHub counts it in a listing."""

    @property
    def is_edited(self) -> bool:
        return self.updated_at > self.created_at


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request; `head_repository` is None when the fork it came from is gone."""

    number: int
    title: str
    body: str
    url: str
    author: str
    state: Literal["open", "closed"]
    is_merged: bool
    head: str
    head_sha: str
    head_repository: RepositoryName | None
    base: str
    base_sha: str
    merge_commit_sha: str | None
    labels: tuple[str, ...] = ()
    closed_at: datetime | None = None

    @property
    def is_given_up(self) -> bool:
        return self.state == "closed" and not self.is_merged

    def is_from(self, repository: RepositoryName) -> bool:
        """Say whether the branch lies in this repository, and not in a fork that anybody may write to."""
        return self.head_repository is not None and self.head_repository.casefold() == repository.casefold()


@dataclass(frozen=True, slots=True)
class PullRequestReview:
    """A review of a pull request at a commit. `state` is GitHub's word (`APPROVED`); dismissed ones say so."""

    id: int
    author: str
    state: str
    commit: str
    submitted_at: str
    """As GitHub writes it (ISO 8601, UTC), so that texts are in the order of the moments."""


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """A status of a commit; `creator` is who wrote it, whatever it says."""

    context: str
    creator: str
    description: str
    state: str
    created_at: str


@dataclass(frozen=True, slots=True)
class PullRequestSpec:
    """A pull request that should be there. `head` is a branch of the repository itself; reviewers are asked if they can be."""

    head: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    reviewers: tuple[Login, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckState:
    """What a check is to say. `conclusion` is given when, and only when, it is completed."""

    title: str
    summary: str
    conclusion: CheckConclusion | None = None
    progress: Progress = "completed"
    text: str | None = None
    external_id: str | None = None
    details_url: str | None = None

    def __post_init__(self) -> None:
        if (self.conclusion is not None) != (self.progress == "completed"):
            raise ValueError("a check has a conclusion if and only if it is completed")


@dataclass(frozen=True, slots=True)
class Check:
    """A check run of a commit. `app` is the slug of the app that made it, which no commenter can forge.

    `external_id` is ours to choose, and where a run of ours puts the check, the page of that run.
    """

    id: int
    name: str
    head_sha: str
    progress: Progress
    conclusion: CheckConclusion | None
    app: str
    external_id: str | None
    details_url: str | None
    title: str
    summary: str
    text: str
    url: str

    def is_by(self, run: str) -> bool:
        """Say whether the run with that page has put it, as far as it says so itself."""
        # Not by `details_url`: GitHub ignores the one that a workflow's own token gives (https://github.com/actions/github-script/issues/143).
        return run == self.external_id


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a commit to an environment; `payload` is what its creator put there."""

    id: int
    sha: str
    ref: str
    environment: str
    creator: str
    description: str
    created_at: datetime
    payload: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """What is said of a deployment. Empty texts are left out."""

    state: DeploymentState
    description: str = ""
    environment_url: str = ""
    log_url: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow; `started_at` is when its newest attempt began. `progress` has more words than we know."""

    id: int
    workflow: str
    """The path of its file."""
    trigger: str
    """GitHub's name of the event that started it (`push`)."""
    title: str
    progress: str
    conclusion: str | None
    head_sha: str
    attempt: int
    created_at: datetime
    started_at: datetime
    url: str

    @property
    def is_over(self) -> bool:
        return self.progress == "completed"


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """A step of a job; without `took` it has not ended, or GitHub does not say when."""

    name: str
    conclusion: str | None
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """A job of a run in one attempt; of a matrix each instance is one."""

    name: str
    progress: str
    conclusion: str | None
    attempt: int
    started_at: datetime
    steps: tuple[WorkflowStep, ...]

    @property
    def is_begun(self) -> bool:
        """Say whether a runner took it, which begins with steps of its own: one that was cancelled while it waited never began."""
        return bool(self.steps)


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue that is not a pull request."""

    number: int
    title: str
    body: str
    author: str
    state: IssueStatus
    url: str
    labels: tuple[str, ...] = ()

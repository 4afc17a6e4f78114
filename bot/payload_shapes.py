"""The shape of GitHub's payloads, as far as we read them. Fields that we don't use are not looked at, so a payload that grows breaks nothing."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from bot.model.base import ForeignDocument
from bot.names import RepositoryName


class DeliveredUser(ForeignDocument):
    login: str
    type: str = "User"

    @property
    def is_bot(self) -> bool:
        return self.type == "Bot" or self.login.endswith("[bot]")


GHOST_USER = DeliveredUser(login="ghost")


class DeliveredRepository(ForeignDocument):
    full_name: RepositoryName


class DeliveredIssue(ForeignDocument):
    number: int
    pull_request: dict[str, object] | None = None


class DeliveredOpened(ForeignDocument):
    """An issue or pull request with the text that it has."""

    number: int
    user: DeliveredUser | None
    body: str | None = None
    html_url: str
    created_at: datetime


class DeliveredIssues(ForeignDocument):
    action: str
    repository: DeliveredRepository
    issue: DeliveredOpened
    sender: DeliveredUser | None = None
    changes: dict[str, object] | None = None


class DeliveredComment(ForeignDocument):
    id: int
    body: str | None
    html_url: str
    created_at: datetime
    user: DeliveredUser | None


class DeliveredIssueComment(ForeignDocument):
    action: str
    repository: DeliveredRepository
    issue: DeliveredIssue
    comment: DeliveredComment


class DeliveredBranch(ForeignDocument):
    ref: str
    sha: str
    repo: DeliveredRepository | None = None


class DeliveredPull(DeliveredOpened):
    head: DeliveredBranch
    base: DeliveredBranch
    merged: bool = False
    merge_commit_sha: str | None = None


class DeliveredPullRequest(ForeignDocument):
    action: str
    repository: DeliveredRepository
    pull_request: DeliveredPull
    sender: DeliveredUser | None = None
    changes: dict[str, object] | None = None


class DeliveredReview(ForeignDocument):
    id: int
    user: DeliveredUser | None
    state: str
    commit_id: str | None
    submitted_at: datetime | None = None


class DeliveredReviewedPull(ForeignDocument):
    number: int


class DeliveredPullRequestReview(ForeignDocument):
    action: str
    repository: DeliveredRepository
    pull_request: DeliveredReviewedPull
    review: DeliveredReview


class DeliveredApp(ForeignDocument):
    slug: str | None = None


class DeliveredNumber(ForeignDocument):
    number: int


class DeliveredRun(ForeignDocument):
    id: int
    name: str
    head_sha: str
    conclusion: str | None
    external_id: str | None = None
    app: DeliveredApp | None = None
    pull_requests: tuple[DeliveredNumber, ...] = ()


class DeliveredCheckRun(ForeignDocument):
    action: str
    repository: DeliveredRepository
    check_run: DeliveredRun


class DeliveredDeployment(ForeignDocument):
    id: int
    environment: str
    sha: str


class DeliveredStatus(ForeignDocument):
    id: int
    state: str
    description: str | None = None
    environment_url: str | None = None
    target_url: str | None = None
    log_url: str | None = None
    creator: DeliveredUser | None = None


class DeliveredDeploymentStatus(ForeignDocument):
    action: str
    repository: DeliveredRepository
    deployment: DeliveredDeployment
    deployment_status: DeliveredStatus


class DeliveredWorkflowRun(ForeignDocument):
    id: int
    run_attempt: int = 1
    display_title: str = ""
    path: str
    event: str
    head_branch: str | None = None
    head_sha: str
    conclusion: str | None
    created_at: datetime
    run_started_at: datetime | None = None
    html_url: str


class DeliveredRunOfWorkflow(ForeignDocument):
    action: str
    repository: DeliveredRepository
    workflow_run: DeliveredWorkflowRun


class DeliveredSigned(ForeignDocument):
    request: Annotated[str, Field(max_length=20_000)]
    signature: Annotated[str, Field(max_length=100)]


class DeliveredDispatch(ForeignDocument):
    action: str
    repository: DeliveredRepository
    client_payload: dict[str, object] | None = None


class DeliveredPing(ForeignDocument):
    hook_id: int | None = None

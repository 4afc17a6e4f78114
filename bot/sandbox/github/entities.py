"""What a forge knows: frozen records, replaced as a whole when something changes.

Every record carries the fields GitHub shows for it and no more. Times are aware and in UTC. Ids are unique per kind,
numbers are unique per repository (issues and pull requests share them, as on GitHub).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

RoleName = Literal["none", "read", "triage", "write", "maintain", "admin"]
AccountType = Literal["User", "Organization", "Bot"]
Level = Literal["read", "write", "admin"]
Permissions = Mapping[str, Level]
JsonObject = dict[str, object]

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
NO_COMMIT = "0" * 40


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A person, an organization, or the bot user of an app (login ends in `[bot]`)."""

    id: int
    login: str
    type: AccountType
    created_at: datetime

    @property
    def email(self) -> str:
        """The address GitHub writes into commits made for this account."""
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(frozen=True, slots=True)
class AppRecord:
    """A GitHub App. `private_key` is PEM (PKCS #1), made when the app is created; `public_key` verifies its JWTs."""

    id: int
    slug: str
    name: str
    owner: AccountRecord
    bot: AccountRecord
    client_id: str
    permissions: Permissions
    events: tuple[str, ...]
    created_at: datetime
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstallationRecord:
    """An app installed on an account; `repository_ids` is None when it may see all of the account's repositories."""

    id: int
    app: AppRecord
    account: AccountRecord
    permissions: Permissions
    repository_ids: frozenset[int] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request acts as.

    A person has `permissions` None: the role in the repository decides. An installation or workflow token has an `app`
    and its permissions. `itself` marks an app authenticated by its own JWT, which may only call the `/app` operations.
    """

    account: AccountRecord
    app: AppRecord | None = None
    installation_id: int | None = None
    permissions: Permissions | None = None
    repository_ids: frozenset[int] | None = None
    starts_workflows: bool = True
    itself: bool = False


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A secret and what it stands for; `expires_at` None never expires."""

    secret: str = field(repr=False)
    identity: Caller
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProtectionRecord:
    """Rules of one branch: no direct pushes, and the checks (by name) that must succeed before a merge."""

    branch: str
    required_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """A deployment environment, and whether only protected branches may use it."""

    id: int
    name: str
    protected_branches: bool


@dataclass(frozen=True, slots=True)
class RepositoryRecord:
    """A repository; its bare git directory is `root/repositories/<owner>/<name>.git`. A fork has a parent."""

    id: int
    owner: AccountRecord
    name: str
    default_branch: str
    private: bool
    description: str | None
    created_at: datetime
    pushed_at: datetime
    parent_id: int | None = None
    protections: tuple[ProtectionRecord, ...] = ()
    environments: tuple[EnvironmentRecord, ...] = ()
    archived: bool = False

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner.login}/{self.name}"

    def protection(self, branch: str) -> ProtectionRecord | None:
        """Return the rules of a branch, or None."""
        return next((p for p in self.protections if p.branch == branch), None)


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """A label of a repository; `color` is six hexadecimal digits."""

    id: int
    repository_id: int
    name: str
    color: str
    description: str | None


@dataclass(frozen=True, slots=True)
class PullRecord:
    """What makes an issue a pull request. `base_sha` is the base branch's commit when the head last moved.

    The head's branch lies in `head_repository_id`: the issue's own repository, or a fork of it.
    """

    id: int
    head_repository_id: int
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    reviewers: tuple[AccountRecord, ...] = ()
    merged_at: datetime | None = None
    merged_by: AccountRecord | None = None
    merge_commit_sha: str | None = None


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """An issue, or (with `pull`) a pull request. `labels` are names."""

    id: int
    repository_id: int
    number: int
    title: str
    body: str | None
    author: AccountRecord
    created_at: datetime
    updated_at: datetime
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    labels: tuple[str, ...] = ()
    assignees: tuple[AccountRecord, ...] = ()
    closed_at: datetime | None = None
    closed_by: AccountRecord | None = None
    via_app: AppRecord | None = None
    pull: PullRecord | None = None


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """A comment on an issue or pull request."""

    id: int
    repository_id: int
    number: int
    author: AccountRecord
    body: str
    created_at: datetime
    updated_at: datetime
    via_app: AppRecord | None = None


@dataclass(frozen=True, slots=True)
class ReactionSubject:
    """What a reaction is on: an issue (by its id) or a comment."""

    kind: Literal["issue", "comment"]
    id: int


@dataclass(frozen=True, slots=True)
class ReactionRecord:
    """One of `REACTIONS`, by one account, on one subject; the triple is unique."""

    id: int
    subject: ReactionSubject
    author: AccountRecord
    content: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CheckOutput:
    """What a check run shows; annotations are kept as given."""

    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckRunRecord:
    """A check run, always made by an app."""

    id: int
    repository_id: int
    suite_id: int
    app: AppRecord
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None
    details_url: str | None
    external_id: str | None
    output: CheckOutput


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """A person's review of a pull request, at the commit that it was written about."""

    id: int
    sha: str
    state: str
    body: str
    author: AccountRecord
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class CommitStatusRecord:
    """A status of a commit in a context."""

    id: int
    repository_id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: AccountRecord
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeploymentStatusRecord:
    """One step of a deployment's life."""

    id: int
    deployment_id: int
    state: str
    description: str
    environment: str
    environment_url: str
    log_url: str
    creator: AccountRecord
    created_at: datetime
    via_app: AppRecord | None = None


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """A deployment of a commit to a named environment. `payload` is the caller's own JSON."""

    id: int
    repository_id: int
    sha: str
    ref: str
    task: str
    payload: JsonObject | str
    environment: str
    original_environment: str
    description: str | None
    transient: bool
    production: bool
    creator: AccountRecord
    created_at: datetime
    updated_at: datetime
    via_app: AppRecord | None = None


@dataclass(frozen=True, slots=True)
class WorkflowRecord:
    """A workflow file, known by its path."""

    id: int
    repository_id: int
    path: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkflowRunRecord:
    """A run of a workflow, recorded by whoever runs it."""

    id: int
    repository_id: int
    workflow: WorkflowRecord
    run_number: int
    event: str
    head_branch: str | None
    head_sha: str
    status: str
    conclusion: str | None
    title: str
    actor: AccountRecord
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """A zip archive kept by a run; `key` is the secret part of its download address."""

    id: int
    repository_id: int
    run: WorkflowRunRecord
    name: str
    archive: bytes = field(repr=False)
    key: str = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HookRecord:
    """A webhook of a repository (by id), or of an app (then payloads carry its installation). `*` is every event."""

    id: int
    url: str
    secret: str = field(repr=False)
    events: tuple[str, ...]
    repository_id: int | None
    app: AppRecord | None

    def wants(self, event: str, repository_id: int) -> bool:
        """Say whether this hook hears of an event in a repository."""
        return ("*" in self.events or event in self.events) and self.repository_id in (None, repository_id)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One attempt to deliver an event. `status` 0: no answer, and `response` says why. `guid` is X-GitHub-Delivery."""

    id: int
    guid: str
    hook: HookRecord
    event: str
    action: str | None
    repository_id: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    redelivery: bool
    delivered_at: datetime
    seconds: float
    status: int
    response: str

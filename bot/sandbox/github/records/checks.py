"""What is reported of a commit: check runs, statuses, deployments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.github.records.accounts import AccountRecord, AppRecord

JsonObject = dict[str, object]


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

"""Workflow files, their runs, and what these keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.github.records.accounts import AccountRecord


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
class StepRecord:
    """A step of a job, which has ended; `name` is its own in the workflow file."""

    name: str
    conclusion: str
    started_at: datetime
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job of a run in one attempt; `conclusion` is None while it is under way. One that was cancelled in the queue never began."""

    id: int
    name: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    attempt: int = 1
    is_begun: bool = True
    steps: tuple[StepRecord, ...] = ()


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

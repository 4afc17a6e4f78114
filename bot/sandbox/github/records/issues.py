"""Issues and pull requests, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.sandbox.github.records.accounts import AccountRecord, AppRecord

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


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
class ReviewRecord:
    """A person's review of a pull request, at the commit that it was written about."""

    id: int
    sha: str
    state: str
    body: str
    author: AccountRecord
    submitted_at: datetime

"""The forge's memory: tables of frozen records behind one lock.

Nothing here knows of HTTP, git or permissions. A writer holds `lock` from its first read to its last write; requests are
short (git included, a few milliseconds each), so one lock is enough and rules out half-made changes.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.sandbox.github.records.accounts import (
    AccountRecord,
    AppCodeRecord,
    AppRecord,
    InstallationRecord,
    RoleName,
    TokenRecord,
)
from bot.sandbox.github.records.checks import (
    CheckRunRecord,
    CommitStatusRecord,
    DeploymentRecord,
    DeploymentStatusRecord,
)
from bot.sandbox.github.records.hooks import HookRecord
from bot.sandbox.github.records.issues import CommentRecord, IssueRecord, ReactionRecord, ReactionSubject, ReviewRecord
from bot.sandbox.github.records.repositories import LabelRecord, RepositoryRecord
from bot.sandbox.github.records.runs import ArtifactRecord, JobRecord, WorkflowRecord, WorkflowRunRecord

ForgeClock = Callable[[], datetime]
# Where each kind of id starts: the size GitHub's own have today, so that a client that keeps them in 32 bits fails here.
FIRST_ID = 2_900_000_000


def utc_now() -> datetime:
    """Return the time in whole seconds, as GitHub shows it."""
    return datetime.now(UTC).replace(microsecond=0)


class ForgeState:
    """All tables of one forge. Logins and repository names are found in any case, as on GitHub."""

    def __init__(self, clock: ForgeClock = utc_now) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._ids: Iterator[int] = itertools.count(FIRST_ID)
        self._small_ids: Iterator[int] = itertools.count(1_200_000)
        self._numbers: dict[int, int] = defaultdict(int)
        self.accounts: dict[str, AccountRecord] = {}
        self.repositories: dict[str, RepositoryRecord] = {}
        self.former_names: dict[str, int] = {}
        """Ids of repositories, by names that they had."""
        self.roles: dict[tuple[int, int], RoleName] = {}
        self.rebased: dict[str, str] = {}
        """Which commit of a branch a commit that a rebase merge wrote was."""
        self.tokens: dict[str, TokenRecord] = {}
        self.apps: dict[int, AppRecord] = {}
        self.app_codes: dict[str, AppCodeRecord] = {}
        """What an app that was made of a manifest is handed out for, once."""
        self.installations: dict[int, InstallationRecord] = {}
        self.issues: dict[tuple[int, int], IssueRecord] = {}
        self.comments: dict[int, CommentRecord] = {}
        self.thread: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.reactions: dict[ReactionSubject, list[ReactionRecord]] = defaultdict(list)
        self.labels: dict[tuple[int, str], LabelRecord] = {}
        self.checks: dict[int, CheckRunRecord] = {}
        self.checks_of: dict[tuple[int, str], list[int]] = defaultdict(list)
        self.reviews: dict[tuple[int, int], list[ReviewRecord]] = defaultdict(list)
        self.statuses: dict[tuple[int, str], list[CommitStatusRecord]] = defaultdict(list)
        self.deployments: dict[int, DeploymentRecord] = {}
        self.deployment_statuses: dict[int, list[DeploymentStatusRecord]] = defaultdict(list)
        self.workflows: dict[tuple[int, str], WorkflowRecord] = {}
        self.runs: dict[int, WorkflowRunRecord] = {}
        self.jobs: dict[int, dict[str, JobRecord]] = defaultdict(dict)
        """Those of each run's newest attempt, by name."""
        self.earlier_jobs: dict[int, list[JobRecord]] = defaultdict(list)
        """The jobs of a run's newest attempt by the run's id, and by their names."""
        self.logs: dict[int, Path] = {}
        """Where the log of a run's last attempt is written, by the run's id."""
        self.artifacts: dict[int, ArtifactRecord] = {}
        self.hooks: dict[int, HookRecord] = {}

    def next_id(self) -> int:
        """Return a fresh id of the size GitHub gives to issues, comments and runs."""
        return next(self._ids)

    def next_small_id(self) -> int:
        """Return a fresh id of the size GitHub gives to accounts, apps, installations and hooks."""
        return next(self._small_ids)

    def next_number(self, repository: RepositoryRecord) -> int:
        """Return the next number of an issue or pull request."""
        self._numbers[repository.id] += 1
        return self._numbers[repository.id]

    def account(self, login: str) -> AccountRecord | None:
        """Find an account by its login."""
        return self.accounts.get(login.casefold())

    def add_account(self, account: AccountRecord) -> AccountRecord:
        """Remember an account."""
        self.accounts[account.login.casefold()] = account
        return account

    def repository(self, full_name: str) -> RepositoryRecord | None:
        """Find a repository by `owner/name`."""
        return self.repositories.get(full_name.casefold())

    def moved(self, former_name: str) -> RepositoryRecord | None:
        """Find a repository by a name that it had and that no other has now."""
        known = self.former_names.get(former_name.casefold())
        return None if known is None or self.repository(former_name) else self.repository_of(known)

    def repository_of(self, repository_id: int) -> RepositoryRecord:
        """Return a repository that is known to exist."""
        return next(r for r in self.repositories.values() if r.id == repository_id)

    def fork_of(self, repository: RepositoryRecord, owner: str) -> RepositoryRecord | None:
        """Return an account's fork of a repository."""
        same = (r for r in self.repositories.values() if r.owner.login.casefold() == owner.casefold())
        return next((r for r in same if r.parent_id == repository.id), None)

    def add_repository(self, repository: RepositoryRecord) -> RepositoryRecord:
        """Remember a repository, or its new version."""
        self.repositories[repository.full_name.casefold()] = repository
        return repository

    def role(self, repository: RepositoryRecord, account: AccountRecord) -> RoleName:
        """Return an account's role; strangers may read public repositories."""
        default: RoleName = "none" if repository.private else "read"
        return self.roles.get((repository.id, account.id), default)

    def save_issue(self, issue: IssueRecord) -> IssueRecord:
        """Store an issue or its new version, updated now."""
        issue = replace(issue, updated_at=self.clock())
        self.issues[issue.repository_id, issue.number] = issue
        return issue

    def issues_of(self, repository: RepositoryRecord) -> list[IssueRecord]:
        """List issues and pull requests, newest first."""
        found = [issue for (owner, _), issue in self.issues.items() if owner == repository.id]
        return sorted(found, key=lambda issue: -issue.number)

    def open_issues(self, repository: RepositoryRecord) -> int:
        """Count open issues and pull requests together, as GitHub does."""
        return sum(i.state == "open" and i.repository_id == repository.id for i in self.issues.values())

    def comments_of(self, issue: IssueRecord) -> list[CommentRecord]:
        """List an issue's comments, oldest first."""
        return [self.comments[id_] for id_ in self.thread[issue.repository_id, issue.number]]

    def labels_of(self, repository: RepositoryRecord) -> list[LabelRecord]:
        """List a repository's labels by name."""
        found = [label for (owner, _), label in self.labels.items() if owner == repository.id]
        return sorted(found, key=lambda label: label.name)

    def checks_at(self, repository: RepositoryRecord, sha: str) -> list[CheckRunRecord]:
        """List the check runs of a commit, newest first."""
        return [self.checks[id_] for id_ in reversed(self.checks_of[repository.id, sha])]

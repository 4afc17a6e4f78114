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

from bot.sandbox.github.entities import (
    Account,
    App,
    Artifact,
    CheckRun,
    Comment,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Hook,
    Installation,
    Issue,
    Label,
    Reaction,
    Repository,
    Role,
    Subject,
    Token,
    Workflow,
    WorkflowRun,
)

Clock = Callable[[], datetime]
# Where each kind of id starts: the size GitHub's own have today, so that a client that keeps them in 32 bits fails here.
FIRST_ID = 2_900_000_000


def utc_now() -> datetime:
    """Return the time in whole seconds, as GitHub shows it."""
    return datetime.now(UTC).replace(microsecond=0)


class State:
    """All tables of one forge. Logins and repository names are found in any case, as on GitHub."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._ids: Iterator[int] = itertools.count(FIRST_ID)
        self._small_ids: Iterator[int] = itertools.count(1_200_000)
        self._numbers: dict[int, int] = defaultdict(int)
        self.accounts: dict[str, Account] = {}
        self.repositories: dict[str, Repository] = {}
        self.roles: dict[tuple[int, int], Role] = {}
        self.tokens: dict[str, Token] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.issues: dict[tuple[int, int], Issue] = {}
        self.comments: dict[int, Comment] = {}
        self.thread: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.reactions: dict[Subject, list[Reaction]] = defaultdict(list)
        self.labels: dict[tuple[int, str], Label] = {}
        self.checks: dict[int, CheckRun] = {}
        self.checks_of: dict[tuple[int, str], list[int]] = defaultdict(list)
        self.statuses: dict[tuple[int, str], list[CommitStatus]] = defaultdict(list)
        self.deployments: dict[int, Deployment] = {}
        self.deployment_statuses: dict[int, list[DeploymentStatus]] = defaultdict(list)
        self.workflows: dict[tuple[int, str], Workflow] = {}
        self.runs: dict[int, WorkflowRun] = {}
        self.artifacts: dict[int, Artifact] = {}
        self.hooks: dict[int, Hook] = {}

    def next_id(self) -> int:
        """Return a fresh id of the size GitHub gives to issues, comments and runs."""
        return next(self._ids)

    def next_small_id(self) -> int:
        """Return a fresh id of the size GitHub gives to accounts, apps, installations and hooks."""
        return next(self._small_ids)

    def next_number(self, repository: Repository) -> int:
        """Return the next number of an issue or pull request."""
        self._numbers[repository.id] += 1
        return self._numbers[repository.id]

    def account(self, login: str) -> Account | None:
        """Find an account by its login."""
        return self.accounts.get(login.casefold())

    def add_account(self, account: Account) -> Account:
        """Remember an account."""
        self.accounts[account.login.casefold()] = account
        return account

    def repository(self, full_name: str) -> Repository | None:
        """Find a repository by `owner/name`."""
        return self.repositories.get(full_name.casefold())

    def repository_of(self, repository_id: int) -> Repository:
        """Return a repository that is known to exist."""
        return next(r for r in self.repositories.values() if r.id == repository_id)

    def fork_of(self, repository: Repository, owner: str) -> Repository | None:
        """Return an account's fork of a repository."""
        same = (r for r in self.repositories.values() if r.owner.login.casefold() == owner.casefold())
        return next((r for r in same if r.parent_id == repository.id), None)

    def add_repository(self, repository: Repository) -> Repository:
        """Remember a repository, or its new version."""
        self.repositories[repository.full_name.casefold()] = repository
        return repository

    def role(self, repository: Repository, account: Account) -> Role:
        """Return an account's role; strangers may read public repositories."""
        default: Role = "none" if repository.private else "read"
        return self.roles.get((repository.id, account.id), default)

    def save_issue(self, issue: Issue) -> Issue:
        """Store an issue or its new version, updated now."""
        issue = replace(issue, updated_at=self.clock())
        self.issues[issue.repository_id, issue.number] = issue
        return issue

    def issues_of(self, repository: Repository) -> list[Issue]:
        """List issues and pull requests, newest first."""
        found = [issue for (owner, _), issue in self.issues.items() if owner == repository.id]
        return sorted(found, key=lambda issue: -issue.number)

    def open_issues(self, repository: Repository) -> int:
        """Count open issues and pull requests together, as GitHub does."""
        return sum(i.state == "open" and i.repository_id == repository.id for i in self.issues.values())

    def comments_of(self, issue: Issue) -> list[Comment]:
        """List an issue's comments, oldest first."""
        return [self.comments[id_] for id_ in self.thread[issue.repository_id, issue.number]]

    def labels_of(self, repository: Repository) -> list[Label]:
        """List a repository's labels by name."""
        found = [label for (owner, _), label in self.labels.items() if owner == repository.id]
        return sorted(found, key=lambda label: label.name)

    def checks_at(self, repository: Repository, sha: str) -> list[CheckRun]:
        """List the check runs of a commit, newest first."""
        return [self.checks[id_] for id_ in reversed(self.checks_of[repository.id, sha])]

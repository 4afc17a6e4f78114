"""Repositories with their rules, environments and labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.github.records.accounts import AccountRecord

NO_COMMIT = "0" * 40


@dataclass(frozen=True, slots=True)
class ProtectionRecord:
    """Rules of one branch: no direct pushes, and the checks (by name) that must succeed before a merge."""

    branch: str
    required_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """A deployment environment, and the patterns of the branches that may use it: none for the protected ones, None for any."""

    id: int
    name: str
    branches: tuple[str, ...] | None


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
    restricted: tuple[str, ...] = ()
    """Patterns of the references that a ruleset lets nobody create."""

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

"""One forge: its memory, its git directories, its addresses and its event bus, as every verb and operation needs them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.github.answers import not_found
from bot.sandbox.github.git.bare import BareRepository
from bot.sandbox.github.records.accounts import Caller
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.hooks import DeliveryRecord
from bot.sandbox.github.records.issues import IssueRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.state import ForgeState
from bot.sandbox.github.urls import Urls

_ID = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ForgeEvent:
    """Something that happened in a repository: GitHub's event name and payload, and who caused it."""

    name: str
    repository: RepositoryRecord
    payload: JsonObject
    by: Caller


@dataclass(slots=True)
class Forge:
    """Everything a verb works on. `address` is empty, and nothing is announced, while no server runs."""

    root: Path
    state: ForgeState
    announce: Callable[[ForgeEvent], None]
    deliveries: Mapping[int, DeliveryRecord]
    redeliver: Callable[[int], None]
    address: str = ""
    # Differences between two commits never change, so what was computed once is kept (by both ids).
    measured: dict[tuple[str, str], tuple[int, int, int, int]] = field(default_factory=dict)
    mergeable: dict[tuple[str, str], bool] = field(default_factory=dict)

    @property
    def urls(self) -> Urls:
        """Addresses under the running server's own host."""
        return Urls(self.address or "http://127.0.0.1")

    def bare(self, repository: RepositoryRecord) -> BareRepository:
        """Return the repository's git directory."""
        return BareRepository(self.root / "repositories" / repository.owner.login / f"{repository.name}.git")

    def issue(self, repository: RepositoryRecord, number: int) -> IssueRecord:
        """Return an issue or pull request, or raise 404."""
        issue = self.state.issues.get((repository.id, number))
        if issue is None:
            raise not_found()
        return issue

    def pull(self, repository: RepositoryRecord, number: int) -> IssueRecord:
        """Return a pull request, or raise 404 (for an issue, too)."""
        issue = self.issue(repository, number)
        if issue.pull is None:
            raise not_found()
        return issue

    def commit_id(self, repository: RepositoryRecord, revision: str) -> str | None:
        """Resolve what a client calls a commit: branch, `heads/branch`, `tags/tag` or an id."""
        bare = self.bare(repository)
        names = [f"refs/heads/{revision}", f"refs/{revision}", f"refs/tags/{revision}", revision]
        # An id is what is asked for most, and each name that is tried starts git. No reference may be called like one.
        if _ID.fullmatch(revision):
            names.reverse()
        return next((sha for name in names if (sha := bare.resolve(name))), None)


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody doing something in a repository: what every verb begins with."""

    forge: Forge
    repository: RepositoryRecord
    by: Caller

    @property
    def state(self) -> ForgeState:
        """The forge's memory."""
        return self.forge.state

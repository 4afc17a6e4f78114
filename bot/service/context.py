"""What the jobs of the service act on: GitHub, git, and the time."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.clients.git.mirror import Mirror, mirror_path
from bot.clients.git.trees import Author
from bot.clients.github.client import GitHub
from bot.clients.manifest_cache import ManifestCache
from bot.core.rendering.inventory import Remnant
from bot.errors import Finding
from bot.model.environment import Manifest
from bot.names import RepositoryName
from bot.service.author_limit import AuthorLimit
from bot.service.inventory_reader import LiveListing

BRANCH_KEPT = 60.0
"""Seconds. The default branch can be renamed or switched while the service runs, and asking takes git 50 ms."""


@dataclass(slots=True)
class ServiceContext:
    """Holds the clients, one mirror for each repository, and what was read and never changes."""

    github: GitHub
    git_url: Callable[[RepositoryName], str]
    mirrors_directory: Path
    author: Author
    now: Callable[[], datetime]
    author_limit: AuthorLimit
    own_clock: Callable[[], datetime] | None = None
    """This machine's clock, where `now` is GitHub's."""
    dispatch_secrets: Sequence[str] = ()
    """With which other repositories sign what they ask for."""
    hears_runs_only: bool = False
    """What workflows do is heard of by their runs alone: GitHub starts no workflow for another one's check or deployment."""
    manifests: dict[str, Manifest] = field(default_factory=dict)
    """Manifests by the id of the tree they are in, and by commit and name: ids never change their content."""
    unreadable: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    """What is wrong with manifests that can't be read, by name and the id of the tree they are in: each reading meets them again."""
    bare: set[str] = field(default_factory=set)
    """The ids of trees that have no manifest."""
    seen: dict[RepositoryName, LiveListing] = field(default_factory=dict)
    """The environments of the default branch when they were looked at last."""
    remnants: dict[str, Remnant] = field(default_factory=dict)
    """What is still known of environments that can't be read, by name and the id of the tree they are in."""
    destroyed: set[str] = field(default_factory=set)
    """Commits that removed an environment which is known to be destroyed: that never changes any more."""
    modules_called: dict[RepositoryName, tuple[str, Mapping[str, Sequence[str]]]] = field(default_factory=dict)
    """The commit at which was looked last of which modules environments are made, and what was found."""
    _mirrors: dict[RepositoryName, Mirror] = field(default_factory=dict)
    _branches: dict[RepositoryName, tuple[float, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def surely(self) -> datetime:
        """Return a time that has come by both clocks. By it clones end: one that is ahead, of whoever, ends nothing too early."""
        return min(self.now(), self.own_clock()) if self.own_clock is not None else self.now()

    def kept_manifests(self) -> ManifestCache:
        """Return the manifests that were kept when the process ended."""
        return ManifestCache(self.mirrors_directory / "manifests.sqlite3")

    def mirror(self, repository: RepositoryName) -> Mirror:
        """Return the repository's mirror, made on first use."""
        with self._lock:
            if repository not in self._mirrors:
                path = mirror_path(self.mirrors_directory, repository)
                self._mirrors[repository] = Mirror(
                    path, self.git_url(repository), lambda: self.github.git_credentials(repository)
                )
            return self._mirrors[repository]

    def default_branch(self, repository: RepositoryName) -> str:
        """Return the default branch, asked of git, which spares a call that GitHub counts; kept for a minute."""
        asked, branch = self._branches.get(repository, (float("-inf"), ""))
        if time.monotonic() - asked > BRANCH_KEPT:
            branch = self.mirror(repository).default_branch() or self.github.default_branch(repository)
            self._branches[repository] = (time.monotonic(), branch)
        return branch

    def forget_default_branch(self, repository: RepositoryName) -> None:
        """Ask anew for the default branch next time: the one that is known can't be fetched any more."""
        self._branches.pop(repository, None)

    def close(self) -> None:
        """End git's helper processes."""
        for mirror in self._mirrors.values():
            mirror.close()

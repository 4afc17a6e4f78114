"""What the commits of a mirror say: whose they are, what each of them did, and what lies on the way from one to another.

What is asked of a commit fetches it where the mirror doesn't have it, as of a pull request's head; all else is about commits that are there.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from threading import RLock

import git

from bot.clients.git.history.past import was_at
from bot.clients.git.recent import Recent
from bot.clients.git.trees import Author, Trees
from bot.core.tree import Tree
from bot.errors import UserError

BASES = 1_024
"""Pairs of commits of which it is kept what they have in common: the steps of a comment ask several times, and each time git starts."""
MOST_REMOVALS_IN = 5_000
"""Commits that removed something, looked for once in a process; older ends are taken for finished."""


class CommitHistory:
    """The commits of one mirror, under the mirror's own lock. `trees` are of its repository, which is another one once it was made anew."""

    def __init__(self, path: Path, lock: RLock, trees: Callable[[], Trees], fetch: Callable[[str], None]) -> None:
        self._path, self._lock, self._trees, self._fetch = path, lock, trees, fetch
        self._bases = Recent[tuple[str, str], str | None](BASES)
        self._merged = Recent[tuple[str, str], bool](BASES)
        self._removed: dict[str, tuple[str, dict[str, str]]] = {}

    def message(self, commit: str) -> str:
        """Return the message of a commit, fetching it if the mirror doesn't have it. Raises `GitFailed`, `UserError`."""
        with self._lock:
            try:
                return str(self._trees().repo.commit(commit).message)
            except (ValueError, git.BadName):
                self._fetch(commit)
            try:
                return str(self._trees().repo.commit(commit).message)
            except (ValueError, git.BadName) as error:  # a ref may point to a blob, or to a tag of one
                raise UserError(f"{commit[:12]} is not a commit of this repository.") from error

    def committed_at(self, commit: str) -> datetime:
        """Return when a commit of the mirror was made, as whoever made it says."""
        with self._lock:
            return self._trees().repo.commit(commit).committed_datetime

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that two commits have in common, fetching the first if need be. Raises `GitFailed`."""
        self.message(one)
        with self._lock:
            return self._bases.taken(
                (one, other), lambda: next((b.hexsha for b in self._trees().repo.merge_base(one, other)), None)
            )

    def is_merged(self, commit: str, into: str) -> bool:
        """Say whether one commit of the mirror is on the way to another, or is that one."""
        with self._lock:
            return self._merged.taken(
                (commit, into),
                lambda: bool(
                    self._trees().repo.is_ancestor(self._trees().repo.commit(commit), self._trees().repo.commit(into))
                ),
            )

    def on_the_way(self, text: str, to: str) -> str | None:
        """Return the commit whose id begins with `text`, if it is on the way to another, or that one; None when it is not, or unclear."""
        with self._lock:
            try:
                found = self._trees().repo.commit(text)
            except (ValueError, git.BadName, git.GitCommandError):
                return None
            return found.hexsha if self._trees().repo.is_ancestor(found, self._trees().repo.commit(to)) else None

    def was_at(self, text: str, head: str) -> str | None:
        """Return the commit whose id begins with `text`, if the branch whose head this is was at it: what lies inside of a merge never was."""
        with self._lock:
            return was_at(self._path, head, text)

    def parent(self, commit: str) -> str | None:
        """Return the first parent of a commit, fetching it if the mirror doesn't have it; None for a root. Raises `GitFailed`."""
        self.message(commit)
        with self._lock:
            parents = self._trees().repo.commit(commit).parents
            return parents[0].hexsha if parents else None

    def last_change(self, commit: str, directory: str) -> str | None:
        """Return the last commit on the way to `commit`, its first parents alone, that changed a directory; None when none did."""
        with self._lock:
            found = self._trees().repo.git.rev_list("--first-parent", "--max-count=1", commit, "--", directory)
        return str(found) or None

    def removed(self, commit: str, pattern: str) -> Mapping[str, str]:
        """Return the paths that match and were removed on the way to `commit`, each with the last commit that did it.

        The last commits are looked at, at most `MOST_REMOVALS_IN` of them; after that only those that came since the last look.
        """
        with self._lock:
            known, found = self._removed.get(pattern, ("", {}))
            if known == commit:
                return found
            span = f"{known}..{commit}" if known else commit
            options = ("--first-parent", "--diff-merges=first-parent", "--diff-filter=D", "--name-only", "--no-renames")
            limit = f"--max-count={MOST_REMOVALS_IN}"
            text = self._trees().repo.git.log(*options, limit, "--format=%x00%H", span, "--", f":(glob){pattern}")
            newer: dict[str, str] = {}
            for part in str(text).split("\0")[1:]:
                by, *paths = part.split()
                newer = {**dict.fromkeys(paths, by), **newer}
            self._removed[pattern] = (commit, {**found, **newer})
            return self._removed[pattern][1]

    def versions(self, commit: str, path: str, most: int) -> list[str]:
        """Return the last commits on the way to `commit` that changed a file, newest first."""
        with self._lock:
            found = self._trees().repo.git.rev_list(f"--max-count={most}", commit, "--", path)
        return str(found).split()

    def only_removes(self, commit: str, directory: str, onto: str) -> bool:
        """Say whether a commit is one on top of what `onto` holds, and does nothing but remove `directory`. Raises `GitFailed`."""
        self.message(commit)
        with self._lock:
            found = self._one_on(onto, commit)
            if found is None:
                return False
            before = found.parents[0].tree
            expected = self._trees().replaced(before, directory.split("/"), None)
            return bool(found.tree.binsha == expected != before.binsha)

    def _one_on(self, onto: str, commit: str) -> git.Commit | None:
        """Return a commit with one parent that `onto` holds, and None for any other. Call it with the lock."""
        repo = self._trees().repo
        found = repo.commit(commit)
        is_one = len(found.parents) == 1 and repo.is_ancestor(found.parents[0], repo.commit(onto))
        return found if is_one else None

    def only_puts(self, commit: str, directories: Mapping[str, Tree], onto: str) -> bool:
        """Say whether a commit is what `onto` held when they parted, with these files in `directories`, and nothing else. Raises `GitFailed`."""
        began = self.merge_base(commit, onto)
        if began is None:
            return False
        with self._lock:
            expected = self._trees().put(self._trees().repo.commit(began).tree, directories)
            return bool(self._trees().repo.commit(commit).tree.binsha == expected)

    def is_by(self, author: Author, commit: str, onto: str) -> bool:
        """Say whether a commit is this author's own, as he left it, on top of what `onto` holds. Raises `GitFailed`, `UserError`."""
        self.message(commit)
        with self._lock:
            found = self._one_on(onto, commit)
            if found is None:
                return False
            wrote = {(each.name, each.email) for each in (found.author, found.committer)}
            return wrote == {(author.name, author.email)}

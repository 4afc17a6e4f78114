"""Git on a cached bare mirror: read trees, write commits and push them, with no checkout, whatever the repository's size.

Writes are compare-and-swap. A branch and the claims of its environment are pushed as one atomic push in which every ref
must still be what we believe (`--force-with-lease`), so git itself is the referee between two clones that want the same
name or the same network, in one process or in many.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import git
from gitdb.util import hex_to_bin

from bot.clients.git.batch import blobs
from bot.clients.git.claims import claim_ref
from bot.clients.git.damage import is_damaged, is_unlocked, opened, renewed
from bot.clients.git.history.past import was_at
from bot.clients.git.recent import Recent
from bot.clients.git.remote import GitFailed, Moved, Remote
from bot.clients.git.trees import DIRECTORY, NO_FILE, Author, Publication, Trees, directories
from bot.core.rendering.inventory import Claim
from bot.core.requests.branches import PREFIXES, SNAPSHOTS, WAVES, BranchKind
from bot.core.tree import File, Tree
from bot.errors import UserError
from bot.names import RepositoryName

LISTINGS = 64
"""Directory listings that are kept, by tree id; reading ten thousand entries takes Python a tenth of a second."""
BASES = 1_024
"""Pairs of commits of which it is kept what they have in common: the steps of a comment ask several times, and each time git starts."""
MOST_REMOVALS_IN = 5_000
"""Commits that removed something, looked for once in a process; older ends are taken for finished."""


class Mirror:
    """The cached bare mirror of one repository. Safe to use from several threads."""

    def __init__(self, path: Path, url: str, credentials: Callable[[], tuple[str, str]]) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._fetch_began = float("-inf")
        self._listings = Recent[str, Mapping[str, str]](LISTINGS)
        self._bases = Recent[tuple[str, str], str | None](BASES)
        self._merged = Recent[tuple[str, str], bool](BASES)
        self._removed: dict[str, tuple[str, dict[str, str]]] = {}
        self._local: dict[str, str] | None = None
        self._url, self._credentials = url, credentials
        self._use(opened(path))

    def fetch(self, branch: str) -> None:
        """Bring the mirror up to the remote's `branch` and our own branches. Raises `GitFailed`.

        A fetch that began after this call is as good as one of its own, so callers that arrive together share one.
        """
        asked = time.monotonic()
        with self._lock:
            if self._fetch_began >= asked:
                return
            began = time.monotonic()
            wanted = [branch, *(f"{prefix}/*" for prefix in (*PREFIXES.values(), SNAPSHOTS, WAVES))]
            refs = [f"+refs/heads/{each}:refs/heads/{each}" for each in wanted]
            self._local = None
            try:
                self._remote.fetch(*refs, prune=True)
            except GitFailed as failed:
                if not self._is_healed(str(failed)):
                    raise
                self._remote.fetch(*refs, prune=True)
            self._fetch_began = began

    def _use(self, repo: git.Repo) -> None:
        self._repo = repo
        self._trees = Trees(repo)
        self._remote = Remote(repo, self._url, self._credentials)

    def _is_healed(self, said: str) -> bool:
        """Put right what git says is wrong with the mirror itself; False if that is nothing."""
        if is_unlocked(self.path, said):
            return True
        if not is_damaged(said):
            return False
        self._repo.close()
        self._use(renewed(self.path))
        return True

    def fetch_commit(self, commit: str) -> None:
        """Bring one commit into the mirror, by its id. Raises `GitFailed`."""
        with self._lock:
            self._remote.fetch(_checked_id(commit))

    def tagged(self, name: str) -> str | None:
        """Return what a tag of the remote points to now, None if there is no such tag. Raises `GitFailed`.

        Nothing of it is kept: a tag may be moved, or deleted because what it names is not to be used any more.
        """
        tag = f"refs/tags/{name}"
        commit = f"{tag}^{{}}"  # of a tag that is an object of its own
        found = self.refs(tag, commit)
        return found.get(commit, found.get(tag))

    def default_branch(self) -> str | None:
        """Return the branch that the remote's HEAD names; None while that has no commit. Raises `GitFailed`."""
        with self._lock:
            return self._remote.default_branch()

    def head(self, branch: str) -> str | None:
        """Return the commit that the mirror's `branch` points to."""
        with self._lock:
            try:
                return self._repo.commit(f"refs/heads/{branch}").hexsha
            except (git.BadName, ValueError):
                return None

    def has_proposals(self) -> bool:
        """Say whether there is any branch that is named like ours."""
        return any(self.proposals(kind) for kind in PREFIXES) or bool(self.waves())

    def proposals(self, kind: BranchKind = "clone") -> dict[str, str]:
        """Return our own branches of a kind, without their prefix, and the commits they point to."""
        prefix = f"refs/heads/{PREFIXES[kind]}/"
        return {ref.removeprefix(prefix): commit for ref, commit in self.local(prefix).items()}

    def waves(self) -> dict[str, str]:
        """Return our own branches that propose a wave, by their whole names, and the commits they point to."""
        return {ref.removeprefix("refs/heads/"): commit for ref, commit in self.local(f"refs/heads/{WAVES}/").items()}

    def local(self, prefix: str) -> dict[str, str]:
        """Return the mirror's refs that begin so, and what they point to; only `fetch` and `publish` change that."""
        with self._lock:
            if self._local is None:
                text = self._repo.git.for_each_ref("--format=%(refname) %(objectname)")
                self._local = dict(line.split(" ") for line in text.splitlines())
            return {ref: commit for ref, commit in self._local.items() if ref.startswith(prefix)}

    def entries(self, commit: str, directory: str) -> Mapping[str, str]:
        """Return the names of the directories in `directory` at `commit`, with their tree ids."""
        with self._lock:
            tree = self._tree(commit, directory)
            if tree is None:
                return {}
            return self._listings.taken(tree.hexsha, lambda: directories(tree.data_stream.read()))

    def tree_at(self, commit: str, directory: str) -> str | None:
        """Return the id of a directory's tree at `commit`, None where there is no such directory."""
        with self._lock:
            found = self._trees.at(commit, directory)
            return found[0].hex() if found is not None and found[1] == DIRECTORY else None

    def _tree(self, commit: str, directory: str) -> git.Tree | None:
        found = self._trees.at(commit, directory)
        return git.Tree(self._repo, found[0], DIRECTORY, "") if found is not None and found[1] == DIRECTORY else None

    def read(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes at `commit`, or None when there is no such file."""
        with self._lock:
            found = self._trees.at(commit, path)
            if found is None or found[1] in NO_FILE:
                return None
            return bytes(git.Blob(self._repo, found[0]).data_stream.read())

    def read_in(self, trees: Sequence[str], path: str) -> Iterator[bytes | None]:
        """Yield the bytes of the file at `path` in each of these tree objects, None where there is none. Raises `Transient`."""
        return blobs(Path(self._repo.git_dir), [f"{tree}:{path}" for tree in trees])

    def read_tree(self, commit: str, directory: str) -> dict[str, File]:
        """Return the files below `directory` at `commit`; none when it does not exist. Raises `UserError` for symlinks that leave it."""
        with self._lock:
            tree = self._tree(commit, directory)
            return self._trees.files(tree, directory) if tree is not None else {}

    def read_tree_by_id(self, tree_id: str, name: str) -> dict[str, File]:
        """Return the files of the tree object `tree_id`; `name` is for messages. Raises `UserError` when it is unknown."""
        with self._lock:
            try:
                return self._trees.files(git.Tree(self._repo, hex_to_bin(_checked_id(tree_id)), DIRECTORY, ""), name)
            except ValueError as error:
                raise UserError(f"{name}: no commit of this repository contains the revision {tree_id}.") from error

    def publish(self, publication: Publication) -> str | Moved:
        """Push one commit, and the claims that go with it, atomically; return its id, or what moved. Raises `GitFailed`."""
        with self._lock:
            commit = self._trees.commit(publication)
            leases = {f"refs/heads/{publication.branch}": publication.branch_was}
            leases |= {claim_ref(claim): was for claim, was in publication.claims.items()}
            moved = self.push(dict.fromkeys(leases, commit), leases)
            if moved is None:
                self._repo.git.update_ref(f"refs/heads/{publication.branch}", commit)
                if self._local is not None:
                    self._local[f"refs/heads/{publication.branch}"] = commit
            return moved or commit

    def withdraw(self, branch: str, was: str, claims: Iterable[Claim]) -> Moved | None:
        """Delete a branch that is still `was`, and the claims that still point to it. Raises `GitFailed`."""
        held = [claim_ref(claim) for claim in claims if self.holder(claim) == was]
        with self._lock:
            leases: dict[str, str | None] = dict.fromkeys([f"refs/heads/{branch}", *held], was)
            return self.push(dict.fromkeys(leases, ""), leases)

    def holder(self, claim: Claim) -> str | None:
        """Return the commit that holds a claim on the remote, or None when it is free. Raises `GitFailed`."""
        with self._lock:
            return self.refs(claim_ref(claim)).get(claim_ref(claim))

    def refs(self, *patterns: str) -> dict[str, str]:
        """Return the remote's refs whose last parts match, and what they point to. Raises `GitFailed`."""
        with self._lock:
            return self._remote.refs(*patterns)

    def message(self, commit: str) -> str:
        """Return the message of a commit, fetching it if the mirror doesn't have it. Raises `GitFailed`, `UserError`."""
        with self._lock:
            try:
                return str(self._repo.commit(commit).message)
            except (ValueError, git.BadName):
                self.fetch_commit(commit)
            try:
                return str(self._repo.commit(commit).message)
            except (ValueError, git.BadName) as error:  # a ref may point to a blob, or to a tag of one
                raise UserError(f"{commit[:12]} is not a commit of this repository.") from error

    def committed_at(self, commit: str) -> datetime:
        """Return when a commit of the mirror was made, as whoever made it says."""
        with self._lock:
            return self._repo.commit(commit).committed_datetime

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that two commits have in common, fetching the first if need be. Raises `GitFailed`."""
        self.message(one)
        with self._lock:
            return self._bases.taken(
                (one, other), lambda: next((b.hexsha for b in self._repo.merge_base(one, other)), None)
            )

    def is_merged(self, commit: str, into: str) -> bool:
        """Say whether one commit of the mirror is on the way to another, or is that one."""
        with self._lock:
            return self._merged.taken(
                (commit, into),
                lambda: bool(self._repo.is_ancestor(self._repo.commit(commit), self._repo.commit(into))),
            )

    def on_the_way(self, text: str, to: str) -> str | None:
        """Return the commit whose id begins with `text`, if it is on the way to another, or that one; None when it is not, or unclear."""
        with self._lock:
            try:
                found = self._repo.commit(text)
            except (ValueError, git.BadName, git.GitCommandError):
                return None
            return found.hexsha if self._repo.is_ancestor(found, self._repo.commit(to)) else None

    def was_at(self, text: str, head: str) -> str | None:
        """Return the commit whose id begins with `text`, if the branch whose head this is was at it: what lies inside of a merge never was."""
        with self._lock:
            return was_at(self.path, head, text)

    def parent(self, commit: str) -> str | None:
        """Return the first parent of a commit, fetching it if the mirror doesn't have it; None for a root. Raises `GitFailed`."""
        self.message(commit)
        with self._lock:
            parents = self._repo.commit(commit).parents
            return parents[0].hexsha if parents else None

    def last_change(self, commit: str, directory: str) -> str | None:
        """Return the last commit on the way to `commit`, its first parents alone, that changed a directory; None when none did."""
        with self._lock:
            found = self._repo.git.rev_list("--first-parent", "--max-count=1", commit, "--", directory)
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
            text = self._repo.git.log(*options, limit, "--format=%x00%H", span, "--", f":(glob){pattern}")
            newer: dict[str, str] = {}
            for part in str(text).split("\0")[1:]:
                by, *paths = part.split()
                newer = {**dict.fromkeys(paths, by), **newer}
            self._removed[pattern] = (commit, {**found, **newer})
            return self._removed[pattern][1]

    def versions(self, commit: str, path: str, most: int) -> list[str]:
        """Return the last commits on the way to `commit` that changed a file, newest first."""
        with self._lock:
            found = self._repo.git.rev_list(f"--max-count={most}", commit, "--", path)
        return str(found).split()

    def only_removes(self, commit: str, directory: str, onto: str) -> bool:
        """Say whether a commit is one on top of what `onto` holds, and does nothing but remove `directory`. Raises `GitFailed`."""
        self.message(commit)
        with self._lock:
            found = self._repo.commit(commit)
            if len(found.parents) != 1 or not self._repo.is_ancestor(found.parents[0], self._repo.commit(onto)):
                return False
            before = found.parents[0].tree
            expected = self._trees.replaced(before, directory.split("/"), None)
            return bool(found.tree.binsha == expected != before.binsha)

    def only_puts(self, commit: str, directories: Mapping[str, Tree], onto: str) -> bool:
        """Say whether a commit is what `onto` held when they parted, with these files in `directories`, and nothing else. Raises `GitFailed`."""
        began = self.merge_base(commit, onto)
        if began is None:
            return False
        with self._lock:
            expected = self._trees.put(self._repo.commit(began).tree, directories)
            return bool(self._repo.commit(commit).tree.binsha == expected)

    def is_by(self, author: Author, commit: str, onto: str) -> bool:
        """Say whether a commit is this author's own, as he left it, on top of what `onto` holds. Raises `GitFailed`, `UserError`."""
        self.message(commit)
        with self._lock:
            found = self._repo.commit(commit)
            if len(found.parents) != 1 or not self._repo.is_ancestor(found.parents[0], self._repo.commit(onto)):
                return False
            wrote = {(each.name, each.email) for each in (found.author, found.committer)}
            return wrote == {(author.name, author.email)}

    def close(self) -> None:
        """End git's helper processes."""
        self._repo.close()

    def push(self, refs: Mapping[str, str], leases: Mapping[str, str | None]) -> Moved | None:
        """Point the remote's refs elsewhere ("" deletes one), all or none, while they are what `leases` say. Raises `GitFailed`."""
        with self._lock:
            return self._remote.push(refs, leases)


def mirror_path(root: Path, repository: RepositoryName) -> Path:
    """Return where the mirror of a repository lies below `root`."""
    return root / f"{repository}.git"


def _checked_id(text: str) -> str:
    if re.fullmatch("[0-9a-f]{40}", text) is None:
        raise GitFailed(f"{text!r} is not a commit id")
    return text

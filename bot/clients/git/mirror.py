"""Git on a cached bare mirror: read trees, write commits and push them, with no checkout, whatever the repository's size.

Writes are compare-and-swap. A branch and the claims of its environment are pushed as one atomic push in which every ref
must still be what we believe (`--force-with-lease`), so git itself is the referee between two clones that want the same
name or the same network, in one process or in many.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import git
from gitdb.util import hex_to_bin

from bot.clients.git.batch import blobs
from bot.clients.git.claims import claim_ref
from bot.clients.git.damage import is_damaged, is_unlocked, opened, renewed
from bot.clients.git.history.commit_history import CommitHistory
from bot.clients.git.recent import Recent
from bot.clients.git.remote import GitFailed, Moved, Remote
from bot.clients.git.trees import DIRECTORY, NO_FILE, Publication, Trees, directories
from bot.core.rendering.inventory import Claim
from bot.core.requests.branches import PREFIXES, SNAPSHOTS, WAVES, BranchKind
from bot.core.tree import File
from bot.errors import UserError
from bot.names import RepositoryName

LISTINGS = 64
"""Directory listings that are kept, by tree id; reading ten thousand entries takes Python a tenth of a second."""


class Mirror:
    """The cached bare mirror of one repository. Safe to use from several threads."""

    def __init__(self, path: Path, url: str, credentials: Callable[[], tuple[str, str]]) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._fetch_began = float("-inf")
        self._listings = Recent[str, Mapping[str, str]](LISTINGS)
        self._local: dict[str, str] | None = None
        self._url, self._credentials = url, credentials
        self._use(opened(path))
        self.history = CommitHistory(path, self._lock, lambda: self._trees, self.fetch_commit)

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

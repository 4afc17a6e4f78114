"""A bare git repository, as the forge uses it: read commits, trees and differences, and make merges.

Everything is one `git` process with an argument list, a scrubbed environment and a timeout. Nothing needs a work tree.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

TIMEOUT = 60.0
LASTING = 2048
"""Answers that are kept of what can't change: a page, an event and a check each ask for the same few commits. Some are files of workflows."""
PLAIN = re.compile(r"refs(/[\w.=@+-]+)+", re.ASCII)
"""References that lie in a file of that name, unless they are packed: reading it is a hundred times cheaper than starting git."""
COMMIT = re.compile("[0-9a-f]{40}")
FIELDS = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


class BareGitFailed(Exception):
    """A git process failed in a way that is not an answer."""


class GitReference(NamedTuple):
    """A reference, and the id and the type of the object that it names."""

    name: str
    sha: str
    kind: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who made a commit, and when."""

    name: str
    email: str
    date: datetime


@dataclass(frozen=True, slots=True)
class BareCommit:
    """One commit; `message` has no newline at its end."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class TreeChange:
    """One changed file between two commits; `patch` is empty for binary files."""

    path: str
    previous_path: str | None
    status: str
    blob: str
    additions: int
    deletions: int
    patch: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a tree; `size` is in bytes (0 for trees)."""

    mode: str
    kind: str
    sha: str
    size: int
    path: str


def scrubbed_environment(home: Path) -> dict[str, str]:
    """Return the environment of every git process: no settings, prompts or identity of the machine's user."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


@dataclass(frozen=True, slots=True)
class BareRepository:
    """Git operations on one bare directory. Methods raise `BareGitFailed` on surprises and return None for "not there"."""

    path: Path

    def run(
        self, *arguments: str, data: bytes | None = None, env: dict[str, str] | None = None, ok: Sequence[int] = (0,)
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git here; raise `BareGitFailed` unless the exit code is in `ok`."""
        result = subprocess.run(
            ["git", "--git-dir", str(self.path), *arguments],
            input=b"" if data is None else data,
            capture_output=True,
            env={**scrubbed_environment(self.path), **(env or {})},
            timeout=TIMEOUT,
            check=False,
        )
        if result.returncode not in ok:
            raise BareGitFailed(f"git {arguments[0]}: {result.stderr.decode(errors='replace').strip()}")
        return result

    def text(self, *arguments: str, data: bytes | None = None, env: dict[str, str] | None = None) -> str:
        """Run git and return its output without the newline at the end."""
        return self.run(*arguments, data=data, env=env).stdout.decode(errors="replace").rstrip("\n")

    def lasting(self, *arguments: str) -> str:
        """Return what `text` would, asked once: for what names objects by their full ids alone, and so can't change."""
        return _lasting(self.path, arguments).decode(errors="replace").rstrip("\n")

    def resolve(self, revision: str) -> str | None:
        """Return the full commit id of a branch, tag, full reference or (abbreviated) id."""
        if revision.startswith("refs/heads/"):
            return self.reference(revision)  # a branch is at a commit and at nothing else
        question = ("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        if COMMIT.fullmatch(revision):
            with suppress(BareGitFailed):  # what is not there may come, so that is not kept
                return self.lasting(*question)
            return None
        return self.run(*question, ok=(0, 1, 128)).stdout.decode().strip() or None

    def reference(self, name: str) -> str | None:
        """Return what a full reference (`refs/heads/main`) points at; branches that are prefixes don't count."""
        if PLAIN.fullmatch(name) and ".." not in name:
            with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
                found = (self.path / name).read_text("ascii").strip()
                if COMMIT.fullmatch(found):
                    return found
        result = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", name, ok=(0, 1, 128))
        return result.stdout.decode().strip() or None

    def references(self, prefix: str) -> list[GitReference]:
        """List all references whose name starts with `prefix`."""
        directory = prefix.rpartition("/")[0]
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", directory).splitlines()
        rows = [line.split(" ") for line in lines]
        return [GitReference(name, sha, kind) for name, sha, kind in rows if name.startswith(prefix)]

    def commits(self, *range_arguments: str) -> list[BareCommit]:
        """List commits, newest first, of `rev-list` arguments such as `a..b` or (`-1`, sha)."""
        raw = self.run("log", "-z", f"--format={FIELDS}", *range_arguments, "--").stdout
        return _parse_commits(raw.decode(errors="replace"))

    def commit(self, sha: str) -> BareCommit:
        """Read one commit by its full id."""
        return _parse_commits(self.lasting("log", "-1", "-z", f"--format={FIELDS}", sha, "--"))[0]

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor."""
        result = self.run("merge-base", one, other, ok=(0, 1))
        return result.stdout.decode().strip() or None

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Say whether everything of `ancestor` is in `descendant`."""
        return self.run("merge-base", "--is-ancestor", ancestor, descendant, ok=(0, 1)).returncode == 0

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """Merge two commits in memory; return the tree, or None when they conflict or share no history."""
        result = self.run("merge-tree", "--write-tree", "--no-messages", ours, theirs, ok=(0, 1, 128))
        return result.stdout.decode().split("\n", 1)[0] if result.returncode == 0 else None

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature
    ) -> str:
        """Make a commit object, without moving any reference."""
        arguments = [argument for parent in parents for argument in ("-p", parent)]
        env = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date.isoformat(),
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date.isoformat(),
        }
        return self.text("commit-tree", tree, *arguments, "-F", "-", data=message.encode(), env=env)

    def move(self, reference: str, new: str, old: str) -> bool:
        """Point a reference at `new` if it is still at `old` (`NO_COMMIT`: absent); say whether it was."""
        return self.run("update-ref", reference, new, old, ok=(0, 128)).returncode == 0

    def put(self, reference: str, new: str) -> None:
        """Point a reference at `new`, whatever it was."""
        self.run("update-ref", reference, new)

    def delete(self, reference: str, old: str) -> bool:
        """Remove a reference if it is still at `old`."""
        return self.run("update-ref", "-d", reference, old, ok=(0, 1, 128)).returncode == 0

    def fetch(self, other: BareRepository, sha: str) -> None:
        """Copy a commit and all it needs from another repository on this disk."""
        self.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(other.path), sha)

    def entry(self, commit: str, path: str) -> TreeEntry | None:
        """Return the tree entry at a path, or None. The root has no entry of its own."""
        return next(iter(self._entries(commit, "--", path.rstrip("/"))), None)

    def entries(self, commit: str, paths: Sequence[str]) -> list[TreeEntry]:
        """Return the tree entries at some paths, without those where nothing is."""
        return self._entries(commit, "--", *paths)

    def children(self, commit: str, path: str) -> list[TreeEntry]:
        """List the entries of a directory (`""`: the root)."""
        return self._entries(commit, "--", f"{path.rstrip('/')}/" if path else ".")

    def blob(self, sha: str) -> bytes:
        """Return a file's bytes."""
        return self.run("cat-file", "blob", sha).stdout

    def _entries(self, commit: str, *arguments: str) -> list[TreeEntry]:
        raw = self.run("ls-tree", "-z", "-l", "--full-tree", commit, *arguments).stdout.decode(errors="replace")
        return [_parse_entry(line) for line in raw.split("\0") if line]


@lru_cache(maxsize=LASTING)
def _lasting(path: Path, arguments: tuple[str, ...]) -> bytes:
    return BareRepository(path).run(*arguments).stdout  # a failure is not kept


def create_bare(path: Path, branch: str) -> BareRepository:
    """Make an empty bare repository that serves as GitHub's do: any reachable commit, filters, no own clean-up."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", str(path)],
        env=scrubbed_environment(path.parent),
        timeout=TIMEOUT,
        check=True,
    )
    settings = (
        "[http]\n\treceivepack = true\n"
        "[uploadpack]\n\tallowReachableSHA1InWant = true\n\tallowFilter = true\n"
        "[receive]\n\tautogc = false\n[gc]\n\tauto = 0\n"
        # A sandbox that loses its last second in a power cut is thrown away anyway.
        "[core]\n\tfsync = none\n"
    )
    with (path / "config").open("a", encoding="utf-8") as config:
        config.write(settings)
    return BareRepository(path)


def _parse_commits(raw: str) -> list[BareCommit]:
    parts = raw.split("\0")
    rows = [parts[start : start + 10] for start in range(0, len(parts) - 9, 10)]
    return [
        BareCommit(
            sha=sha,
            tree=tree,
            parents=tuple(parents.split()),
            author=Signature(author, author_email, datetime.fromisoformat(authored)),
            committer=Signature(committer, committer_email, datetime.fromisoformat(committed)),
            message=message.rstrip("\n"),
        )
        for sha, tree, parents, author, author_email, authored, committer, committer_email, committed, message in rows
    ]


def _parse_entry(line: str) -> TreeEntry:
    head, path = line.split("\t", 1)
    mode, kind, sha, size = head.split()
    return TreeEntry(mode, kind, sha, 0 if size == "-" else int(size), path)

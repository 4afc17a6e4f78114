"""Git's trees and commits, read from and written straight into a repository's object database: no index, no checkout."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TypeAlias

import git
from git.util import Actor
from gitdb import IStream, LooseObjectDB

from bot.clients.git.recent import Recent
from bot.core.rendering.inventory import Claim
from bot.core.tree import File, Tree, with_links
from bot.errors import UserError

DIRECTORY = 0o040000
_BLOB, _EXECUTABLE, _LINK, _SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
NO_FILE = frozenset({DIRECTORY, _SUBMODULE})

REMEMBERED = 16
"""Directories whose files are kept, by tree id: the steps of one comment read the same template and environment again and again."""
LARGEST_REMEMBERED = 1_000_000
"""Bytes of such a directory; the shipped template has a tenth of that."""

_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)

TreeEntry: TypeAlias = tuple[bytes, int, bytes]
"""An entry of a tree object: its id, its mode, its name."""


def tree_entries(data: bytes) -> list[TreeEntry]:
    """Return the entries of a tree object. GitPython makes an object of each, half a second for ten thousand."""
    return [(sha, int(mode, 8), name) for mode, name, sha in _ENTRY.findall(data)]


def directories(tree: git.Tree) -> dict[str, str]:
    """Return the names of the directories right below a tree, with their tree ids."""
    below = tree_entries(tree.data_stream.read())
    return {name.decode(errors="surrogateescape"): sha.hex() for sha, mode, name in below if mode == DIRECTORY}


def _is_small(files: Tree) -> bool:
    return sum(len(file.data) for file in files.values()) <= LARGEST_REMEMBERED


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A commit to be pushed: `directories` are replaced by these files on top of `parent`, on `branch`; no files remove one.

    `branch_was` is what the branch must be now (None: absent). `claims` are created, or taken over from what they were.
    """

    parent: str
    directories: Mapping[str, Tree]
    branch: str
    branch_was: str | None
    claims: Mapping[Claim, str | None]
    message: str
    author: Author
    at: datetime


class Trees:
    """The trees of one repository."""

    def __init__(self, repo: git.Repo) -> None:
        self._repo = repo
        # Not the repository's own `odb`: that starts git for each object, and a clone of the shipped production has seventy.
        self._objects = LooseObjectDB(repo.odb.root_path())
        self._remembered = Recent[str, Mapping[str, File]](REMEMBERED)

    def files(self, tree: git.Tree, where: str) -> dict[str, File]:
        """Return the files below a tree; `where` is for messages. Raises `UserError` for submodules, and symlinks that leave it."""
        return dict(self._remembered.taken(tree.hexsha, lambda: self._read(tree, where), _is_small))

    def _read(self, tree: git.Tree, where: str) -> dict[str, File]:
        found: dict[str, File] = {}
        links: dict[str, str] = {}
        for item in tree.traverse():
            if isinstance(item, git.Tree):
                continue
            if not isinstance(item, git.Blob) or item.mode not in {_BLOB, _EXECUTABLE, _LINK}:
                raise UserError(
                    f"{where}: `{getattr(item, 'path', '?')}` is a submodule. Replace it with the files themselves."
                )
            path = str(item.path).removeprefix(f"{tree.path}/" if tree.path else "")
            data: bytes = item.data_stream.read()
            if item.mode == _LINK:
                links[path] = data.decode("utf-8", "surrogateescape")
            else:
                found[path] = File(data, item.mode == _EXECUTABLE)
        return with_links(found, links, where)

    def at(self, commit: str, path: str) -> TreeEntry | None:
        """Return the entry at a path of a commit, or None. GitPython's own search costs a tenth of a second among ten thousand."""
        found = (self._repo.commit(commit).tree.binsha, DIRECTORY, b"")
        for name in path.split("/"):
            if found[1] != DIRECTORY:
                return None
            below = tree_entries(git.Tree(self._repo, found[0], DIRECTORY, "").data_stream.read())
            entry = next((entry for entry in below if entry[2] == name.encode(errors="surrogateescape")), None)
            if entry is None:
                return None
            found = entry
        return found

    def commit(self, publication: Publication) -> str:
        """Store the commit and return its id."""
        parent = self._repo.commit(publication.parent)
        root = self.put(parent.tree, publication.directories)
        actor = Actor(publication.author.name, publication.author.email)
        stamp = f"{int(publication.at.timestamp())} +0000"
        commit = git.Commit.create_from_tree(
            self._repo,
            git.Tree(self._repo, root),
            publication.message,
            parent_commits=[parent],
            author=actor,
            committer=actor,
            author_date=stamp,
            commit_date=stamp,
        )
        return commit.hexsha

    def put(self, tree: git.Tree, directories: Mapping[str, Tree]) -> bytes:
        """Store `tree` with these directories replaced, those without files removed, and return its id."""
        for path, files in directories.items():
            replacement = self._store_tree(files) if files else None
            tree = git.Tree(self._repo, self.replaced(tree, path.split("/"), replacement))
        return bytes(tree.binsha)

    def replaced(self, tree: git.Tree | None, path: Sequence[str], replacement: bytes | None) -> bytes:
        """Store `tree` with the directory at `path` replaced, or removed, and return its id."""
        name, *rest = path
        entries = tree_entries(tree.data_stream.read()) if tree is not None else []
        here = name.encode()
        below = next((sha for sha, mode, each in entries if each == here and mode == DIRECTORY), None)
        under = git.Tree(self._repo, below, DIRECTORY, "") if below is not None else None
        child = self.replaced(under, rest, replacement) if rest else replacement
        kept = [entry for entry in entries if entry[2] != here]
        return self._store_entries([*kept, (child, DIRECTORY, here)] if child is not None else kept)

    def store(self, files: Tree) -> str:
        """Store a tree that no commit has yet, and return its id."""
        return self._store_tree(files).hex()

    def _store_tree(self, files: Tree) -> bytes:
        entries: list[TreeEntry] = []
        directories: dict[str, dict[str, File]] = {}
        for path, file in files.items():
            name, _, rest = path.partition("/")
            if rest:
                directories.setdefault(name, {})[rest] = file
            else:
                blob = self._store(b"blob", file.stored)
                entries.append((blob, _LINK if file.link else _EXECUTABLE if file.executable else _BLOB, name.encode()))
        entries += [(self._store_tree(content), DIRECTORY, name.encode()) for name, content in directories.items()]
        return self._store_entries(entries)

    def _store_entries(self, entries: list[TreeEntry]) -> bytes:
        entries.sort(key=lambda entry: entry[2] + b"/" if entry[1] == DIRECTORY else entry[2])
        return self._store(b"tree", b"".join(b"%o %s\0%s" % (mode, name, sha) for sha, mode, name in entries))

    def _store(self, kind: bytes, data: bytes) -> bytes:
        return bytes(self._objects.store(IStream(kind, len(data), BytesIO(data))).binsha)

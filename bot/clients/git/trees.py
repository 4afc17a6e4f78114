"""Git's trees and commits, read from and written straight into a repository's object database: no index, no checkout.

A tree object is searched and changed as the bytes that it is: `envs/` may have ten thousand entries, and none of them becomes an object.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TypeAlias

import git
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

FOUND = 4_096
"""Places in trees that are kept, by tree id: each step looks for the same few among ten thousand, and reading those costs git the most."""

_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_ID = 20
"""Bytes of an id, which follow an entry's name and the zero byte after that."""

TreeEntry: TypeAlias = tuple[bytes, int, bytes]
"""An entry of a tree object: its id, its mode, its name."""


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
        self.repo = repo
        # Not the repository's own `odb`: that starts git for each object, and a clone of the shipped production has seventy.
        self._objects = LooseObjectDB(repo.odb.root_path())
        self._remembered = Recent[str, Mapping[str, File]](REMEMBERED)
        self._found = Recent[tuple[bytes, bytes], TreeEntry | None](FOUND)

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
        found: TreeEntry | None = (self.repo.commit(commit).tree.binsha, DIRECTORY, b"")
        for name in path.encode(errors="surrogateescape").split(b"/"):
            if found is None or found[1] != DIRECTORY:
                return None
            found = self._below(found[0], name)
        return found

    def _below(self, tree: bytes, name: bytes) -> TreeEntry | None:
        return self._found.taken((tree, name), lambda: entry_in(self._data(tree), name))

    def _data(self, tree: bytes) -> bytes:
        return bytes(git.Tree(self.repo, tree, DIRECTORY, "").data_stream.read())

    def commit(self, publication: Publication) -> str:
        """Store the commit and return its id."""
        parent = self.repo.commit(publication.parent)
        root = self.put(parent.tree, publication.directories)
        by = f"{publication.author.name} <{publication.author.email}> {int(publication.at.timestamp())} +0000"
        head = f"tree {root.hex()}\nparent {parent.hexsha}\nauthor {by}\ncommitter {by}\n"
        return self._store(b"commit", f"{head}\n{publication.message}".encode()).hex()

    def put(self, tree: git.Tree, directories: Mapping[str, Tree]) -> bytes:
        """Store `tree` with these directories replaced, those without files removed, and return its id."""
        for path, files in directories.items():
            replacement = self._store_tree(files) if files else None
            tree = git.Tree(self.repo, self.replaced(tree, path.split("/"), replacement))
        return bytes(tree.binsha)

    def replaced(self, tree: git.Tree | None, path: Sequence[str], replacement: bytes | None) -> bytes:
        """Store `tree` with the directory at `path` replaced, or removed, and return its id."""
        name, *rest = path
        here = name.encode()
        data = self._data(tree.binsha) if tree is not None else b""
        child = replacement
        if rest:
            below = entry_in(data, here)
            is_directory = below is not None and below[1] == DIRECTORY
            under = git.Tree(self.repo, below[0], DIRECTORY, "") if below is not None and is_directory else None
            child = self.replaced(under, rest, replacement)
        return self._store(b"tree", with_entry(data, here, (child, DIRECTORY, here) if child is not None else None))

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
        return self._store(b"tree", tree_of(entries))

    def _store(self, kind: bytes, data: bytes) -> bytes:
        sha = hashlib.sha1(b"%s %d\0%s" % (kind, len(data), data), usedforsecurity=False).digest()
        if self._objects.has_object(sha):  # most files of a clone are as they are in its source
            return sha
        return bytes(self._objects.store(IStream(kind, len(data), BytesIO(data))).binsha)


def directories(data: bytes) -> dict[str, str]:
    """Return the names of the directories right below a tree, with their tree ids."""
    below = _ENTRY.findall(data)
    return {name.decode(errors="surrogateescape"): sha.hex() for mode, name, sha in below if int(mode, 8) == DIRECTORY}


def tree_of(entries: list[TreeEntry]) -> bytes:
    """Return the tree that has these entries, in git's order."""
    return b"".join(_written(*entry) for entry in sorted(entries, key=lambda entry: _key(entry[1], entry[2])))


def entry_in(data: bytes, name: bytes) -> TreeEntry | None:
    """Return the entry of this name."""
    span = _span(data, name)
    if span is None:
        return None
    mode, found, sha = _ENTRY.findall(data[slice(*span)])[0]
    return sha, int(mode, 8), found


def with_entry(data: bytes, name: bytes, entry: TreeEntry | None) -> bytes:
    """Return the tree with this entry in place of whatever has its name; None removes that."""
    span = _span(data, name)
    rest = data[: span[0]] + data[span[1] :] if span is not None else data
    if entry is None:
        return rest
    at = _place(rest, _key(entry[1], name))
    return rest[:at] + _written(*entry) + rest[at:]


def _span(data: bytes, name: bytes) -> tuple[int, int] | None:
    """Return where the entry of this name begins and ends.

    Ids may hold any bytes, those of a name too: what is found counts only if an entry has its name there.
    """
    wanted, at = b" " + name + b"\0", -1
    while (at := data.find(wanted, at + 1)) >= 0:
        begin = 0
        while (end := data.index(b"\0", begin) + 1 + _ID) <= at:
            begin = end
        if data.index(b" ", begin) == at:
            return begin, end
    return None


def _place(data: bytes, key: bytes) -> int:
    """Return where an entry goes that is sorted by this key."""
    entries = _ENTRY.findall(data)
    before = bisect_left(entries, key, key=lambda entry: _key(int(entry[0], 8), entry[1]))
    return sum(len(mode) + len(name) + 2 + _ID for mode, name, _ in entries[:before])


def _key(mode: int, name: bytes) -> bytes:
    return name + b"/" if mode == DIRECTORY else name


def _written(sha: bytes, mode: int, name: bytes) -> bytes:
    return b"%o %s\0%s" % (mode, name, sha)

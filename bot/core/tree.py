"""A directory as a value: paths to files, and the id that git gives to that content."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bot.errors import InvalidInput
from bot.names import shown


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes and whether it may be executed. Symlinks and submodules are refused where trees are read."""

    data: bytes
    executable: bool = False


Tree: TypeAlias = Mapping[str, File]
"""Relative paths with `/` to files. Git's own notion of a tree: empty directories don't exist."""

LONGEST_PATH = 200
_SEGMENT = re.compile(r"[A-Za-z0-9._@+-]+")


def check_path(path: str) -> str:
    """Return `path` if it is safe in a work tree on any system. Raises `InvalidInput`.

    An allow-list of characters, no absolute path, no `.` or `..`, nothing that git or Windows treats specially.
    """
    segments = path.split("/")
    wrong = (
        len(path) > LONGEST_PATH
        or any(_SEGMENT.fullmatch(segment) is None for segment in segments)
        or any(segment in {".", ".."} or segment.endswith(".") for segment in segments)
        or any(segment.lower() in {".git", ".terraform", "git~1"} for segment in segments)
    )
    if wrong:
        raise InvalidInput(
            f"{shown(path)} is not a valid path in an environment. Use letters, digits, `.`, `_`, `@`, `+`, `-`."
        )
    return path


def check_tree(tree: Tree) -> Tree:
    """Return `tree` if every path is safe and no two differ only in case. Raises `InvalidInput`."""
    seen: dict[str, str] = {}
    for path in tree:
        check_path(path)
        other = seen.setdefault(path.lower(), path)
        if other != path:
            raise InvalidInput(f"{shown(path)} and {shown(other)} are the same file on some systems. Rename one.")
    return tree


def below(tree: Tree, directory: str) -> dict[str, File]:
    """Return what lies below `directory`, with paths relative to it."""
    prefix = f"{directory}/"
    return {path.removeprefix(prefix): file for path, file in tree.items() if path.startswith(prefix)}


def blob_id(data: bytes) -> str:
    """Return the id that git gives to a blob of `data` (SHA-1 object format)."""
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()


def tree_id(tree: Tree) -> str:
    """Return the id that git gives to the tree of this content, without git."""
    entries: list[tuple[bytes, bytes]] = []
    directories: dict[str, dict[str, File]] = {}
    for path, file in tree.items():
        name, _, rest = path.partition("/")
        if rest:
            directories.setdefault(name, {})[rest] = file
        else:
            mode = b"100755" if file.executable else b"100644"
            entries.append((name.encode(), mode + b" " + name.encode() + b"\0" + bytes.fromhex(blob_id(file.data))))
    for name, content in directories.items():
        # Git sorts a directory as though its name ended in a slash.
        entries.append((name.encode() + b"/", b"40000 " + name.encode() + b"\0" + bytes.fromhex(tree_id(content))))
    body = b"".join(entry for _, entry in sorted(entries))
    return hashlib.sha1(b"tree %d\0%s" % (len(body), body), usedforsecurity=False).hexdigest()

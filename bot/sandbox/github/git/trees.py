"""Put files into a bare repository without a work tree of its own: a directory's content, or a few changed files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from bot.sandbox.github.git.bare import BareGitFailed, BareRepository, TreeEntry

PATHS_AT_ONCE = 500
"""Paths that one git process is asked for: an argument list has an end."""


def tree_of_directory(bare: BareRepository, directory: Path) -> str:
    """Write a directory as a tree, as `git add` sees it (ignore files obeyed, executable bits kept)."""
    with tempfile.TemporaryDirectory(prefix="index-") as scratch:
        env = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_WORK_TREE": str(directory)}
        bare.run("-C", str(directory), "add", "--all", ".", env=env)
        return bare.text("write-tree", env=env)


def tree_with(bare: BareRepository, base: str | None, files: Mapping[str, bytes | None]) -> str:
    """Write the tree of `base` with some files replaced, or (None) removed; modes of known files are kept.

    One process writes all of it, into one pack if it is much: a process for each file took ten minutes for 80,000.
    """
    known = _entries(bare, base, [path for path, content in files.items() if content is not None]) if base else {}
    for path, entry in known.items():
        if entry.kind != "blob":
            raise BareGitFailed(f"{path} is a directory")
    scratch = f"refs/sandbox/{uuid4().hex}"
    bare.run("fast-import", "--quiet", "--done", data=b"".join(_commit(bare, scratch, base, files, known)))
    tree = bare.text("rev-parse", "--verify", f"{scratch}^{{tree}}")
    bare.run("update-ref", "-d", scratch)
    return tree


def _entries(bare: BareRepository, base: str, paths: Sequence[str]) -> dict[str, TreeEntry]:
    """Return the entries at these paths, without those where nothing is."""
    parts = (paths[start : start + PATHS_AT_ONCE] for start in range(0, len(paths), PATHS_AT_ONCE))
    return {entry.path: entry for part in parts for entry in bare.entries(base, part)}


def _commit(
    bare: BareRepository,
    reference: str,
    base: str | None,
    files: Mapping[str, bytes | None],
    known: Mapping[str, TreeEntry],
) -> Iterator[bytes]:
    """Yield the commands of `git fast-import` for a commit that holds the tree; only its tree is used."""
    yield f"commit {reference}\ncommitter - <-> 0 +0000\ndata 0\n".encode()
    if base is not None:
        yield b'M 040000 %s ""\n' % bare.text("rev-parse", "--verify", f"{base}^{{tree}}").encode()
    for path, content in files.items():
        quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        if content is None:
            yield f"D {quoted}\n".encode()
        else:
            mode = known[path].mode if path in known else "100644"
            yield f"M {mode} inline {quoted}\ndata {len(content)}\n".encode() + content + b"\n"
    yield b"\ndone\n"

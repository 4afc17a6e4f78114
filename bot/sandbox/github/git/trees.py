"""Put files into a bare repository without a work tree of its own: a directory's content, or a few changed files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from bot.sandbox.github.git.bare import BareGitFailed, BareRepository


def tree_of_directory(bare: BareRepository, directory: Path) -> str:
    """Write a directory as a tree, as `git add` sees it (ignore files obeyed, executable bits kept)."""
    with tempfile.TemporaryDirectory(prefix="index-") as scratch:
        env = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_WORK_TREE": str(directory)}
        bare.run("-C", str(directory), "add", "--all", ".", env=env)
        return bare.text("write-tree", env=env)


def tree_with(bare: BareRepository, base: str | None, files: Mapping[str, bytes | None]) -> str:
    """Write the tree of `base` with some files replaced, or (None) removed; modes of known files are kept."""
    with tempfile.TemporaryDirectory(prefix="index-") as scratch:
        env = {"GIT_INDEX_FILE": f"{scratch}/index"}
        if base is not None:
            bare.run("read-tree", base, env=env)
        lines = [_index_line(bare, base, path, content) for path, content in files.items()]
        bare.run("update-index", "-z", "--index-info", data="".join(lines).encode(), env=env)
        return bare.text("write-tree", env=env)


def _index_line(bare: BareRepository, base: str | None, path: str, content: bytes | None) -> str:
    if content is None:
        return f"0 {'0' * 40}\t{path}\0"
    known = bare.entry(base, path) if base is not None else None
    if known is not None and known.kind != "blob":
        raise BareGitFailed(f"{path} is a directory")
    blob = bare.run("hash-object", "-w", "--stdin", data=content).stdout.decode().strip()
    return f"{known.mode if known else '100644'} {blob}\t{path}\0"

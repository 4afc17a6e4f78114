"""Files and directories of an environment that a hook names: always inside its directory, never through a symlink."""

import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from bot.hooks.kind import HookFailed
from bot.names import shown


def inside(root: Path, relative: str) -> Path:
    """Return the path of `relative` below `root`. Raises `HookFailed` if it leaves it, or passes a symlink."""
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith("/") or ".." in parts or "\0" in relative or "\\" in relative:
        raise HookFailed(f"{shown(relative)} is not a path inside the environment's directory.", is_final=True)
    path = root
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise HookFailed(f"{shown(relative)} goes through a symlink: commit the file itself.", is_final=True)
    return path


def regular_file(root: Path, relative: str) -> Path:
    """Return the path of a regular file below `root`. Raises `HookFailed`."""
    path = inside(root, relative)
    if not path.exists():
        raise HookFailed(f"{shown(relative)} does not exist in the environment's directory.", is_final=True)
    if not stat.S_ISREG(path.lstat().st_mode):
        raise HookFailed(f"{shown(relative)} is not a regular file.", is_final=True)
    return path


def files_below(root: Path, relative: str) -> Iterator[tuple[str, Path]]:
    """Yield each file in the directory `relative`, in order, with its path relative to it. Raises `HookFailed`."""
    top = inside(root, relative)
    if not top.is_dir():
        raise HookFailed(f"{shown(relative)} is not a directory of the environment.", is_final=True)
    for path in sorted(top.rglob("*")):
        below = path.relative_to(top).as_posix()
        if path.is_symlink():
            raise HookFailed(f"{shown(f'{relative}/{below}')} is a symlink: commit the file itself.", is_final=True)
        if path.is_file():
            yield below, path

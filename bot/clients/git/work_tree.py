"""Directories of a work tree that are written as a whole, without leaving a half-written one."""

import os
import shutil
import tempfile
from pathlib import Path

from bot.core.tree import Tree

# What tools leave in a work tree and git is told to ignore; it is no part of an environment.
IGNORED = frozenset({".terraform", ".DS_Store"})


def replace_directory(target: Path, files: Tree) -> None:
    """Let a directory hold these files and nothing else but what tools keep in it; killed on the way, it is the old one or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        # What a killed command left here would be taken for an environment; where nothing replaced the old one, it may hold that.
        for left in target.parent.glob(f".{target.name}.*"):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
        fresh = Path(scratch) / "new"
        write_files(fresh, files)
        old = Path(scratch) / "old"
        if target.exists():
            target.rename(old)
            _keep_ignored(old, fresh)
        try:
            fresh.rename(target)
        except OSError:
            if old.exists():
                _keep_ignored(fresh, old)
                old.rename(target)
            raise


def write_files(root: Path, files: Tree) -> None:
    """Write files below a directory, whatever lies there; a link is replaced, never written through."""
    for path, file in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.link or place.is_symlink():
            place.unlink(missing_ok=True)
        if file.link:
            place.symlink_to(file.link)
        else:
            place.write_bytes(file.data)
            place.chmod(0o755 if file.executable else 0o644)


def _keep_ignored(old: Path, fresh: Path) -> None:
    """Move what tools keep beside the code, as the workspace that is selected there, to where the code lies from now on."""
    for folder, folders, names in os.walk(old):
        place = fresh / Path(folder).relative_to(old)
        for each in IGNORED.intersection((*folders, *names)):
            if place.is_dir():
                (Path(folder) / each).rename(place / each)
        folders[:] = [each for each in folders if each not in IGNORED]

"""Directories of a work tree: what lies in one, links on the way to it, and how it is written as a whole, never by halves."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bot.core.tree import Tree
from bot.errors import UserError

# What tools leave in a work tree and git is told to ignore; it is no part of an environment, unless somebody has committed it.
IGNORED = frozenset({".terraform", ".DS_Store", "__pycache__"})


def entries(base: Path, committed: Callable[[], Iterable[str]]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield what lies in a directory, folders too; of what tools leave in work trees only what git has.

    `committed` returns the paths that git has in it, and is asked only where tools have left something.
    """
    is_littered = False
    for folder, folders, names in os.walk(base):
        inside = Path(folder).relative_to(base).as_posix()
        is_littered = is_littered or not IGNORED.isdisjoint((*folders, *names))
        folders[:] = sorted(each for each in folders if each not in IGNORED)
        # Plain names and one look at each: with a thousand environments this is a third of all the time.
        for entry in (entry for entry in [*folders, *names] if entry not in IGNORED):
            yield entry if inside == "." else f"{inside}/{entry}", os.lstat(f"{folder}/{entry}")
    for path in committed() if is_littered else ():
        if not IGNORED.isdisjoint(path.split("/")) and os.path.lexists(base / path):
            yield path, os.lstat(base / path)


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


def must_lie_here(root: Path, path: str) -> None:
    """Raise `UserError` where `path`, or a directory above it in the work tree at `root`, is a symlink.

    Git has one entry there, and whoever opens the path reads something else.
    """
    for end in (*(at for at, letter in enumerate(path) if letter == "/"), len(path)):
        if os.path.islink(f"{root}/{path[:end]}"):
            raise UserError(f"{path[:end]} is a symlink: delete it, and commit what it leads to in its place.")

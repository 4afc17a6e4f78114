"""Symlinks on the way to a path of a work tree: git has one entry there, and whoever opens the path reads something else."""

import os
from pathlib import Path

from bot.errors import UserError


def must_lie_here(root: Path, path: str) -> None:
    """Raise `UserError` where `path`, or a directory above it in the work tree at `root`, is a symlink."""
    for end in (*(at for at, letter in enumerate(path) if letter == "/"), len(path)):
        if os.path.islink(f"{root}/{path[:end]}"):
            raise UserError(f"{path[:end]} is a symlink: delete it, and commit what it leads to in its place.")

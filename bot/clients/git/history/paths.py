"""Which commits of a branch changed something in some directories."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import Unverifiable

TIMEOUT = 120
"""Seconds; the history of some directories in a large monorepo."""

RECENT = "14.days"
"""In git's words. A service that nobody started for longer has more to catch up on than this, and people have looked after it since."""


@dataclass(frozen=True, slots=True)
class PathsChanged:
    """A commit on the branch itself, and what it changed of that."""

    commit: str
    paths: tuple[str, ...]


def changes_of(repository: Path, head: str, directories: Sequence[str], after: str | None) -> Sequence[PathsChanged]:
    """Return the commits on the way to `head`, its first parents alone, that changed one of the directories, newest first.

    Those after a commit, or without one those of the last `RECENT`. Raises `Unverifiable`.
    """
    if not directories:
        return []
    span = [f"--since={RECENT}", head] if after is None else [f"{after}..{head}"]
    options = ("--first-parent", "--diff-merges=first-parent", "--name-only", "--no-renames", "-z", "--format=%x01%H")
    done = subprocess.run(
        ["git", "--literal-pathspecs", "-C", str(repository), "log", *options, *span, "--", *directories],
        capture_output=True,
        check=False,
        timeout=TIMEOUT,
    )
    if done.returncode != 0:
        raise Unverifiable(f"git log failed: {done.stderr.decode(errors='replace').strip()}")
    found = []
    for part in done.stdout.decode("utf-8", "surrogateescape").split("\x01")[1:]:
        commit, *paths = part.split("\0")
        found.append(PathsChanged(commit.strip(), tuple(path.strip("\n") for path in paths if path.strip("\n"))))
    return found

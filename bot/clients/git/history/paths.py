"""Which commits of a branch changed something in some directories."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.clients.git.command import git_text

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
    said = git_text(repository, "--literal-pathspecs", "log", *options, *span, "--", *directories)
    found = []
    for part in said.split("\x01")[1:]:
        commit, *paths = part.split("\0")
        found.append(PathsChanged(commit.strip(), tuple(path.strip("\n") for path in paths if path.strip("\n"))))
    return found

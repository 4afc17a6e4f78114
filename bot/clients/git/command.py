"""One command of git in a repository or a work tree. GitPython does what changes a mirror; all that is only asked goes this way.

git(root, "ls-tree", commit)       # what git says, or `Unverifiable`
git_text(root, "log", given="…")   # the same as text
"""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import Unverifiable

TIMEOUT = 120
"""Seconds: the whole history of a large monorepo, or the hooks of somebody's own repository."""


def completed(
    root: Path,
    arguments: Sequence[str],
    given: bytes = b"",
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> "subprocess.CompletedProcess[bytes]":
    """Return how git ended. Raises `FileNotFoundError` without git, and `subprocess.TimeoutExpired`."""
    argv = ["git", "-C", str(root), *arguments]
    return subprocess.run(argv, input=given, capture_output=True, check=False, timeout=timeout, env=environment)


def git(root: Path, *arguments: str, given: bytes = b"", advice: str = "") -> bytes:
    """Return what git says. Raises `Unverifiable` with git's own words, and with advice, where it fails."""
    done = completed(root, arguments, given)
    if done.returncode != 0:
        verb = next(each for each in arguments if not each.startswith("-"))
        said = f"git {verb} failed: {done.stderr.decode(errors='replace').strip()}"
        raise Unverifiable(f"{said}. {advice}" if advice else said)
    return done.stdout


def git_text(root: Path, *arguments: str, given: str = "", advice: str = "") -> str:
    """Return what git says, as text in which paths may have any bytes. Raises `Unverifiable`."""
    return git(root, *arguments, given=given.encode(), advice=advice).decode("utf-8", "surrogateescape")

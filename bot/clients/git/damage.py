"""A mirror that a kill, a full disk or somebody's hand has damaged. It is a cache, so it is made anew from the remote.

A git that is killed leaves locks and, where the machine dies too, empty files. Nothing of that passes by itself, and each fetch says it.
"""

import re
import shutil
import time
from pathlib import Path

import git

_DAMAGED = re.compile(
    r"object file \S+ is empty|object \S+ .*is corrupt|bad object|not a git repository|did not send all necessary objects"
    r"|unable to (?:read|unpack|open object pack|resolve reference)|inflate: data stream error|invalid sha1 pointer|missing (?:blob|tree|commit)"
    r"|(?:packfile|index file) \S+ (?:is|cannot|does not|has|index|claims)|bad (?:signature|config)|broken HEAD|unresolved deltas|non-monotonic"
)
_LOCKED = re.compile(r"\.lock': File exists")
STALE = 300.0
"""Seconds. No git command of ours lives longer."""


def opened(path: Path) -> git.Repo:
    """Open the bare repository at `path`; make it if there is none, and anew if git knows it no more."""
    try:
        return git.Repo(path)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        return renewed(path)


def renewed(path: Path) -> git.Repo:
    """Make the bare repository at `path` anew, empty."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True, exist_ok=True)
    return git.Repo.init(path, bare=True)


def is_damaged(said: str) -> bool:
    """Say whether git complains of the local repository, and not of the remote."""
    return _DAMAGED.search(said) is not None


def is_unlocked(path: Path, said: str) -> bool:
    """Remove the locks of dead commands, if git complains of a lock; say whether there was any."""
    if not _LOCKED.search(said):
        return False
    # One of the future was made before the clock was put back, however long ago that was.
    stale = [each for each in path.rglob("*.lock") if abs(time.time() - each.stat().st_mtime) > STALE]
    for each in stale:
        each.unlink(missing_ok=True)
    return bool(stale)

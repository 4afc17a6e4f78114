"""Which commit a branch was at: by time, by a tag, by a commit's id. Its first parents count: what lies inside of a merge it never was."""

import re
from datetime import datetime
from pathlib import Path

from bot.clients.git.command import completed
from bot.commands.moments import COMMIT, time_of

FULL = re.compile("[0-9a-f]{40}")


def commit_at(repository: Path, head: str, text: str) -> str | None:
    """Return the commit that the branch whose head this is was at by `text` (`bot.commands.moments`); None when it never was."""
    time = time_of(text)
    if time is not None:
        return _last_before(repository, head, time)
    by_id = was_at(repository, head, text) if COMMIT.fullmatch(text) else None
    return by_id or was_at(repository, head, f"refs/tags/{text}")


def was_at(repository: Path, head: str, name: str) -> str | None:
    """Return the commit that `name` is, an id or its beginning or a tag, if the branch was at it, and at no other that it may be."""
    found = [each for each in _meant(repository, name) if _is_first_parent(repository, head, each)]
    return found[0] if len(found) == 1 else None


def _meant(repository: Path, name: str) -> list[str]:
    if FULL.fullmatch(name):
        return [name]  # git takes it for no reference and no other's beginning; if it is absent, no branch was at it
    if COMMIT.fullmatch(name):
        # As a revision it would be a tag or branch of that name first, which whoever may push can make.
        return (_git(repository, "rev-parse", f"--disambiguate={name}") or "").split()
    commit = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return [commit] if commit is not None else []


def _is_first_parent(repository: Path, head: str, commit: str) -> bool:
    # Without the commit's own parents the first parents end at it, if they lead there.
    later = _git(repository, "rev-list", "--first-parent", head, "--not", f"{commit}^@") or ""
    return commit in later.split()


def _last_before(repository: Path, head: str, time: datetime) -> str | None:
    return _git(repository, "rev-list", "--first-parent", "--max-count=1", f"--before={time.isoformat()}", head) or None


def _git(repository: Path, *arguments: str) -> str | None:
    done = completed(repository, arguments)
    return done.stdout.decode().strip() if done.returncode == 0 else None

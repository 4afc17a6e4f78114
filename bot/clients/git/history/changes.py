"""What a checkout's history says of a directory."""

from dataclasses import dataclass
from pathlib import Path

from bot.errors import Unverifiable


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """A commit on the branch itself, and its parents; of a merge the second is what was merged."""

    commit: str
    parents: tuple[str, ...]


def change_of(root: Path, *directories: str) -> HistoryChange | None:
    """Return the last commit on the checked-out branch that changed one of the directories, or None. Raises `Unverifiable`.

    A merge counts as the one commit that it is to the branch, whatever it brought.
    """
    import git  # noqa: PLC0415 (a job that asks nothing of history starts without it)

    try:
        with git.Repo(root) as repo:
            found = next(repo.iter_commits("HEAD", paths=list(directories), first_parent=True, max_count=1), None)
            return HistoryChange(found.hexsha, tuple(parent.hexsha for parent in found.parents)) if found else None
    except (git.InvalidGitRepositoryError, git.NoSuchPathError, git.GitCommandError, ValueError) as error:
        raise Unverifiable(
            f"The history of {directories[0]} in {root} can't be read. Fetch the full history (`git fetch --unshallow`)."
        ) from error

"""Commit what was written into a checkout on a branch of its own, as a person would: nothing else that is changed there goes with it."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import InvalidInput, UserError
from bot.names import shown

TIMEOUT = 120
"""Seconds: hooks of the repository run, too."""


@dataclass(frozen=True, slots=True)
class OwnBranch:
    """A branch of the repository at `top` for one thing: the one that is checked out, or a new one."""

    top: Path
    name: str
    is_new: bool

    @classmethod
    def at(cls, directory: Path, name: str) -> "OwnBranch":
        """Return the branch, which is made with its first commit. Raises `InvalidInput` for no name of one, `UserError`."""
        if subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False).returncode:
            raise InvalidInput(f"{shown(name)} is no name of a branch. Write one such as `--branch adopt-production`.")
        top = Path(_git(directory, "rev-parse", "--show-toplevel"))
        is_new = _git(top, "branch", "--show-current") != name
        if is_new and _git(top, "branch", "--list", name):
            raise UserError(
                f"The branch `{name}` is there already. Go on with it: `git switch {name}`, then run this again."
            )
        return cls(top, name, is_new)

    def commit(self, paths: Sequence[str], message: str) -> bool:
        """Commit what is at these paths, if anything of it changed; say whether it did. Raises `UserError`."""
        if not _git(self.top, "status", "--porcelain", "--", *paths):
            return False
        if self.is_new:
            _git(self.top, "switch", "--quiet", "--create", self.name)
        _git(self.top, "add", "--", *paths)
        _git(self.top, "commit", "--quiet", "--message", message, "--", *paths)
        return True


def _git(directory: Path, *arguments: str) -> str:
    argv = ["git", "-C", str(directory), *arguments]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise UserError(f"`git {arguments[0]}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()

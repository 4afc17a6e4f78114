"""Commit what was written into a checkout on a branch of its own, as a person would: nothing else that is changed there goes with it."""

import base64
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.clients.git.command import completed
from bot.core.plural import counted
from bot.errors import InvalidInput, UserError
from bot.names import shown

DOWNLOADED = ":(exclude,glob)**/.terraform/**"
"""Providers and modules that `terraform init` puts beside the code, where no `.gitignore` keeps them out."""


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
            raise InvalidInput(f"{shown(name)} is not a branch name. Write one such as `--branch adopt-production`.")
        top = Path(_git(directory, "rev-parse", "--show-toplevel"))
        is_new = _git(top, "branch", "--show-current") != name
        if is_new and _git(top, "branch", "--list", name):
            here = _git(top, "branch", "--show-current") or _git(top, "rev-parse", "--short", "HEAD")
            more = int(_git(top, "rev-list", "--count", f"refs/heads/{name}..HEAD"))
            lacks = f" It lacks {counted(more, 'commit')} of `{here}`." if more else ""
            bring = f" && git merge {here}" if more else ""
            raise UserError(
                f"The branch `{name}` already exists.{lacks} Continue on it: `git switch {name}{bring}`, then run this again."
            )
        return cls(top, name, is_new)

    def changed(self, paths: Sequence[str]) -> Sequence[str]:
        """Return the files at these paths that aren't as they were committed. Raises `UserError`."""
        said = _git(self.top, "status", "--porcelain", "-uall", "--no-renames", "-z", "--", *paths, DOWNLOADED)
        return [each.strip().partition(" ")[2].lstrip() for each in said.split("\0") if each.strip()]

    def commit(self, paths: Sequence[str], message: str) -> bool:
        """Commit what is at these paths, if anything of it changed; say whether it did. Raises `UserError`."""
        ours = (*paths, DOWNLOADED)
        if not self.changed(paths):
            return False
        if self.is_new:
            _git(self.top, "switch", "--quiet", "--create", self.name)
        _git(self.top, "add", "--", *ours)
        _git(self.top, "commit", "--quiet", "--message", message, "--", *ours)
        return True

    def push(self, token: str, server: str) -> None:
        """Push the branch to the remote `origin`. Raises `UserError`.

        Over HTTP with the token, which is in git's environment alone and goes to this server only: a remote's `pushurl` may be elsewhere.
        """
        header = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        name, before = f"http.{server}/.extraHeader", int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": str(before + 2)}
        # GitHub answers 400 to two of these headers, and actions/checkout leaves one: an empty value takes back what was said before.
        for number, value in enumerate(("", f"Authorization: Basic {header}"), before):
            environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        branch = f"refs/heads/{self.name}"
        _git(self.top, "push", "--quiet", "origin", f"{branch}:{branch}", environment=environment)


def has_uncommitted(directory: Path, path: str) -> bool:
    """Say whether something at a path isn't committed. Outside of a repository nothing is asked for."""
    try:
        return bool(_git(directory, "status", "--porcelain", "--", path, DOWNLOADED))
    except UserError:
        return False


def _git(directory: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    done = completed(directory, arguments, environment=environment)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise UserError(f"`git {arguments[0]}` failed: {said.decode(errors='replace')}")
    return done.stdout.decode("utf-8", "surrogateescape").strip()

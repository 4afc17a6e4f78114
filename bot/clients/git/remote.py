"""Git's commands against one remote: with credentials, and with pushes that are compare-and-swap.

Credentials travel in git's environment (`GIT_CONFIG_*`), never in a URL, in argv or on disk.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import git

from bot.clients.git.refusals import refusal
from bot.clients.transient import Transient

_TIMEOUT = 300.0
"""Seconds for one git command; a first fetch of a large monorepo takes the longest."""


class GitFailed(Transient):
    """Git could not do what it was asked, for a reason that may pass. Worth another try."""


class CommitMissing(GitFailed):
    """The remote does not have this commit. GitHub's servers may also take a moment to know of one that was just pushed."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A push was refused because these refs are no longer what we believed; nothing was written."""

    refs: tuple[str, ...]


class Remote:
    """The remote of a bare repository. Every method raises `GitFailed`, or `GitRefused` for what no other try heals."""

    def __init__(self, local: git.Repo, url: str, credentials: Callable[[], tuple[str, str]]) -> None:
        self._local, self.url, self._credentials = local, url, credentials

    def fetch(self, *refs: str, prune: bool = False) -> None:
        """Bring refspecs, or commits by their id, into the local repository."""
        self._run("fetch", *(["--prune"] if prune else []), "--no-tags", "--quiet", self.url, *refs)

    def default_branch(self) -> str | None:
        """Return the branch that the remote's HEAD names; None while that has no commit."""
        found = re.match(r"ref: refs/heads/(\S+)\tHEAD", self._run("ls-remote", "--symref", self.url, "HEAD"))
        return found[1] if found else None

    def refs(self, *patterns: str) -> dict[str, str]:
        """Return the remote's refs whose last parts match, and what they point to; all when nothing is named."""
        listed = self._run("ls-remote", self.url, *patterns)
        return {ref: found for found, ref in (line.split("\t") for line in listed.splitlines())}

    def push(self, refs: Mapping[str, str], leases: Mapping[str, str | None]) -> Moved | None:
        """Point refs elsewhere ("" deletes one), all or none, while they are what `leases` say."""
        options = [f"--force-with-lease={ref}:{was or ''}" for ref, was in leases.items()]
        wanted = [f"{new}:{ref}" for ref, new in refs.items()]
        try:
            self._run("push", "--atomic", "--porcelain", *options, self.url, *wanted)
        except GitFailed as error:
            # Porcelain lines are `<flag> TAB <from>:<to> TAB <summary>`; `!` marks what was refused, and why. With
            # --atomic the innocent refs are marked too, as "atomic push failed".
            refused = dict(re.findall(r"^!\t[^\t]*:(\S+)\t\[[^\]]*\] \((.*)\)$", str(error), re.MULTILINE))
            moved = tuple(ref for ref, why in refused.items() if re.search("stale|exists|fetch first|lock", why))
            # A ref that is taken between the server's advertisement and its transaction is refused in other words, and
            # for all refs alike, so the refs themselves are asked.
            moved = moved or (self._moved(leases) if refused else ())
            if moved:
                return Moved(moved)
            raise
        return None

    def _moved(self, leases: Mapping[str, str | None]) -> tuple[str, ...]:
        now = self.refs(*leases)
        return tuple(ref for ref, was in leases.items() if now.get(ref) != was)

    def _run(self, *arguments: str) -> str:
        user, token = self._credentials()
        header = base64.b64encode(f"{user}:{token}".encode()).decode()
        environment = {  # on top of the process's own, which GitPython passes on
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {header}",
            "GIT_CONFIG_KEY_1": "credential.helper",
            "GIT_CONFIG_VALUE_1": "",
        }
        if arguments[0] in {"fetch", "push"}:
            # Where the mirror is gone, git would look for a repository above, and fetch into that.
            environment["GIT_DIR"] = str(self._local.git_dir)
        status, out, err = self._local.git.execute(
            ["git", *arguments],
            with_extended_output=True,
            with_exceptions=False,
            env=environment,
            kill_after_timeout=_TIMEOUT,
        )
        if status == 0:
            return str(out)
        said = f"{out}\n{err}".replace(header, "***")
        failed = CommitMissing if "not our ref" in said else GitFailed
        raise refusal(arguments[0], said) or failed(f"git {arguments[0]} failed:\n{said}")

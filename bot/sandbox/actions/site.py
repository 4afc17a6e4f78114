"""What all runs of one runner share: where things are, and what they must take turns with."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.clients.terraform.passed_on import SHORT_LIVED
from bot.sandbox.actions.groups import Groups
from bot.sandbox.actions.service import ActionsService
from bot.sandbox.github import GitHubServer

STAND_INS = Path(__file__).parent / "stand_ins"
KNOWN = frozenset(entry.name for entry in STAND_INS.iterdir() if entry.is_dir())
UNKNOWN = "unknown"
OURS = "envclone"
"""The name of the repository with the action that installs the tool, whoever owns the copy that a monorepo takes it from."""
CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
"""A machine of GitHub's has none: a job gets its own, by its identity token, or goes without."""


@dataclass(frozen=True, slots=True)
class Site:
    """The shared parts. `tool` is the `envclone` that jobs call, `act` the program, `environment` what jobs may see.

    `actions` are checkouts of real actions by `owner/name`; with that of envclone, jobs install the tool from there.
    """

    root: Path
    github: GitHubServer
    tool: Path
    act: Path
    environment: Mapping[str, str]
    slots: threading.BoundedSemaphore
    timeout: timedelta
    subjects_with_ids: bool
    actions: Mapping[str, Path] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    groups: Groups = field(default_factory=Groups)
    service: ActionsService = field(default_factory=ActionsService)

    def base_environment(self, home: Path) -> dict[str, str]:
        """Return the environment of a runner's machine: nothing of this process but PATH, and what the sandbox gives."""
        scratch = home / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            # `act` is a Go program, too: it spends two thirds of its processor time on its garbage otherwise.
            **SHORT_LIVED,
            # `act` gives steps a terminal, GitHub does not: nothing may stop for a reader or draw.
            "TERM": "dumb",
            "NO_COLOR": "1",
            "PAGER": "cat",
            **{name: value for name, value in self.environment.items() if name not in CREDENTIALS},
            "HOME": str(home),
            "TMPDIR": str(scratch),
            **({} if any(_is_ours(name) for name in self.actions) else {"ENVCLONE_TOOL": str(self.tool)}),
        }

    def answering(self, repository: str) -> Path:
        """Return the directory that has the actions of another repository."""
        return self.actions.get(repository) or stand_in(repository)


def _is_ours(repository: str) -> bool:
    return repository.partition("/")[2] == OURS


def stand_in(repository: str) -> Path:
    """Return the directory that answers for the actions of another repository; unknown ones fail and say so."""
    if _is_ours(repository):
        return STAND_INS / OURS
    name = repository.replace("/", "-")
    return STAND_INS / (name if name in KNOWN else UNKNOWN)

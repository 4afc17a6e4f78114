"""The revisions of a template on a branch, read from git's history."""

import subprocess
from pathlib import Path

from bot.core.requests.template_history import TemplateHistory, TemplateVersion
from bot.errors import Unverifiable

MOST_VERSIONS = 500
"""Of one template. Whoever is further behind than this is told so without a number."""
TIMEOUT = 120
"""Seconds; the history of one directory in a large monorepo."""


def template_history(repository: Path, commit: str, path: str) -> TemplateHistory:
    """Return the revisions of the template in the directory `path` on the way to a commit, its first parents alone.

    Raises `Unverifiable`.
    """
    options = ("--first-parent", f"--max-count={MOST_VERSIONS}", "--format=%H %s")
    lines = _git(repository, ["log", *options, commit, "--", path]).splitlines()
    commits = [line.partition(" ") for line in lines]
    asked = "".join(f"{found}:{path}\n" for found, _, _ in commits)
    trees = _git(repository, ["cat-file", "--batch-check=%(objectname)"], asked).splitlines()
    return [
        TemplateVersion(found, tree, subject)
        for (found, _, subject), tree in zip(commits, trees, strict=True)
        if not tree.endswith(" missing")
    ]


def _git(repository: Path, arguments: list[str], given: str = "") -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        input=given,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=TIMEOUT,
    )
    if done.returncode != 0:
        raise Unverifiable(f"git {arguments[0]} failed: {done.stderr.strip()}. Fetch the full history.")
    return done.stdout

"""The revisions of a template on a branch, read from git's history."""

from pathlib import Path

from bot.clients.git.command import git, git_text
from bot.core.requests.template_history import TemplateHistory, TemplateVersion

MOST_VERSIONS = 500
"""Of one template. Whoever is further behind than this is told so without a number."""
_ADVICE = "Fetch the full history."


def template_history(repository: Path, commit: str, path: str) -> TemplateHistory:
    """Return the revisions of the template in the directory `path` on the way to a commit, its first parents alone.

    Raises `Unverifiable`.
    """
    options = ("--first-parent", f"--max-count={MOST_VERSIONS}", "--format=%H %s")
    said = git(repository, "log", *options, commit, "--", path, advice=_ADVICE)
    lines = said.decode(errors="replace").splitlines()  # people read the subjects
    commits = [line.partition(" ") for line in lines]
    asked = "".join(f"{found}:{path}\n" for found, _, _ in commits)
    trees = git_text(repository, "cat-file", "--batch-check=%(objectname)", given=asked, advice=_ADVICE).splitlines()
    return [
        TemplateVersion(found, tree, subject)
        for (found, _, subject), tree in zip(commits, trees, strict=True)
        if not tree.endswith(" missing")
    ]

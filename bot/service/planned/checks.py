"""The checks of a commit, as GitHub Actions wrote them."""

from bot.clients.github.records import ACTIONS_APP, Check
from bot.service.repository import Repository

REQUIRED_CHECK = "envclone"
"""The aggregate check of the pull request (see `.github/workflows/plan.yml`)."""


def newest_check(repo: Repository, sha: str, name: str) -> Check | None:
    """Return the newest check of that name by GitHub Actions; one by anybody else counts for nothing."""
    checks = [check for check in repo.github.checks(repo.name, sha, name) if check.app == ACTIONS_APP]
    return max(checks, key=lambda check: check.id, default=None)

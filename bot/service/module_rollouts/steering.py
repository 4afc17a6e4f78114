"""What people do to a rollout's issue while it is looked at."""

from bot.clients.github.records import Issue
from bot.core.rollout.record import is_paused
from bot.service.repository import Repository


def goes_on(repo: Repository, seen: Issue) -> bool:
    """Say whether nobody has paused or ended it since the look began: whoever did was told that nothing more is done."""
    issue = repo.github.issue(repo.name, seen.number)
    return issue.state == "open" and not is_paused(issue.labels)

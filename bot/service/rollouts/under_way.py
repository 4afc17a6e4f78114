"""A rollout that is under way: its issue, and what that remembers."""

from dataclasses import dataclass

from bot.clients.github.records import Issue
from bot.core.rollout.record import RolloutRecord
from bot.errors import UserError
from bot.names import EnvironmentName
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout under way."""

    issue: Issue
    record: RolloutRecord

    def is_at(self, repo: Repository, commit: str, name: EnvironmentName) -> bool:
        """Say whether an environment is at the rollout's revision in a commit."""
        try:
            manifest = repo.at(commit).manifest(name)
        except UserError:
            return False
        return manifest is not None and manifest.revision == self.record.revision

"""Drafts the values that another repository asks for, if it may, and in time: nothing is asked of what is pushed already."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.git.remote import Moved
from bot.commands.model import Set
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed, ChangeDraft, Unchanged, draft_change
from bot.core.requests.dispatched.request import DispatchedRequest, check_target, is_fresh
from bot.core.requests.sync import Synced
from bot.names import EnvironmentName
from bot.service.commands.drafter import ChangePlace
from bot.service.proposals.drafting import change_subject
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class DispatchedDrafter:
    """Drafts what a signed request asks for."""

    asked: DispatchedRequest
    as_in: None = None

    @property
    def command(self) -> Set:
        return Set(self.asked.environment, self.asked.set)

    @property
    def changes(self) -> EnvironmentName:
        return self.asked.environment

    def draft(self, repo: Repository, place: ChangePlace) -> ChangeDraft:
        now = repo.context.now()
        if not is_fresh(self.asked, now):
            return Unchanged(f"dispatch {self.asked.id} was signed at another time")
        # People may push to the branch of a change, so what is on the default branch says whose clone it is.
        check_target(self.asked, repo.manifest(self.changes) or place.manifest, repo.policy())
        return draft_change(self.command, change_subject(repo, place.manifest, repo.at(place.parent)), now)

    def claims(self, _: Changed | Synced) -> Mapping[Claim, str | None]:
        return {}

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn nothing: another commit on the branch is read anew."""

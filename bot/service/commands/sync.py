"""`/sync`: publish an environment at another revision of its template, on the branch of its changes, and propose it as a change.

A value that it is to hold alone from now on is claimed with the push, as `/clone` does; whoever loses it drafts again without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.clients.git.remote import Moved
from bot.commands.model import Sync
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed
from bot.core.requests.sync import SyncDraft, Synced, draft_asking, draft_sync
from bot.names import EnvironmentName
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.commands.lost_race import learn
from bot.service.proposals.drafting import OthersClaims, sync_subject
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class SyncDrafter:
    """Drafts the environment at another revision, with what lost races have taught."""

    command: Sync
    others: OthersClaims = field(default_factory=OthersClaims)
    asks: bool = False
    """Whether what only people can give is asked for in the pull request, where `/set` answers."""
    as_in: None = None

    @property
    def changes(self) -> EnvironmentName:
        return self.command.name

    def draft(self, repo: Repository, place: ChangePlace) -> SyncDraft | Changed:
        subject = sync_subject(repo, self.command, place.manifest, repo.at(place.parent), self.others)
        draft = draft_asking if self.asks else draft_sync
        return draft(self.command, subject, repo.context.now())

    def claims(self, drafted: Changed | Synced) -> Mapping[Claim, str | None]:
        return {claim: self.others.left_over.get(claim) for claim in drafted.claims}

    def lost(self, repo: Repository, moved: Moved) -> None:
        learn(repo, moved, self.others)


class SyncJob(ChangeJob):
    """Publishes and proposes another revision of the template."""

    commands = (Sync,)
    kind = "sync"

    def drafter(self, repo: Repository, command: Change) -> SyncDrafter:
        assert isinstance(command, Sync)
        return SyncDrafter(command, asks=True)

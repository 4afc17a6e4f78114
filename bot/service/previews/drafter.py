"""Drafts a preview as its pull request has it now: the template and the source's values of the pull request's head."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.clients.git.remote import Moved
from bot.clients.github.records import PullRequest
from bot.commands.model import Sync
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed
from bot.core.requests.commit_trailers import AsIn
from bot.core.requests.sync import SyncDraft, Synced, draft_asking, given_before
from bot.names import EnvironmentName
from bot.service.commands.drafter import ChangePlace
from bot.service.commands.lost_race import learn
from bot.service.proposals.drafting import OthersClaims, sync_subject
from bot.service.proposals.previewed import previewed
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class PreviewDrafter:
    """Drafts the preview `changes` at the head of `pull`, with what lost races have taught."""

    changes: EnvironmentName
    pull: PullRequest
    source: EnvironmentName
    others: OthersClaims = field(default_factory=OthersClaims)

    @property
    def command(self) -> Sync:
        return Sync(self.changes)

    @property
    def as_in(self) -> AsIn:
        return AsIn(self.source, self.pull.head_sha)

    def draft(self, repo: Repository, place: ChangePlace) -> SyncDraft | Changed:
        at = repo.at(place.parent)
        subject = previewed(repo, self.pull, sync_subject(repo, self.command, place.manifest, at, self.others))
        return draft_asking(replace(self.command, set=given_before(subject)), subject, repo.context.now())

    def claims(self, drafted: Changed | Synced) -> Mapping[Claim, str | None]:
        return {claim: self.others.left_over.get(claim) for claim in drafted.claims}

    def lost(self, repo: Repository, moved: Moved) -> None:
        learn(repo, moved, self.others)

"""Drafts a preview as its pull request has it now: the template and the source's values of the pull request's head."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.clients.git.remote import CommitMissing, Moved
from bot.clients.github.records import PullRequest
from bot.commands.model import Sync
from bot.core.rendering.inventory import Claim
from bot.core.rendering.synced_values import followed
from bot.core.requests.change import Changed
from bot.core.requests.commit_trailers import AsIn
from bot.core.requests.sync import SyncDraft, Synced, draft_sync
from bot.errors import UserError
from bot.names import EnvironmentName
from bot.service.commands.drafter import ChangePlace
from bot.service.commands.lost_race import learn
from bot.service.proposals.drafting import OthersClaims, sync_subject
from bot.service.repository import Repository
from bot.service.versions.past import past_template
from bot.service.versions.proposed import source_in


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

    def draft(self, repo: Repository, place: ChangePlace) -> SyncDraft:
        manifest = place.manifest
        if manifest.preview is None:
            raise UserError(f"`{manifest.name}` is not a preview any more.")
        found = source_in(repo, self.pull, self.source)
        try:
            before = repo.at(manifest.preview.commit).source(self.source)
        except CommitMissing as missing:
            raise UserError(
                f"Commit {manifest.preview.commit[:12]}, which `{manifest.name}` was rendered from, is not in this repository any more. "
                f"Comment `/sync {manifest.name}` to make it an ordinary clone, or `/destroy {manifest.name}`."
            ) from missing
        subject = replace(
            sync_subject(repo, self.command, manifest, repo.at(place.parent), self.others),
            after=past_template(repo, manifest.template, found),
            preview=found.preview,
            follows=followed(manifest, before, found.side.manifest),
        )
        return draft_sync(self.command, subject, repo.context.now())

    def claims(self, drafted: Changed | Synced) -> Mapping[Claim, str | None]:
        return {claim: self.others.left_over.get(claim) for claim in drafted.claims}

    def lost(self, repo: Repository, moved: Moved) -> None:
        learn(repo, moved, self.others)

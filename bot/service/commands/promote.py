"""`/promote`: publish what was proved in a clone on the branch of its source's changes, and propose it as a change of the source."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.clients.git.remote import Moved
from bot.commands.model import Promote, Set, Sync
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed, Unchanged, draft_change
from bot.core.requests.commit_trailers import AsIn
from bot.core.requests.refusal import Refused, unknown_environment
from bot.core.requests.sync import Synced
from bot.core.requests.versions.last_apply import not_as_applied
from bot.core.requests.versions.promotion import PromotionSubject, promotion
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.commands.lost_race import learn
from bot.service.commands.sync import SyncDrafter
from bot.service.proposals.drafting import OthersClaims, change_subject
from bot.service.repository import Repository
from bot.service.reruns.run_end import last_run


@dataclass(frozen=True, slots=True)
class PromoteDrafter:
    """Drafts the source of a clone as the clone proved it."""

    command: Promote
    clone: Manifest
    changes: EnvironmentName
    as_in: AsIn
    others: OthersClaims = field(default_factory=OthersClaims)

    def draft(self, repo: Repository, place: ChangePlace) -> Changed | Synced | Unchanged | Refused:
        clone, source = self.clone, place.manifest
        refused = not_as_applied(clone.name, last_run(repo, clone.name))
        if refused is not None:
            return refused
        subject = PromotionSubject(
            clone=clone,
            clone_template=repo.template_of(clone).declaration,
            source=source,
            source_template=repo.template_of(source).declaration,
            history=repo.template_history(source.template),
        )
        match promotion(self.command, subject):
            case Set() as change:
                return draft_change(change, change_subject(repo, source, repo.at(place.parent)), repo.context.now())
            case Sync() as sync:
                return SyncDrafter(sync, self.others, asks=True).draft(repo, place)
            case other:
                return other

    def claims(self, drafted: Changed | Synced) -> Mapping[Claim, str | None]:
        return {claim: self.others.left_over.get(claim) for claim in drafted.claims}

    def lost(self, repo: Repository, moved: Moved) -> None:
        learn(repo, moved, self.others)


class PromoteJob(ChangeJob):
    """Publishes and proposes what a clone proved, for its source."""

    commands = (Promote,)
    kind = "promote"

    def drafter(self, repo: Repository, command: Change) -> PromoteDrafter | Refused:
        assert isinstance(command, Promote)
        try:
            clone = repo.manifest(command.name)
        except UserError as error:
            return Refused(str(error))
        if clone is None:
            return unknown_environment(command, repo.names())
        if clone.source is None:
            return Refused(f"`{clone.name}` was not cloned from anything, so it has no source. Name a clone.")
        if clone.source not in repo.trees():
            return Refused(
                f"`{clone.name}` was cloned from `{clone.source}`, which is not on `{repo.branch}` any more."
            )
        return PromoteDrafter(command, clone, clone.source, AsIn(clone.name, repo.commit))

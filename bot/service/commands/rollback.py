"""`/rollback`: publish an environment as it was at an earlier commit, on the branch of its changes, and propose it as a change."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.clients.git.remote import Moved
from bot.commands.model import Rollback
from bot.core.markdown import code
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.commit_trailers import AsIn
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.core.requests.versions.rollback import EarlierVersion, RollbackSubject, draft_rollback, restored
from bot.core.tree import Tree
from bot.errors import UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.commands.lost_race import learn
from bot.service.proposals.drafting import OthersClaims, contract_of, inventory_for, source_side
from bot.service.repository import Repository
from bot.service.versions.applied import applied_commits


@dataclass(slots=True)
class RollbackDrafter:
    """Drafts the environment as it was; `as_in` is known once it is drafted."""

    command: Rollback
    others: OthersClaims = field(default_factory=OthersClaims)
    as_in: AsIn | None = None

    @property
    def changes(self) -> EnvironmentName:
        return self.command.name

    def draft(self, repo: Repository, place: ChangePlace) -> Changed | Unchanged | Refused:
        if place.branch.kind == "clone":
            return Refused(
                f"{code(self.changes)} is only proposed, so there is nothing to go back to. Change it with `/set`."
            )
        earlier = _earlier(repo, self.command)
        self.as_in = AsIn(self.changes, earlier.commit)
        files = repo.at(place.parent).environment(self.changes)
        return draft_rollback(rollback_subject(repo, place.manifest, files, self.others), earlier, repo.context.now())

    def claims(self, drafted: Changed | Synced) -> Mapping[Claim, str | None]:
        return {claim: self.others.left_over.get(claim) for claim in drafted.claims}

    def lost(self, repo: Repository, moved: Moved) -> None:
        learn(repo, moved, self.others)


def rollback_subject(repo: Repository, manifest: Manifest, files: Tree, others: OthersClaims) -> RollbackSubject:
    """Return an environment as it is, with all that an earlier version of it is held against."""
    source = repo.manifest(manifest.source) if manifest.source else None
    return RollbackSubject(
        manifest=manifest,
        files=files,
        template=repo.template_of(manifest),
        policy=repo.policy(),
        inventory=inventory_for(repo, manifest.template, others),
        source=source_side(repo, source) if source else None,
        judges=JUDGES,
        contract=contract_of(repo, manifest.template),
    )


def _earlier(repo: Repository, command: Rollback) -> EarlierVersion:
    """Return the version that is asked for, by default the newest other one that was applied well. Raises `UserError`, `Transient`."""
    name = command.name
    if command.commit is not None:
        commit = repo.mirror.history.was_at(command.commit, repo.commit)
        if commit is None:
            raise UserError(
                f"`{repo.branch}` was never at a commit `{command.commit}`. Leave out `to …` to go back to the last version that was applied."
            )
        manifest = repo.at(commit).manifest(name)
        if manifest is None:
            raise UserError(f"There was no {code(name)} at {code(commit[:12])}. Name a later commit.")
        return _version(repo, commit, manifest)
    now, files = repo.source(name), repo.environment(name)
    for each in applied_commits(repo, name):
        manifest = repo.at(each.deployment.sha).manifest(name)
        if manifest is None or manifest.request != now.request:
            break  # what bore the name before is another environment
        version = _version(repo, each.deployment.sha, manifest)
        if restored(version, now) != files:
            return version
    raise UserError(
        f"No other version of {code(name)} is known to have been applied successfully. Name the commit to go back to: "
        f"{code(f'/rollback {name} to <commit>')}."
    )


def _version(repo: Repository, commit: str, manifest: Manifest) -> EarlierVersion:
    return EarlierVersion(commit, manifest, repo.at(commit).environment(manifest.name), repo.template_of(manifest))


class RollbackJob(ChangeJob):
    """Publishes and proposes an earlier version."""

    commands = (Rollback,)
    kind = "rollback"

    def drafter(self, repo: Repository, command: Change) -> RollbackDrafter:
        assert isinstance(command, Rollback)
        return RollbackDrafter(command)

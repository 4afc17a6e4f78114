"""`/set` and `/extend`: publish a commit on the open clone's branch, or on the branch of the environment's change, and propose it.

One change at a time is open for an environment: whoever asks for another adds a commit to it. The branch is pushed with a lease, so
git is the referee. A branch that is left over from a merged or closed change is taken over. A request whose commit is there already
(it was killed after the push) is found by the comment's id in the trailers, also when it was merged meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from pydantic import TypeAdapter

from bot.clients.git.remote import Moved
from bot.clients.git.trees import Publication
from bot.clients.github.records import PullRequest
from bot.clients.transient import Transient
from bot.commands.model import Command, Extend, Set
from bot.core.messages import change_pull_request, replies, sync_text
from bot.core.rendering.inventory import Claim, claims
from bot.core.requests import commit_trailers as trailers_of
from bot.core.requests.branches import Branch, Stranger
from bot.core.requests.change import Changed, ChangeDraft, Unchanged, draft_change
from bot.core.requests.commit_trailers import Trailers
from bot.core.requests.refusal import Refused, unknown_environment
from bot.core.requests.sync import Synced, conflicts_in, draft_answer
from bot.errors import UserError
from bot.model.environment import Manifest, Request
from bot.names import EnvironmentName, Login
from bot.service.command_job import Accepted, CommandJob
from bot.service.commands.drafter import Change, ChangePlace, Drafter
from bot.service.commands.lost_race import learn
from bot.service.jobs_api import REPORTED, Ended, JobStepResult, Reported, Steps
from bot.service.proposals.change import change_proposal
from bot.service.proposals.clone import clone_proposal_at
from bot.service.proposals.drafting import OthersClaims, change_subject
from bot.service.proposals.previewed import awaited_subject
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import OwnProposal, followed, proposal_on
from bot.service.status import report_branch
from bot.service.way import clear, is_being_proposed, publish

ATTEMPTS = 10
"""Lost races in a row before the job is retried later. Only commits to the same branch compete here, far fewer than clones compete for
a value."""


class Pushed(JobStepResult):
    """The branch that holds the change, and the change's own commit."""

    branch: Branch
    commit: str


class ChangeProposed(JobStepResult):
    """The pull request that proposes it."""

    number: int
    url: str


PUSHED: TypeAdapter[Pushed | Ended] = TypeAdapter(Pushed | Ended)
CHANGE_PROPOSED: TypeAdapter[ChangeProposed] = TypeAdapter(ChangeProposed)


class ChangeJob(CommandJob[Change]):
    """Publishes and proposes other values, or a longer life."""

    commands: ClassVar[tuple[type[Command], ...]] = (Set, Extend)
    kind = "change"

    @classmethod
    def partition(cls, command: Change) -> EnvironmentName | None:
        return command.name

    def carry_out(self, accepted: Accepted[Change], steps: Steps) -> Ended | None:
        pushed = steps.run("publish", PUSHED, lambda: self.publish(accepted))
        if isinstance(pushed, Ended):
            return pushed
        proposed = steps.run("propose", CHANGE_PROPOSED, lambda: self.propose(accepted.request, pushed))
        steps.run("report", REPORTED, lambda: self.report(accepted.request, pushed, proposed))
        return None

    def publish(self, accepted: Accepted[Change]) -> Pushed | Ended:
        """Push the change's commit, unless it is there."""
        request = accepted.request
        repo = repository_at_head(self.context, request.repository)
        drafter = self.drafter(repo, accepted.command)
        origin = ChangeOrigin(request.by, request.url, request.comment)
        outcome = drafter if isinstance(drafter, Refused) else publish_change(repo, origin, drafter)
        match outcome:
            case Pushed():
                return outcome
            case Refused():
                return self.refuse(request, replies.refused(outcome))
            case Unchanged(reason):
                return self.already(request, reason)

    def drafter(self, repo: Repository, command: Change) -> "Drafter | Refused":
        """Return what drafts the environment as the command asks for it, or why nothing does. Raises `Transient`."""
        assert isinstance(command, Set | Extend), "the others have jobs of their own"
        return ValuesDrafter(command)

    def propose(self, request: Request, pushed: Pushed) -> ChangeProposed:
        """Open the branch's pull request, or bring the one that is there up to date."""
        pull = propose_change(repository_at_head(self.context, request.repository), pushed.branch)
        return ChangeProposed(number=pull.number, url=pull.url)

    def report(self, request: Request, pushed: Pushed, proposed: ChangeProposed) -> Reported:
        """Tell everybody who asked for what is on the branch how it stands."""
        repo = repository_at_head(self.context, request.repository)
        told = report_branch(repo, pushed.branch)
        if pushed.branch.kind == "clone":
            told.append(reply_to(self.context, request, _in_place(repo, pushed, proposed)))
        return Reported(comments=tuple(told))


ChangeOutcome: TypeAlias = Pushed | Unchanged | Refused


@dataclass(frozen=True, slots=True)
class ValuesDrafter:
    """Drafts other values, or a longer life; of an environment whose sync waits for these values, that sync."""

    command: Set | Extend
    others: OthersClaims = field(default_factory=OthersClaims)
    as_in: None = None

    @property
    def changes(self) -> EnvironmentName:
        return self.command.name

    def draft(self, repo: Repository, place: ChangePlace) -> ChangeDraft | Synced:
        manifest, at, now = place.manifest, repo.at(place.parent), repo.context.now()
        if isinstance(self.command, Set) and manifest.awaits is not None and self._answers(repo, manifest):
            return draft_answer(self.command, awaited_subject(repo, manifest, at, self.others), now)
        return draft_change(self.command, change_subject(repo, manifest, at), now)

    def _answers(self, repo: Repository, manifest: Manifest) -> bool:
        """Say whether a `/set` gives what a sync waits for, or perhaps misspells it: what the environment has now is set as ever."""
        awaited = manifest.awaits.missing if manifest.awaits is not None else ()
        known = repo.template_of(manifest).declaration.parameters.keys() - set(awaited)
        return isinstance(self.command, Set) and not self.command.set.keys() <= known

    def claims(self, drafted: Changed | Synced) -> Mapping[Claim, str | None]:
        return {claim: self.others.left_over.get(claim) for claim in drafted.claims}

    def lost(self, repo: Repository, moved: Moved) -> None:
        learn(repo, moved, self.others)


@dataclass(frozen=True, slots=True)
class ChangeOrigin:
    """Who wants a change, and where that is to be seen; without a comment nobody asked for it: it follows from a rollout's issue."""

    by: Login
    url: str
    comment: int | None = None


def publish_change(repo: Repository, request: ChangeOrigin, drafter: Drafter) -> ChangeOutcome:
    """Return the commit that holds the change, pushing it unless it is there. Raises `Transient`."""
    for _ in range(ATTEMPTS):
        found = _place(repo, request, drafter)
        if not isinstance(found, ChangePlace):
            return found
        try:
            drafted = drafter.draft(repo, found)
        except UserError as error:
            return Refused(str(error))
        if isinstance(drafted, Unchanged | Refused):
            return drafted
        said = Trailers(
            environment=drafter.changes,
            by=request.by,
            comment=request.comment,
            url=request.url,
            base=found.base,
            as_in=drafter.as_in,
            is_codified=isinstance(drafted, Changed) and drafted.is_codified,
        )
        publication = _publication(repo, said, found, drafted)
        outcome = publish(repo, replace(publication, claims={**publication.claims, **drafter.claims(drafted)}))
        if isinstance(outcome, str):
            return Pushed(branch=found.branch, commit=outcome)
        repo = repo.fetched()
        if isinstance(outcome, Moved):
            drafter.lost(repo, outcome)
    raise Transient(f"{drafter.changes}: lost {ATTEMPTS} races for its branch in a row")


def propose_change(repo: Repository, branch: Branch) -> PullRequest:
    """Return the pull request of what is on a branch. Its text is made from the commits, so a second run makes the same.

    Raises `Transient`, and `UserError` when the branch is gone.
    """
    proposal = proposal_on(repo, branch)
    manifest = repo.at(proposal.tip).manifest(branch.environment) if proposal else None
    if proposal is None or manifest is None:
        raise UserError(
            f"Branch `{branch}` was deleted in the meantime, so no pull request was opened. Post the command again."
        )
    pull = proposal.pull
    if branch.kind == "clone":
        files, template = repo.at(proposal.tip).environment(branch.environment), repo.template_of(manifest)
        if pull is not None and conflicts_in(files, template):
            return pull  # with conflicts nobody can tell what the clone is, so its text stays
        return repo.github.ensure_pull_request(
            repo.name, clone_proposal_at(repo, manifest, proposal.tip, followed(proposal))
        )
    if pull is not None and not proposal.is_open and repo.proposed(branch) in (None, pull.head_sha):
        return pull
    return repo.github.ensure_pull_request(repo.name, change_proposal(repo, proposal, manifest))


def _place(repo: Repository, request: ChangeOrigin, drafter: Drafter) -> ChangePlace | Pushed | Refused:
    """Return where the change goes, or the commit that is there already, or that there is no such environment."""
    name = drafter.changes
    clone = proposal_on(repo, Branch("clone", name))
    change = proposal_on(repo, Branch("change", name))
    for proposal in filter(None, (clone, change)):
        commit = proposal.by_origin(request.comment, request.url)
        if commit is not None:
            return Pushed(branch=proposal.branch, commit=commit.id)
    live = repo.manifest(name)
    if live is None:
        return _in_clone(repo, clone, drafter.command)
    if change is not None and change.is_open:
        return _on_top(repo, change)
    branch = Branch("change", name)
    if is_being_proposed(repo, branch):
        raise Transient(f"{branch}: another job has pushed it and is opening its pull request")
    cleared = clear(repo, branch)
    if isinstance(cleared, Stranger):
        return Refused(replies.squatted(name, cleared))
    return ChangePlace(branch, live, repo.commit, None if cleared else repo.proposed(branch), repo.commit)


def _in_clone(repo: Repository, clone: OwnProposal | None, command: Change) -> ChangePlace | Refused:
    if clone is not None and clone.is_open:
        return _on_top(repo, clone)
    if clone is not None:
        return Refused(
            f"`{command.name}` is not on the default branch, and no open pull request adds it, so there is nothing "
            "to change."
        )
    return unknown_environment(command, [*repo.names(), *repo.inventory().proposed])


def _on_top(repo: Repository, proposal: OwnProposal) -> ChangePlace | Refused:
    name = proposal.branch.environment
    manifest = repo.at(proposal.tip).manifest(name)
    if manifest is None:
        number = proposal.pull.number if proposal.pull else "?"
        return Refused(f"#{number} now contains other changes to `{name}`. Merge or close it first.")
    return ChangePlace(proposal.branch, manifest, proposal.tip, proposal.tip, proposal.base)


def _publication(repo: Repository, said: Trailers, place: ChangePlace, drafted: Changed | Synced) -> Publication:
    title = change_pull_request.title(place.manifest, drafted.manifest, said)
    notes = ["\n".join(f"- {each}" for each in drafted.notes)] if isinstance(drafted, Changed) and drafted.notes else []
    return Publication(
        parent=place.parent,
        directories={repo.roots.environment(place.branch.environment): drafted.files},
        branch=str(place.branch),
        branch_was=place.was,
        claims=_moving_claims(repo, place),
        message="\n\n".join((title, *notes, trailers_of.write(said))),
        author=repo.context.author,
        at=repo.context.now(),
    )


def _moving_claims(repo: Repository, place: ChangePlace) -> dict[Claim, str | None]:
    """Return the claims that go on with a clone's branch: they point to its head, by which they are given back one day."""
    if place.branch.kind != "clone":
        return {}
    declared = repo.template_of(place.manifest).declaration.parameters
    held = claims(declared, place.manifest.parameters)
    return {claim: place.was for claim in held if repo.mirror.holder(claim) == place.was}


def _in_place(repo: Repository, pushed: Pushed, proposed: ChangeProposed) -> str:
    """Say what the commit changes in the clone's open pull request."""
    name, parent = pushed.branch.environment, repo.mirror.history.parent(pushed.commit)
    before = repo.at(parent).manifest(name) if parent is not None else None
    after = repo.at(pushed.commit).manifest(name)
    if before is None or after is None:
        raise UserError(f"Commit {pushed.commit[:12]} does not change `{name}`. Comment the command again.")
    said = change_pull_request.in_place(before, after, f"[#{proposed.number}]({proposed.url})")
    left = conflicts_in(repo.at(pushed.commit).environment(name), repo.template_of(after))
    left_to_do = sync_text.conflicts(repo.roots.environment(name), left) if left else sync_text.waits(after)
    return "\n\n".join(filter(None, (said, left_to_do)))

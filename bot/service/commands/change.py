"""Publish what `/set` and `/extend` ask for: a commit on the open clone's branch, or on the branch of the environment's change.

One change at a time is open for an environment: whoever asks for another adds a commit to it. The branch is pushed with a lease, so
git is the referee. A branch that is left over from a merged or closed change is taken over. A request whose commit is there already
(it was killed after the push) is found by the comment's id in the trailers, also when it was merged meanwhile.
"""

from dataclasses import dataclass
from typing import TypeAlias

from bot.clients.git.mirror import Moved
from bot.clients.git.trees import Publication
from bot.clients.transient import Transient
from bot.commands.model import Extend, Set
from bot.core.messages import change_pull_request
from bot.core.parity.by_code.compare import CodeSide, read_side
from bot.core.rendering.inventory import Claim, claims
from bot.core.requests import commit_trailers as trailers_of
from bot.core.requests.branches import Branch
from bot.core.requests.change import Changed, ChangeSubject, Unchanged, draft_change
from bot.core.requests.clone import Refused, unknown_environment
from bot.core.requests.commit_trailers import Trailers
from bot.errors import UserError
from bot.model.environment import Manifest, Request, directory
from bot.service.context import ServiceContext
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import OwnProposal, proposal_on

ATTEMPTS = 10
"""Lost races in a row before the job is tried again later."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """The branch that holds the change, and the change's own commit."""

    branch: Branch
    commit: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a change goes: on top of `parent`, to the branch that is now at `was` (None: absent)."""

    branch: Branch
    manifest: Manifest
    parent: str
    was: str | None
    base: str


ChangeOutcome: TypeAlias = Pushed | Unchanged | Refused


def publish_change(world: ServiceContext, request: Request, command: Set | Extend) -> ChangeOutcome:
    """Return the commit that holds the change, pushing it unless it is there. Raises `Transient`."""
    for _ in range(ATTEMPTS):
        repo = repository_at_head(world, request.repository)
        found = _look(world, repo, request, command)
        if not isinstance(found, _Place):
            return found
        try:
            subject = ChangeSubject(
                found.manifest, repo.template_at(found.manifest), repo.policy(), _source(repo, found.manifest)
            )
        except UserError as error:
            return Refused(str(error))
        drafted = draft_change(command, subject, world.now())
        if not isinstance(drafted, Changed):
            return drafted
        outcome = repo.mirror.publish(_publication(world, repo, request, found, drafted))
        if not isinstance(outcome, Moved):
            return Pushed(found.branch, outcome)
    raise Transient(f"{command.name}: lost {ATTEMPTS} races for its branch in a row")


def _source(repo: Repository, manifest: Manifest) -> CodeSide | None:
    """Return what an environment was cloned from, as it is now."""
    source = repo.manifest(manifest.source) if manifest.source else None
    return read_side(repo.environment(source.name), directory(source.name)) if source else None


def _look(
    world: ServiceContext, repo: Repository, request: Request, command: Set | Extend
) -> _Place | Pushed | Refused:
    """Return where the change goes, or the commit that is there already, or that there is no such environment."""
    name = command.name
    clone = proposal_on(world, repo, request.repository, Branch("clone", name))
    change = proposal_on(world, repo, request.repository, Branch("change", name))
    for proposal in filter(None, (clone, change)):
        commit = proposal.by_comment(request.comment)
        if commit is not None:
            return Pushed(proposal.branch, commit.id)
    live = repo.manifest(name)
    if live is None:
        return _in_clone(repo, clone, command)
    if change is not None and change.is_open:
        return _on_top(repo, change)
    was = repo.mirror.proposals("change").get(name)
    return _Place(Branch("change", name), live, repo.commit, was, repo.commit)


def _in_clone(repo: Repository, clone: OwnProposal | None, command: Set | Extend) -> _Place | Refused:
    if clone is not None and clone.is_open:
        return _on_top(repo, clone)
    if clone is not None:
        return Refused(
            f"`{command.name}` is not on the default branch, and no pull request that adds it is open: nothing can be changed."
        )
    return unknown_environment(command, [*repo.names(), *repo.mirror.proposals()])


def _on_top(repo: Repository, proposal: OwnProposal) -> _Place | Refused:
    name = proposal.branch.environment
    manifest = repo.manifest(name, proposal.tip)
    if manifest is None:
        number = proposal.pull.number if proposal.pull else "?"
        return Refused(f"#{number} proposes something else for `{name}` by now. Merge or close it first.")
    return _Place(proposal.branch, manifest, proposal.tip, proposal.tip, proposal.base)


def _publication(
    world: ServiceContext, repo: Repository, request: Request, place: _Place, drafted: Changed
) -> Publication:
    said = Trailers(place.branch.environment, request.by, request.comment, request.url, place.base)
    return Publication(
        parent=place.parent,
        directory=directory(place.branch.environment),
        files=drafted.files,
        branch=str(place.branch),
        branch_was=place.was,
        claims=_moving_claims(repo, place),
        message=f"{change_pull_request.title(place.manifest, drafted.manifest)}\n\n{trailers_of.write(said)}",
        author=world.author,
        at=world.now(),
    )


def _moving_claims(repo: Repository, place: _Place) -> dict[Claim, str | None]:
    """Return the claims that go on with a clone's branch: they point to its head, by which they are given back one day."""
    if place.branch.kind != "clone":
        return {}
    declared = repo.template_at(place.manifest).declaration.parameters
    held = claims(declared, place.manifest.parameters)
    return {claim: place.was for claim in held if repo.mirror.holder(claim) == place.was}

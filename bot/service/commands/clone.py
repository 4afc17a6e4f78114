"""Publish the branch that adds one cloned environment: read, draft, push; find what is already there.

Races. The branch and the claims of its allocated values are one atomic compare-and-swap push. Whoever loses a name is told
so; whoever loses a value drafts again without it. A request whose branch is there already (it was killed after the push,
or delivered twice) finds that branch by the comment's id in its manifest and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from bot.clients.git.mirror import Moved, claim_of
from bot.clients.git.trees import Publication
from bot.clients.transient import Transient
from bot.commands.model import Clone
from bot.core.parity.by_code.compare import read_side
from bot.core.rendering.inventory import Claim, Inventory
from bot.core.requests import commit_trailers
from bot.core.requests.branches import branch_of
from bot.core.requests.clone import Base, CloneRequest, Draft, Refused, draft_clone, unknown_source, with_suggestion
from bot.core.requests.commit_trailers import Trailers
from bot.errors import UserError
from bot.model.environment import Manifest, directory
from bot.names import EnvironmentName, RepositoryName
from bot.service.context import ServiceContext
from bot.service.removals import Removal, removed, unfinished, unfinished_removal
from bot.service.repository import Repository, repository_at_head

ATTEMPTS = 40
"""Lost races in a row before the job is tried again later. Each loss means that another clone made progress."""


@dataclass(frozen=True, slots=True)
class Published:
    """The environment's branch and the commit on it."""

    branch: str
    commit: str
    manifest: Manifest


def publish_clone(world: ServiceContext, repository: RepositoryName, asked: CloneRequest) -> Published | Refused:
    """Return the branch that holds the clone, pushing it unless it is there. Raises `Transient`."""
    taken: dict[Claim, EnvironmentName] = {}
    left_over: dict[Claim, str] = {}
    for _ in range(ATTEMPTS):
        repo = repository_at_head(world, repository)
        found = _already_there(repo, asked)
        if found:
            return found
        end = unfinished_removal(world, repository, repo, asked.command.name)
        if end is not None:
            return Refused(_being_destroyed(asked, end))
        drafted = _admitted(world, repository, repo, (asked, taken))
        if isinstance(drafted, Refused):
            return drafted
        publication = _publication(world, repo, asked, drafted, left_over)
        outcome = repo.mirror.publish(publication)
        if not isinstance(outcome, Moved):
            return Published(publication.branch, outcome, drafted.manifest)
        _learn(world, repository, repo, (outcome, taken, left_over))
    raise Transient(f"{asked.command.name}: lost {ATTEMPTS} races for a free value in a row")


def preview_clone(world: ServiceContext, repository: RepositoryName, asked: CloneRequest) -> Draft | Refused:
    """Return what `/clone … --dry-run` would publish."""
    return _admitted(world, repository, repository_at_head(world, repository), (asked, {}))


def _admitted(
    world: ServiceContext,
    repository: RepositoryName,
    repo: Repository,
    wish: tuple[CloneRequest, dict[Claim, EnvironmentName]],
) -> Draft | Refused:
    """Return the draft, with unfinished ends counted against quotas.

    They are counted as though none of them were finished. Only if that is refused is GitHub asked which are: a clone is made as
    fast however many were destroyed before it.
    """
    asked, taken = wish
    ends = removed(world, repo)
    drafted = draft(repo, asked, taken, ends)
    if isinstance(drafted, Draft) or not ends:
        return drafted
    return draft(repo, asked, taken, unfinished(world, repository, repo, ends))


def draft(
    repo: Repository, asked: CloneRequest, taken: dict[Claim, EnvironmentName], ends: Mapping[EnvironmentName, Manifest]
) -> Draft | Refused:
    """Return the clone drafted against the repository as it is. `taken` are claims known to be held by others."""
    try:
        source = repo.manifest(asked.command.source)
        if source is None:
            return _unknown_source(repo, asked, taken, ends)
        estate = repo.estate()
        base = Base(
            template=repo.template(source.template),
            source=source,
            source_files=read_side(repo.environment(source.name), directory(source.name)).files,
            estate=Inventory(estate.live, estate.proposed, taken, ends),
            policy=repo.policy(),
        )
    except UserError as error:
        return Refused(str(error))
    return draft_clone(asked, base)


def _unknown_source(
    repo: Repository, asked: CloneRequest, taken: dict[Claim, EnvironmentName], ends: Mapping[EnvironmentName, Manifest]
) -> Refused:
    refused = unknown_source(asked.command, repo.names(), repo.templates())
    return with_suggestion(
        refused, lambda instead: draft(repo, replace(asked, command=cast(Clone, instead)), taken, ends)
    )


def _being_destroyed(asked: CloneRequest, end: Removal) -> str:
    name = asked.command.name
    return (
        f"`{name}` is being destroyed ({end}), and its name is free when that is done. If it failed, comment `/resume {name}`. "
        "Or choose another name."
    )


def _already_there(repo: Repository, asked: CloneRequest) -> Published | None:
    commit = repo.mirror.proposals().get(asked.command.name)
    if commit is None or asked.request is None:
        return None
    manifest = repo.manifest(asked.command.name, commit)
    if manifest is None or manifest.request is None or manifest.request.comment != asked.request.comment:
        return None
    return Published(branch_of(asked.command.name), commit, manifest)


def _publication(
    world: ServiceContext, repo: Repository, asked: CloneRequest, draft: Draft, left_over: dict[Claim, str]
) -> Publication:
    name = draft.manifest.name
    return Publication(
        parent=repo.commit,
        directory=directory(name),
        files=draft.files,
        branch=branch_of(name),
        branch_was=None,
        claims={claim: left_over.get(claim) for claim in draft.claims},
        message=_message(asked, draft.manifest, repo.commit),
        author=world.author,
        at=asked.at,
    )


def _message(asked: CloneRequest, manifest: Manifest, base: str) -> str:
    comment, url = (asked.request.comment, asked.request.url) if asked.request else (None, "")
    lines = [
        f"Clone {manifest.source} as {manifest.name} for {manifest.purpose}",
        "",
        f"Rendered from templates/{manifest.template} at revision {manifest.revision}.",
        "",
        commit_trailers.write(Trailers(manifest.name, asked.by, comment, url, base)),
    ]
    return "\n".join(lines)


def _learn(
    world: ServiceContext,
    repository: RepositoryName,
    repo: Repository,
    known: tuple[Moved, dict[Claim, EnvironmentName], dict[Claim, str]],
) -> None:
    """Note who holds the claims that were refused; one whose holder is neither live nor proposed nor half destroyed is free."""
    moved, taken, left_over = known
    repo.mirror.fetch(repo.branch)
    fresh = replace(repo, commit=repo.mirror.head(repo.branch) or repo.commit)
    estate = fresh.estate()
    for claim in filter(None, map(claim_of, moved.refs)):
        commit = repo.mirror.holder(claim)
        if commit is None:
            continue
        said = commit_trailers.read(repo.mirror.message(commit))
        holder = said.environment if said else None
        if holder is None or estate.has(holder) or unfinished_removal(world, repository, fresh, holder) is not None:
            taken[claim] = holder or EnvironmentName("unknown-holder")
        else:
            left_over[claim] = commit

"""Draft a clone against the repository as it is: for `/clone`, for its dry run, and for the line that corrects a mistake."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from bot.commands.model import Clone
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import read_hooks
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import ChangeSubject
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.refusal import Refused, unknown_source, with_suggestion
from bot.errors import UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import Manifest, directory
from bot.names import EnvironmentName
from bot.service.removals import removed, unfinished
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class OthersClaims:
    """What races for values have taught: the claims that other environments hold, and those that nobody needs any more."""

    taken: dict[Claim, EnvironmentName] = field(default_factory=dict)
    left_over: dict[Claim, str] = field(default_factory=dict)
    """Claims of environments that are gone, with the commits that they point to."""


def draft(repo: Repository, request: CloneRequest, others: OthersClaims | None = None) -> Draft | Refused:
    """Return the clone that was asked for, with unfinished removals counted against quotas. Raises `Transient`.

    They are counted as though none of them were finished. Only if that is refused is GitHub asked which are: a clone is made as
    fast however many were destroyed before it.
    """
    removals, claims = removed(repo), others or OthersClaims()
    drafted = _draft(repo, request, claims, removals)
    if isinstance(drafted, Draft) or not removals:
        return drafted
    return _draft(repo, request, claims, unfinished(repo, removals))


def _draft(
    repo: Repository, request: CloneRequest, claims: OthersClaims, removals: Mapping[EnvironmentName, Manifest]
) -> Draft | Refused:
    try:
        source = repo.manifest(request.command.source)
        if source is None:
            return _unknown_source(repo, request, claims, removals)
        base = Base(
            template=repo.template(source.template),
            source=source,
            source_files=source_side(repo, source).files,
            estate=replace(repo.inventory(), claimed=claims.taken, ending=removals),
            policy=repo.policy(),
            judges=JUDGES,
        )
    except UserError as error:
        return Refused(str(error))
    return draft_clone(request, base)


def source_side(repo: Repository, source: Manifest) -> CodeSide:
    """Return an environment to compare with. Raises `Unreadable`, also for its hooks, which are compared too."""
    files = repo.code(source.name)
    read_hooks(files, directory(source.name))
    return CodeSide(source, files)


def change_subject(repo: Repository, manifest: Manifest) -> ChangeSubject:
    """Return what is changed, with what it was cloned from, as that is now."""
    source = repo.manifest(manifest.source) if manifest.source else None
    side = source_side(repo, source) if source else None
    return ChangeSubject(manifest, repo.template_of(manifest), repo.policy(), side, JUDGES)


def _unknown_source(
    repo: Repository, request: CloneRequest, claims: OthersClaims, removals: Mapping[EnvironmentName, Manifest]
) -> Refused:
    refused = unknown_source(request.command, repo.names(), repo.templates())
    return with_suggestion(
        refused, lambda instead: _draft(repo, replace(request, command=cast(Clone, instead)), claims, removals)
    )

"""Draft a clone against the repository as it is: for `/clone`, for its dry run, and for the line that corrects a mistake."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from bot.clients.git.merge_file import merge_text
from bot.commands.model import Clone, Command, Sync
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import TemplateAt, read_hooks
from bot.core.rendering.inventory import Claim, Inventory, renamed
from bot.core.rendering.merge import EditedDirectory
from bot.core.requests.change import ChangeSubject
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.refusal import Refused, unknown_source, with_suggestion
from bot.core.requests.sync import SyncSubject
from bot.core.tree import tree_id
from bot.errors import UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import Manifest
from bot.model.template import Template
from bot.names import EnvironmentName, TemplateName
from bot.service.removals import removed, unfinished
from bot.service.repository import Repository
from bot.service.versions.past import past_source, past_template
from bot.service.versions.proposed import proposed_source


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
        if (refused := _not_open(repo, request.command)) is not None:
            return with_suggestion(refused, lambda instead: _draft(repo, _as(request, instead), claims, removals))
        past = past_source(repo, request.command) or proposed_source(repo, request)
        template = source.template if past is None else past.side.manifest.template
        base = Base(
            template=repo.template(template) if past is None else past_template(repo, template, past),
            source=source,
            source_files=source_side(repo, source).files,
            inventory=replace(inventory_for(repo, template, claims), ending=removals),
            policy=repo.policy(),
            judges=JUDGES,
            past=past,
            contract=contract_of(repo, template) if past is not None else None,
        )
    except UserError as error:
        return Refused(str(error))
    return draft_clone(request, base)


def _as(request: CloneRequest, command: Command) -> CloneRequest:
    return replace(request, command=cast(Clone, command))


def _not_open(repo: Repository, command: Clone) -> Refused | None:
    """Refuse to bind a clone to what is no open pull request. Raises `Transient`."""
    number = command.ends_with
    pull = repo.github.pull_request(repo.name, number) if number is not None else None
    if number is None or (pull is not None and pull.state == "open"):
        return None
    what = "is not a pull request of this repository" if pull is None else "is not open any more"
    return Refused(
        f"#{number} {what}. Write the number of an open one after `--with`, or leave it out:",
        replace(command, ends_with=None),
    )


def contract_of(repo: Repository, template: TemplateName) -> Template | None:
    """Return a template's declaration as the default branch has it now; None when it has that template no more."""
    return repo.template(template).declaration if template in repo.templates() else None


def inventory_for(repo: Repository, template: TemplateName, others: OthersClaims) -> Inventory:
    """Return all environments, for whoever wants values of a template, perhaps by the names that it has had. Raises `Transient`."""
    now = contract_of(repo, template)
    names = renamed(now.parameters) if now is not None else {}
    return replace(repo.inventory(), claimed=others.taken, renamed=names)


def source_side(repo: Repository, source: Manifest) -> CodeSide:
    """Return an environment to compare with. Raises `Unreadable`, also for its hooks, which are compared too."""
    files = repo.code(source.name)
    read_hooks(files, repo.roots.environment(source.name))
    return CodeSide(source, files)


def change_subject(repo: Repository, manifest: Manifest, at: Repository) -> ChangeSubject:
    """Return what is changed as it is `at` a commit, with what it was cloned from, as that is now."""
    source = repo.manifest(manifest.source) if manifest.source else None
    side = source_side(repo, source) if source else None
    files = at.environment(manifest.name)
    edited = EditedDirectory(files, merge_text) if files else None
    return ChangeSubject(manifest, repo.template_of(manifest), repo.policy(), side, JUDGES, edited)


def sync_subject(
    repo: Repository, command: Sync, manifest: Manifest, at: Repository, others: OthersClaims | None = None
) -> SyncSubject:
    """Return the environment as it is `at` a commit, with the template that it is to be brought to. Raises `UserError`, `Transient`."""
    source = repo.manifest(manifest.source) if manifest.source else None
    return SyncSubject(
        manifest=manifest,
        files=at.environment(manifest.name),
        before=repo.template_of(manifest),
        after=_template_to(repo, command, manifest),
        policy=repo.policy(),
        inventory=inventory_for(repo, manifest.template, others or OthersClaims()),
        merge_text=merge_text,
        source=source_side(repo, source) if source else None,
        judges=JUDGES,
    )


def awaited_template(repo: Repository, manifest: Manifest) -> TemplateAt:
    """Return the template at the revision that an environment waits for values of. Raises `UserError`."""
    assert manifest.awaits is not None
    revision, name = manifest.awaits.revision, manifest.template
    # Whoever may push can write any revision there. A preview's is that of a pull request; it is only read to say what lacks: the
    # answer is rendered from what the pull request has.
    if manifest.preview is None and revision not in {each.revision for each in repo.template_history(name)}:
        raise UserError(
            f"`{repo.branch}` never had template `{name}` at revision `{revision[:12]}`. Comment `/sync {manifest.name}` to get the newest."
        )
    return repo.template_of(manifest.model_copy(update={"revision": revision}))


def _template_to(repo: Repository, command: Sync, manifest: Manifest) -> TemplateAt:
    """Return the template as the default branch has it, or had it at the commit that is asked for. Raises `UserError`."""
    name = manifest.template
    if command.commit is None:
        return repo.template(name)
    commit = repo.mirror.history.on_the_way(command.commit, repo.commit)
    if commit is None:
        raise UserError(
            f"`{repo.branch}` has no commit `{command.commit}`. Leave out `to …` to get the newest revision of the template."
        )
    files = repo.mirror.read_tree(commit, repo.roots.template(name))
    # A commit inside of a merge was never what the branch was at, and nobody has approved of the template that it holds.
    if not files or tree_id(files) not in {each.revision for each in repo.template_history(name)}:
        raise UserError(
            f"`{repo.branch}` never had the template as it is at `{command.commit}`. Name a commit of `{repo.branch}` itself."
        )
    return repo.read_template(name, files)


def _unknown_source(
    repo: Repository, request: CloneRequest, claims: OthersClaims, removals: Mapping[EnvironmentName, Manifest]
) -> Refused:
    refused = unknown_source(request.command, repo.names(), repo.templates())
    return with_suggestion(refused, lambda instead: _draft(repo, _as(request, instead), claims, removals))

"""Answer the commands that only read: help, status, list, and a clone's dry run."""

from typing import assert_never

from bot.commands.model import Clone, Help, List, Status
from bot.core.messages import replies
from bot.core.messages.help_text import help_text
from bot.core.messages.replies import ProposedEnvironment
from bot.core.messages.status_comment import headline
from bot.core.parity.by_code.compare import CodeSide, compare
from bot.core.rendering.assemble import read_hooks
from bot.core.requests.branches import read_branch
from bot.core.requests.clone import CloneRequest, Refused, unknown_environment
from bot.errors import UserError
from bot.model.environment import Request, directory
from bot.model.pipeline import Pipeline
from bot.names import EnvironmentName, RepositoryName
from bot.service.commands.clone import preview_clone
from bot.service.context import ServiceContext
from bot.service.parity_status import parity_line
from bot.service.repository import Repository, repository_at_head
from bot.service.status import facts_of


def answer(
    world: ServiceContext, repository: RepositoryName, command: Help | Status | List | Clone, request: Request
) -> str:
    """Return the reply's text. Raises `Transient`."""
    repo = repository_at_head(world, repository)
    try:
        match command:
            case Help():
                return _help(repo, command)
            case List():
                return _list(world, repository, repo)
            case Status():
                return _status(world, repository, repo, Status(command.name or _subject(world, repo, request)))
            case Clone():
                return _dry_run(world, repository, repo, CloneRequest(command, request, request.by, world.now()))
            case _:
                assert_never(command)
    except UserError as error:
        return str(error)


def _list(world: ServiceContext, repository: RepositoryName, repo: Repository) -> str:
    survey = repo.survey()
    text = replies.listing(survey.estate, world.now(), _proposed(world, repository, repo))
    return f"{text}\n\n{replies.left_out(survey.findings)}" if survey.findings else text


def _help(repo: Repository, command: Help) -> str:
    protected = repo.policy().protected
    source = next((manifest for name in protected if (manifest := repo.manifest(name))), None)
    template = repo.template(source.template).declaration if source else None
    return help_text(command, template, repo.policy())


def _subject(world: ServiceContext, repo: Repository, request: Request) -> EnvironmentName | None:
    """Return the environment that a thread is about: the one asked for in it, or that its pull request proposes something to."""
    manifests = repo.survey().estate.manifests()
    asked = next((m.name for m in manifests if m.request and m.request.issue == request.issue), None)
    if asked is not None:
        return asked
    pull = world.github.pull_request(request.repository, request.issue)
    branch = read_branch(pull.head) if pull is not None and pull.is_from(request.repository) else None
    return branch.environment if branch else None


def _proposed(world: ServiceContext, repository: RepositoryName, repo: Repository) -> list[ProposedEnvironment]:
    """Return the open changes and ends. GitHub is asked only if there is a branch of the kind, be it one left standing."""
    if not (repo.mirror.proposals("change") or repo.mirror.proposals("destroy")):
        return []
    pulls = world.github.open_pull_requests(repository)
    found = [(pull, read_branch(pull.head)) for pull in pulls if pull.is_from(repository)]
    return [
        ProposedEnvironment(branch, pull.number)
        for pull, branch in found
        if branch is not None and branch.kind != "clone"
    ]


def _status(world: ServiceContext, repository: RepositoryName, repo: Repository, command: Status) -> str:
    name, survey = command.name, repo.survey()
    if name is None:
        return replies.NO_SUBJECT
    estate = survey.estate
    manifest = estate.live.get(name) or estate.proposed.get(name)
    if manifest is None and (wrong := survey.of(name)):
        return replies.unreadable(wrong)
    if manifest is None:
        return replies.refused(unknown_environment(command, [*estate.live, *estate.proposed]))
    stage = headline(facts_of(world, repository, name)) if manifest.request else "a source of clones"
    proposed = [each for each in _proposed(world, repository, repo) if each.branch.environment == name]
    parity = parity_line(world, repository, repo, manifest) if manifest.source else ""
    return replies.status(manifest, stage, world.now(), proposed, parity)


def _dry_run(world: ServiceContext, repository: RepositoryName, repo: Repository, asked: CloneRequest) -> str:
    draft = preview_clone(world, repository, asked)
    if isinstance(draft, Refused):
        return replies.refused(draft)
    source = repo.source(asked.command.source)
    template = repo.template(source.template)
    sides = CodeSide(source, repo.environment(source.name)), CodeSide(draft.manifest, draft.files)
    found = compare(*sides, template, world.now()).parity
    hooks = read_hooks(draft.files, directory(draft.manifest.name)).hooks
    return replies.preview(draft, found, Pipeline(stacks=draft.manifest.stacks, hooks=hooks))

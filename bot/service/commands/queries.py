"""`/help`, `/status` and `/list`: the commands that only read."""

from typing import TypeAlias, assert_never

from bot.commands.model import Help, List, Status
from bot.core.messages import replies
from bot.core.messages.environment_list import Listed, environment_list, unmanaged
from bot.core.messages.modules import held as held_text
from bot.core.messages.reference.help_text import help_text
from bot.core.messages.replies import ProposedEnvironment, Standing
from bot.core.messages.status_comment import headline
from bot.core.rendering.synced_values import answer as answer_to
from bot.core.requests.branches import Branch, read_branch
from bot.core.requests.refusal import unknown_environment
from bot.core.requests.template_history import behind
from bot.errors import UserError
from bot.model.environment import Manifest, Request
from bot.names import EnvironmentName
from bot.service.command_job import Accepted, CommandJob
from bot.service.jobs_api import REPORTED, Ended, Reported, Steps
from bot.service.module_rollouts.rollout import held_modules
from bot.service.parity_status import parity_line
from bot.service.proposals.wave import waves_with
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head
from bot.service.status import facts_of, facts_of_merged

Query: TypeAlias = Help | Status | List


class QueryJob(CommandJob[Query]):
    """Answers a question."""

    commands = (Help, Status, List)
    kind = "command"

    def carry_out(self, accepted: Accepted[Query], steps: Steps) -> Ended | None:
        steps.run("answer", REPORTED, lambda: self.answer(accepted))
        return None

    def answer(self, accepted: Accepted[Query]) -> Reported:
        """Write the answer."""
        repo = repository_at_head(self.context, accepted.request.repository)
        text = answer(repo, accepted.command, accepted.request)
        return Reported(comments=(reply_to(self.context, accepted.request, text),))


def answer(repo: Repository, command: Query, request: Request) -> str:
    """Return the reply's text. Raises `Transient`."""
    try:
        match command:
            case Help():
                return _help(repo, command)
            case List():
                return _list(repo, command, request)
            case Status():
                return _status(repo, Status(command.name or _subject(repo, request)))
            case _:
                assert_never(command)
    except UserError as error:
        return str(error)


def _list(repo: Repository, command: List, request: Request) -> str:
    reading = repo.read_inventory()
    manifests = reading.inventory.manifests()
    histories = {name: repo.template_history(name) for name in {each.template for each in manifests}}
    late = behind(manifests, histories)
    everything = Listed(reading.inventory, _proposed(repo), late)
    listed = [environment_list(command, request.by, everything, repo.context.now())]
    listed += [held_text.waiting(held)] if (held := held_modules(repo)) else []
    listed += [unmanaged(reading.inventory.unmanaged, repo.roots)] if reading.inventory.unmanaged else []
    listed += [replies.left_out(reading.findings)] if reading.findings else []
    strangers = repo.strangers()
    return "\n\n".join([*listed, replies.strangers(strangers)] if strangers else listed)


def _help(repo: Repository, command: Help) -> str:
    protected = repo.policy().protected
    source = next((manifest for name in protected if (manifest := repo.manifest(name))), None)
    template = repo.template(source.template).declaration if source else None
    return help_text(command, template, repo.policy())


def _subject(repo: Repository, request: Request) -> EnvironmentName | None:
    """Return the environment that a thread is about: the one asked for in it, or that its pull request proposes something to."""
    manifests = repo.read_inventory().inventory.manifests()
    requested = next((m.name for m in manifests if m.request and m.request.issue == request.issue), None)
    if requested is not None:
        return requested
    pull = repo.github.pull_request(repo.name, request.issue)
    branch = read_branch(pull.head) if pull is not None and pull.is_from(repo.name) and repo.is_ours(pull) else None
    return branch.environment if branch else None


def _proposed(repo: Repository) -> list[ProposedEnvironment]:
    """Return the open changes and removals. GitHub is asked only if there is a branch of the kind, be it one left standing."""
    if not (repo.mirror.proposals("change") or repo.mirror.proposals("destroy") or repo.mirror.waves()):
        return []
    found = [(pull, read_branch(pull.head)) for pull in repo.own_pull_requests()]
    alone = [
        ProposedEnvironment(branch, pull.number)
        for pull, branch in found
        if branch is not None and branch.kind != "clone"
    ]
    together = waves_with(repo)
    return [*alone, *(ProposedEnvironment(Branch("change", name), pull.number) for name, pull in together.items())]


def _status(repo: Repository, command: Status) -> str:
    name, reading = command.name, repo.read_inventory()
    if name is None:
        return replies.NO_SUBJECT
    inventory = reading.inventory
    manifest = inventory.live.get(name) or inventory.proposed.get(name)
    if manifest is None and (wrong := reading.at(repo.roots.environment(name))):
        return replies.unreadable(wrong)
    if manifest is None:
        return replies.refused(unknown_environment(command, [*inventory.live, *inventory.proposed]))
    progress = facts_of(repo, name) if manifest.request else facts_of_merged(repo, name)
    proposed = [each for each in _proposed(repo) if each.branch.environment == name]
    parity = parity_line(repo, manifest) if manifest.source else ""
    late = behind([manifest], {manifest.template: repo.template_history(manifest.template)})[name]
    place, held = repo.roots.environment(name), held_modules(repo).get(name)
    waits_for = held_text.waits(held) if held is not None else ""
    standing = Standing(headline(progress), place, late, proposed, parity, progress, _waits(repo, manifest), waits_for)
    return replies.status(manifest, standing, repo.context.now())


def _waits(repo: Repository, manifest: Manifest) -> str:
    """Return what gives an environment the values that its open sync waits for; nothing when it waits for none."""
    for kind in ("clone", "change"):
        commit = repo.proposed(Branch(kind, manifest.name))
        try:
            proposed = repo.at(commit).manifest(manifest.name) if commit is not None else None
        except UserError:
            continue  # what people have broken is no sync
        if proposed is not None and proposed.awaits is not None:
            return answer_to(proposed)
    return ""

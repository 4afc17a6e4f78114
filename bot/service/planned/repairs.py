"""The pull request that repairs an environment, as GitHub and git know it."""

from collections.abc import Collection
from datetime import datetime

from bot.clients.github.records import Comment, PullRequest
from bot.commands.comment import command_lines
from bot.commands.grammar import parse
from bot.commands.model import Repair
from bot.core.plans.required_check import CHECK
from bot.core.requests.branches import Branch
from bot.core.requests.versions.repair import RepairProposal, plan_shown, repaired
from bot.errors import UserError
from bot.names import EnvironmentName
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.repository import Repository
from bot.service.requesters import OwnProposal, proposed_on


def merged_repair(repo: Repository, name: EnvironmentName, fingerprint: str) -> RepairProposal | None:
    """Return the newest pull request of ours for a change, if it is merged and its plan had this fingerprint. Raises `Transient`."""
    proposal = proposed_on(repo, Branch("change", name))
    if proposal is None or proposal.pull is None or not proposal.pull.is_merged or not repo.is_ours(proposal.pull):
        return None
    found = _proposed(repo, name, proposal.pull, ())
    return found if found.plan == fingerprint else None


def open_repair(repo: Repository, name: EnvironmentName) -> RepairProposal | None:
    """Return the open pull request of ours that repairs an environment and does nothing else; None when there is none. Raises `Transient`.

    Anybody who may push could have put something else on the branch: only what is the repair to the byte counts.
    """
    branch, live = Branch("change", name), repo.manifest(name)
    proposal = proposed_on(repo, branch)
    if (
        live is None
        or proposal is None
        or not proposal.is_open
        or proposal.pull is None
        or not repo.is_ours(proposal.pull)
    ):
        return None
    head = proposal.pull.head_sha
    try:
        manifest = repo.at(head).manifest(name)
    except UserError:
        return None  # what people have broken is no repair
    if repo.proposed(branch) != head or manifest is None or manifest.repaired_at == live.repaired_at:
        return None
    files = repaired(live, repo.environment(name), manifest.repaired_at, repo.roots).files
    if not repo.mirror.history.only_puts(head, {repo.roots.environment(name): files}, onto=repo.commit):
        return None
    return _proposed(repo, name, proposal.pull, _asked_by(repo, proposal, live.repaired_at))


def _asked_by(repo: Repository, proposal: OwnProposal, last: datetime | None) -> Collection[str]:
    """Return everybody who may have asked for a repair; nobody unless a comment does, written since the `last` one. Raises `Transient`.

    Whoever may push can write the commit again with other trailers, and so make a stranger of themselves: a comment they can't write for others.
    """
    said = [each.trailers for each in proposal.commits]
    found = [repo.github.comment(repo.name, each.comment) for each in said if each.comment is not None]
    comments = [each for each in found if each is not None]
    is_asked = any(
        _asks(each, proposal.branch.environment) and (last is None or each.created_at >= last) for each in comments
    )
    return {each.author for each in comments} | {each.by for each in said} if is_asked else ()


def _asks(comment: Comment, name: EnvironmentName) -> bool:
    return any(parse(line) == Repair(name) for line in command_lines(comment.body))


def _proposed(repo: Repository, name: EnvironmentName, pull: PullRequest, asked_by: Collection[str]) -> RepairProposal:
    head = pull.head_sha
    required = newest_check(repo, head, REQUIRED_CHECK)
    plan = newest_check(repo, head, CHECK.format(environment=name))
    is_planned = required is not None and required.conclusion == "success" and plan is not None
    return RepairProposal(
        name=name,
        number=pull.number,
        head=head,
        asked_by=asked_by,
        plan=plan_shown(head, plan.title, plan.summary) if plan is not None and is_planned else None,
        is_protected=name in repo.policy().protected,
    )

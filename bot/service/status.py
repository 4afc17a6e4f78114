"""Bring the requester's status comment up to date with the facts."""

from dataclasses import replace
from typing import Literal

from bot.clients.github.records import Check, Deployment, PullRequest
from bot.core.messages import changed_values, sync_text
from bot.core.messages.status_comment import end_comment, proposal_comment, status_comment
from bot.core.messages.versions import made_again, repaired
from bot.core.requests.branches import PREFIXES, Branch
from bot.core.requests.status import StatusFacts
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.deployments.confirmed import SILENT, ConfirmedDeployment, confirmed
from bot.service.deployments.silent import ended_silently
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.planned.repairs import open_repair
from bot.service.planned.resets import is_reset, made_again_by, reset_of
from bot.service.planned.thumbs import ask_for_thumb
from bot.service.removals import Removal, destroy_run, removal_of
from bot.service.replies import reply_to
from bot.service.repository import Repository
from bot.service.requesters import OwnProposal, asked_here, proposed_on, requests_of


def report_progress(repo: Repository, name: EnvironmentName) -> str | None:
    """Write the status comment of a clone and return its address; None when there is no such clone. Raises `Transient`."""
    manifest = repo.manifest(name) or _proposed(repo, name)
    request = asked_here(repo, manifest.request) if manifest is not None else None
    if manifest is None or request is None:
        return None
    facts = facts_of(repo, name)
    is_gone = facts.is_merged and repo.manifest(name) is None
    removal = removal_of(repo, name) if is_gone else None
    text = (
        end_comment(manifest, facts_of_removal(repo, removal))
        if removal
        else status_comment(manifest, facts, repo.context.now())
    )
    return reply_to(repo.context, request, text)


def report_branch(repo: Repository, branch: Branch) -> list[str]:
    """Tell everybody who asked for what a branch proposes how it stands; return the comments' addresses. Raises `Transient`."""
    if branch.kind == "clone":
        told = report_progress(repo, branch.environment)
        return [told] if told else []
    proposal = proposed_on(repo, branch)
    if proposal is None:
        return []
    what = [what_of(repo, proposal)]
    repair = open_repair(repo, branch.environment) if branch.kind == "change" else None
    if repair is not None and repair.asked_by and not repair.is_protected and repair.plan is not None:
        what.append(repaired.offer(repair))
        ask_for_thumb(repo, repair)
    if branch.kind == "destroy" and proposal.pull is not None and is_reset(repo, proposal.pull, branch.environment):
        what.append(_promised(repo, branch.environment))
    text = proposal_comment(branch, facts_of_proposal(repo, proposal), "\n\n".join(filter(None, what)))
    return [reply_to(repo.context, request, text) for request in requests_of(repo, proposal)]


def _promised(repo: Repository, name: EnvironmentName) -> str:
    reset = reset_of(repo, name)
    again = made_again_by(repo, reset) if reset is not None else None
    if again is None:
        return made_again.promised("")
    return made_again.promised(f"[#{again.number}]({again.url})", is_given_up=again.is_given_up)


def report_environment(repo: Repository, name: EnvironmentName) -> list[str]:
    """Tell everybody who waits for an environment how it stands: who asked for it, for a change of it, or for its removal."""
    return [told for kind in PREFIXES for told in report_branch(repo, Branch(kind, name))]


def facts_of(repo: Repository, name: EnvironmentName) -> StatusFacts:
    """Return what GitHub says of a clone's way. Raises `Transient`."""
    pull = repo.pull_request(Branch("clone", name))
    if pull is None:
        return StatusFacts()
    facts = _facts_of_pull(repo, pull)
    # The newest deployment speaks: a re-run may deploy a later commit than the merge.
    return _with_deployment(repo, name, facts, _deployment(repo, name, pull)) if pull.is_merged else facts


def facts_of_merged(repo: Repository, name: EnvironmentName) -> StatusFacts:
    """Return what GitHub says of an environment that no comment asked for, and that is on the default branch. Raises `Transient`."""
    found = next(confirmed(repo, repo.github.deployments(repo.name, name)), None)
    return _with_deployment(repo, name, StatusFacts(is_merged=True), found)


def facts_of_proposal(repo: Repository, proposal: OwnProposal) -> StatusFacts:
    """Return what GitHub says of the way of a change, or of a removal. Raises `Transient`."""
    pull = proposal.pull
    if pull is None:
        return StatusFacts()
    facts = _facts_of_pull(repo, pull)
    if not pull.is_merged:
        return facts
    # Only a deployment of what this pull request proposed: the environment has had others before.
    name = proposal.branch.environment
    return _with_deployment(repo, name, facts, _deployment(repo, name, pull, head=pull.head_sha))


def facts_of_removal(repo: Repository, removal: Removal) -> StatusFacts:
    """Return what GitHub says of the way of a removal that is merged, whoever proposed it. Raises `Transient`."""
    pull = removal.pull
    facts = _facts_of_pull(repo, pull) if pull is not None else StatusFacts(is_merged=True)
    return _with_deployment(repo, removal.environment, facts, destroy_run(repo, removal))


def what_of(repo: Repository, proposal: OwnProposal) -> str:
    """Return what a change gives other values, in Markdown; of a removal there is nothing to say."""
    name = proposal.branch.environment
    before, after = repo.at(proposal.base).manifest(name), _readable(repo, proposal.tip, name)
    if before is None or after is None:
        return ""
    return "\n\n".join(filter(None, (changed_values.values_table(before, after), sync_text.waits(after))))


def _facts_of_pull(repo: Repository, pull: PullRequest) -> StatusFacts:
    check = newest_check(repo, pull.head_sha, REQUIRED_CHECK)
    return StatusFacts(
        pull_number=pull.number,
        pull_url=pull.url,
        is_merged=pull.is_merged,
        is_closed=pull.state == "closed",
        check=_result(check),
        check_summary=check.title if check else "",
    )


def _deployment(
    repo: Repository, name: EnvironmentName, merged: PullRequest, head: str | None = None
) -> ConfirmedDeployment | None:
    """Return the newest deployment that counts, perhaps only of what was reviewed at `head` (see `bot.runs.apply.github_status`).

    One of a commit before the merge says nothing of what was merged, whatever its payload says: it may be of another that had the name.
    """
    ours = (one for one in repo.github.deployments(repo.name, name) if head is None or one.payload.get("head") == head)
    return next(confirmed(repo, (one for one in ours if _is_after(repo, one, merged))), None)


def _is_after(repo: Repository, found: Deployment, merged: PullRequest) -> bool:
    merge = merged.merge_commit_sha
    return merge is None or repo.mirror.history.was_at(merge, found.sha) is not None


def _with_deployment(
    repo: Repository, name: EnvironmentName, facts: StatusFacts, found: ConfirmedDeployment | None
) -> StatusFacts:
    if found is None:
        run = ended_silently(repo, name)
        silent = replace(facts, deployment="failure", deployment_note=SILENT, log_url=run.url) if run else None
        return silent or facts
    deployment, status, state = found.deployment, found.status, found.outcome
    applied = newest_check(repo, deployment.sha, f"envclone/apply: {deployment.environment}")
    return replace(
        facts,
        deployment=state,
        deployment_note=status.description if status else "",
        environment_url=status.environment_url if status else "",
        log_url=status.log_url if status else "",
        results=applied.summary if applied and applied.conclusion and state != "in_progress" else "",
    )


def _result(check: Check | None) -> Literal["pending", "success", "failure"]:
    if check is None or check.conclusion is None:
        return "pending"
    return "success" if check.conclusion == "success" else "failure"


def _proposed(repo: Repository, name: EnvironmentName) -> Manifest | None:
    """Return the manifest of a clone that is not on the default branch: not yet, or no more."""
    proposal = proposed_on(repo, Branch("clone", name))
    return _readable(repo, proposal.tip, name) if proposal is not None else None


def _readable(repo: Repository, commit: str, name: EnvironmentName) -> Manifest | None:
    """Return a manifest as somebody's branch has it; None for one that people have broken, of which its check tells."""
    try:
        return repo.at(commit).manifest(name)
    except UserError:
        return None

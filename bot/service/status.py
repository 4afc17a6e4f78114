"""Bring the requester's status comment up to date with the facts."""

from dataclasses import replace
from typing import Literal

from bot.clients.github.records import ACTIONS_APP, Check, Deployment, PullRequest
from bot.core.messages import change_pull_request
from bot.core.messages.status_comment import StatusFacts, end_comment, outcome_of, proposal_comment, status_comment
from bot.core.requests.branches import PREFIXES, Branch, branch_of
from bot.model.environment import Manifest
from bot.names import EnvironmentName, RepositoryName
from bot.service.context import ServiceContext
from bot.service.removals import Removal, removal_of, run_of
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import OwnProposal, proposal_on, requests_of

REQUIRED_CHECK = "envclone"
"""The aggregate check of the pull request (see `.github/workflows/plan.yml`)."""


def report_progress(world: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> str | None:
    """Write the status comment of a clone and return its address; None when there is no such clone. Raises `Transient`."""
    repo = repository_at_head(world, repository)
    manifest = repo.manifest(name) or _proposed(world, repo, repository, name)
    if manifest is None or manifest.request is None or manifest.request.repository != repository:
        return None
    facts = facts_of(world, repository, name)
    is_gone = facts.is_merged and repo.manifest(name) is None
    end = removal_of(world, repository, repo, name) if is_gone else None
    text = (
        end_comment(manifest, facts_of_end(world, repository, repo, (name, end)))
        if end
        else status_comment(manifest, facts, world.now())
    )
    return reply_to(world, manifest.request, text)


def report_branch(world: ServiceContext, repository: RepositoryName, branch: Branch) -> list[str]:
    """Tell everybody who asked for what a branch proposes how it stands; return the comments' addresses. Raises `Transient`."""
    if branch.kind == "clone":
        told = report_progress(world, repository, branch.environment)
        return [told] if told else []
    repo = repository_at_head(world, repository)
    proposal = proposal_on(world, repo, repository, branch)
    if proposal is None:
        return []
    text = proposal_comment(branch, facts_of_proposal(world, repository, proposal), what_of(repo, proposal))
    return [reply_to(world, request, text) for request in requests_of(world, repository, proposal)]


def report_environment(world: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> list[str]:
    """Tell everybody who waits for an environment how it stands: who asked for it, for a change of it, or for its end."""
    return [told for kind in PREFIXES for told in report_branch(world, repository, Branch(kind, name))]


def facts_of(world: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> StatusFacts:
    """Return what GitHub says of a clone's way. Raises `Transient`."""
    pull = world.github.pull_request_for_head(repository, branch_of(name))
    if pull is None:
        return StatusFacts()
    facts = _facts_of_pull(world, repository, pull)
    # The newest deployment speaks: a re-run may deploy a later commit than the merge.
    return _with_deployment(world, repository, facts, _deployment(world, repository, name)) if pull.is_merged else facts


def facts_of_proposal(world: ServiceContext, repository: RepositoryName, proposal: OwnProposal) -> StatusFacts:
    """Return what GitHub says of the way of a change, or of an end. Raises `Transient`."""
    pull = proposal.pull
    if pull is None:
        return StatusFacts()
    facts = _facts_of_pull(world, repository, pull)
    if not pull.is_merged:
        return facts
    # Only a deployment of what this pull request proposed: the environment has had others before.
    found = _deployment(world, repository, proposal.branch.environment, head=pull.head_sha)
    return _with_deployment(world, repository, facts, found)


def facts_of_end(
    world: ServiceContext, repository: RepositoryName, repo: Repository, end: tuple[EnvironmentName, Removal]
) -> StatusFacts:
    """Return what GitHub says of the way of an end that is merged, whoever proposed it. Raises `Transient`."""
    pull = end[1].pull
    facts = _facts_of_pull(world, repository, pull) if pull is not None else StatusFacts(is_merged=True)
    return _with_deployment(world, repository, facts, run_of(world, repository, repo, end))


def what_of(repo: Repository, proposal: OwnProposal) -> str:
    """Return what a change gives other values, in Markdown; of an end there is nothing to say."""
    name = proposal.branch.environment
    before, after = repo.manifest(name, proposal.base), repo.manifest(name, proposal.tip)
    return change_pull_request.table(before, after) if before and after else ""


def _facts_of_pull(world: ServiceContext, repository: RepositoryName, pull: PullRequest) -> StatusFacts:
    check = newest_check(world, repository, pull.head_sha, REQUIRED_CHECK)
    return StatusFacts(
        pull_number=pull.number,
        pull_url=pull.url,
        is_merged=pull.is_merged,
        is_closed=pull.state == "closed",
        check=_result(check),
        check_summary=check.title if check else "",
    )


def _deployment(
    world: ServiceContext, repository: RepositoryName, name: EnvironmentName, head: str | None = None
) -> Deployment | None:
    """Return the newest deployment, perhaps only of what was reviewed at `head` (see `bot.runs.apply.github_status`)."""
    found = world.github.deployments(repository, name)
    ours = [one for one in found if head is None or one.payload.get("head") == head]
    return max(ours, key=lambda one: one.id, default=None)


def _with_deployment(
    world: ServiceContext, repository: RepositoryName, facts: StatusFacts, deployment: Deployment | None
) -> StatusFacts:
    if deployment is None:
        return facts
    status = world.github.last_deployment_status(repository, deployment.id)
    applied = newest_check(world, repository, deployment.sha, f"envclone/apply: {deployment.environment}")
    state = outcome_of(status.state if status else None)
    return replace(
        facts,
        deployment=state,
        deployment_note=status.description if status else "",
        environment_url=status.environment_url if status else "",
        log_url=status.log_url if status else "",
        results=applied.summary if applied and state != "in_progress" else "",
    )


def newest_check(world: ServiceContext, repository: RepositoryName, sha: str, name: str) -> Check | None:
    """Return the newest check of that name by GitHub Actions; one by anybody else counts for nothing."""
    checks = [check for check in world.github.checks(repository, sha, name) if check.app == ACTIONS_APP]
    return max(checks, key=lambda check: check.id, default=None)


def _result(check: Check | None) -> Literal["pending", "success", "failure"]:
    if check is None or check.conclusion is None:
        return "pending"
    return "success" if check.conclusion == "success" else "failure"


def _proposed(
    world: ServiceContext, repo: Repository, repository: RepositoryName, name: EnvironmentName
) -> Manifest | None:
    """Return the manifest of a clone that is not on the default branch: not yet, or no more."""
    proposal = proposal_on(world, repo, repository, Branch("clone", name))
    return repo.manifest(name, proposal.tip) if proposal is not None else None

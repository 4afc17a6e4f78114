"""Bring the requester's status comment up to date with the facts."""

from typing import Literal

from bot.clients.github.records import Check, PullRequest
from bot.core import replies
from bot.core.branch import branch_of
from bot.core.progress import Facts, status_comment
from bot.environment import Manifest
from bot.flows.monorepo import monorepo
from bot.flows.world import World
from bot.names import EnvironmentName, RepositoryName

REQUIRED_CHECK = "envclone"
"""The aggregate check of the pull request (see `.github/workflows/plan.yml`)."""
TRUSTED_APP = "github-actions"


def report_progress(world: World, repository: RepositoryName, name: EnvironmentName) -> str | None:
    """Write the status comment of a clone and return its address; None when there is no such clone. Raises `Transient`."""
    manifest = _manifest(world, repository, name)
    if manifest is None or manifest.request is None or manifest.request.repository != repository:
        return None
    marker = replies.marker(manifest.request.comment)
    text = status_comment(manifest, facts_of(world, repository, name))
    return world.github.upsert_comment(repository, manifest.request.issue, marker, f"{marker}\n{text}")


def facts_of(world: World, repository: RepositoryName, name: EnvironmentName) -> Facts:
    """Return what GitHub says of a clone's way. Raises `Transient`."""
    pull = world.github.pull_request_for_head(repository, branch_of(name))
    if pull is None:
        return Facts()
    check = _check(world, repository, pull.head_sha, REQUIRED_CHECK)
    facts = Facts(
        pull_number=pull.number,
        pull_url=pull.url,
        is_merged=pull.is_merged,
        is_closed=pull.state == "closed",
        check=_result(check),
        check_summary=check.title if check else "",
    )
    return _with_deployment(world, repository, name, pull, facts) if pull.is_merged else facts


def _with_deployment(
    world: World, repository: RepositoryName, name: EnvironmentName, pull: PullRequest, facts: Facts
) -> Facts:
    # The newest deployment speaks: a re-run may deploy a later commit than the merge.
    deployments = world.github.deployments(repository, name)
    if not deployments:
        return facts
    newest = max(deployments, key=lambda deployment: deployment.id)
    status = world.github.last_deployment_status(repository, newest.id)
    applied = _check(world, repository, newest.sha, f"envclone/apply: {name}")
    state = status.state if status else "in_progress"
    deployment: Literal["in_progress", "success", "failure"] = (
        "success" if state == "success" else "failure" if state in {"failure", "error"} else "in_progress"
    )
    return Facts(
        pull_number=facts.pull_number,
        pull_url=facts.pull_url,
        is_merged=True,
        is_closed=True,
        check=facts.check,
        deployment=deployment,
        deployment_note=status.description if status else "",
        environment_url=status.environment_url if status else "",
        log_url=status.log_url if status else "",
        results=applied.summary if applied and deployment != "in_progress" else "",
    )


def _check(world: World, repository: RepositoryName, sha: str, name: str) -> Check | None:
    """Return the newest check of that name by GitHub Actions; one by anybody else counts for nothing."""
    checks = [check for check in world.github.checks(repository, sha, name) if check.app == TRUSTED_APP]
    return max(checks, key=lambda check: check.id, default=None)


def _result(check: Check | None) -> Literal["pending", "success", "failure"]:
    if check is None or check.conclusion is None:
        return "pending"
    return "success" if check.conclusion == "success" else "failure"


def _manifest(world: World, repository: RepositoryName, name: EnvironmentName) -> Manifest | None:
    repo = monorepo(world, repository)
    commit = repo.mirror.proposals().get(name)
    return repo.manifest(name) or (repo.manifest(name, commit) if commit else None)

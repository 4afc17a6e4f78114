"""The versions of an environment that were applied, as GitHub's deployments tell it and its runs confirm."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.clients.github.records import OURS, Deployment, DeploymentStatus
from bot.names import EnvironmentName
from bot.service.deployments.confirmed import confirmation
from bot.service.repository import Repository

MOST_LOOKED_AT = 30
"""Deployments whose outcome is asked for, three requests each at most; whoever wants an older version names its commit."""


@dataclass(frozen=True, slots=True)
class AppliedCommit:
    """A commit of the default branch from which an environment was applied well; `tree` is git's id of its directory there."""

    deployment: Deployment
    status: DeploymentStatus
    tree: str


def applied_commits(repo: Repository, name: EnvironmentName) -> Iterator[AppliedCommit]:
    """Yield what was applied well, newest first, as far back as it is looked at. Raises `Transient`.

    Only what the default branch itself was at counts: whoever may push may say that anything else was deployed, also what lies inside
    of a merge and nobody reviewed.
    """
    for each in repo.github.deployments(repo.name, name)[:MOST_LOOKED_AT]:
        if each.payload.get(OURS) != "apply" or repo.mirror.history.was_at(each.sha, repo.commit) is None:
            continue
        tree = repo.mirror.tree_at(each.sha, repo.roots.environment(name))
        found = confirmation(repo, each) if tree is not None else None
        if tree is not None and found is not None and found.status is not None and found.outcome == "success":
            yield AppliedCommit(each, found.status, tree)

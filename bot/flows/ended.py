"""Environments that were removed from the default branch: a name is free again when all that bore it is destroyed, and not before.

Until then its state, its ledger and perhaps half of its resources are there; another environment of that name would find them.
"""

from bot.clients.github.records import PullRequest
from bot.core.branch import PREFIXES, Branch, branch_of
from bot.flows.monorepo import monorepo
from bot.flows.release import delete_branch
from bot.flows.world import World
from bot.names import EnvironmentName, RepositoryName


def unfinished_end(world: World, repository: RepositoryName, name: EnvironmentName) -> PullRequest | None:
    """Return the merged pull request that ends an environment which is not destroyed yet, if there is one. Raises `Transient`."""
    pull = world.github.pull_request_for_head(repository, branch_of(name, "destroy"))
    if pull is None or not pull.is_merged:
        return None
    ends = [each for each in world.github.deployments(repository, name) if each.payload.get("head") == pull.head_sha]
    status = world.github.last_deployment_status(repository, ends[0].id) if ends else None
    return None if status is not None and status.state in {"success", "inactive"} else pull


def release_ended(world: World, repository: RepositoryName, name: EnvironmentName) -> bool:
    """Delete the branches that a destroyed environment left standing, with its claims; say whether there were any.

    Does nothing while the environment is on the default branch, or while its end is not done. Raises `Transient`.
    """
    repo = monorepo(world, repository)
    standing = [Branch(kind, name) for kind in PREFIXES if name in repo.mirror.proposals(kind)]
    if not standing or repo.manifest(name) is not None:
        return False
    end = world.github.pull_request_for_head(repository, branch_of(name, "destroy"))
    if end is None or not end.is_merged or unfinished_end(world, repository, name) is not None:
        return False
    deleted = [delete_branch(world, repository, repo, branch) for branch in standing]
    return any(deleted)

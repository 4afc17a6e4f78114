"""Give back what a closed, unmerged pull request held: its branch, and with a clone's its name and its claims."""

from bot.core.branch import Branch, branch_of
from bot.core.estate import claims
from bot.flows.monorepo import monorepo
from bot.flows.world import World
from bot.names import EnvironmentName, RepositoryName


def release_clone(world: World, repository: RepositoryName, name: EnvironmentName) -> bool:
    """Delete the branch and claims of a clone whose pull request was closed; say whether there was anything to delete.

    Does nothing when the pull request is open again or was merged. Raises `Transient`.
    """
    repo = monorepo(world, repository)
    commit = repo.mirror.proposals().get(name)
    pull = world.github.pull_request_for_head(repository, branch_of(name))
    if commit is None or pull is None or pull.state == "open" or pull.is_merged:
        return False
    manifest = repo.manifest(name, commit)
    held = claims(repo.template_at(manifest).declaration.parameters, manifest.parameters) if manifest else ()
    repo.mirror.withdraw(branch_of(name), commit, held)
    return True


def release_branch(world: World, repository: RepositoryName, branch: Branch) -> bool:
    """Delete a branch of ours whose pull request was closed; see `release_clone`. Raises `Transient`."""
    if branch.kind == "clone":
        return release_clone(world, repository, branch.environment)
    repo = monorepo(world, repository)
    commit = repo.mirror.proposals(branch.kind).get(branch.environment)
    pull = world.github.pull_request_for_head(repository, str(branch))
    if commit is None or pull is None or pull.state == "open" or pull.is_merged:
        return False
    repo.mirror.withdraw(str(branch), commit, ())
    return True

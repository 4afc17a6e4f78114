"""Give back what a pull request held that is no more: its branch, and with a clone's its name and its claims."""

from bot.core.rendering.inventory import claims
from bot.core.requests.branches import Branch
from bot.names import EnvironmentName, RepositoryName
from bot.service.context import ServiceContext
from bot.service.repository import Repository, repository_at_head


def release_clone(world: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> bool:
    """Delete the branch and claims of a clone whose pull request was closed; see `release_branch`. Raises `Transient`."""
    return release_branch(world, repository, Branch("clone", name))


def release_branch(world: ServiceContext, repository: RepositoryName, branch: Branch) -> bool:
    """Delete a branch of ours whose pull request was closed; say whether there was anything to delete.

    Does nothing when the pull request is open again or was merged. Raises `Transient`.
    """
    repo = repository_at_head(world, repository)
    pull = world.github.pull_request_for_head(repository, str(branch))
    if pull is None or pull.is_merged:
        return False
    return delete_branch(world, repository, repo, branch)


def delete_branch(world: ServiceContext, repository: RepositoryName, repo: Repository, branch: Branch) -> bool:
    """Delete a branch without an open pull request, and the claims that point to it; say whether it was there."""
    commit = repo.mirror.proposals(branch.kind).get(branch.environment)
    pull = world.github.pull_request_for_head(repository, str(branch))
    if commit is None or (pull is not None and pull.state == "open"):
        return False
    manifest = repo.manifest(branch.environment, commit) if branch.kind == "clone" else None
    held = claims(repo.template_at(manifest).declaration.parameters, manifest.parameters) if manifest else ()
    repo.mirror.withdraw(str(branch), commit, held)
    return True

"""Give back what a closed, unmerged pull request held: its branch, its name and its claims."""

from bot.core.branch import branch_of
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

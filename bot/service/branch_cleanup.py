"""Give back what a pull request held that is no more: its branch, and with a clone's its name and its claims."""

from bot.clients.git.snapshots import let_go
from bot.core.rendering.inventory import Claim, claims
from bot.core.requests.branches import Branch, WaveBranch
from bot.errors import UserError
from bot.names import EnvironmentName
from bot.service.repository import Repository


def release_branch(repo: Repository, branch: Branch | WaveBranch) -> bool:
    """Delete a branch of ours whose pull request was closed; say whether there was anything to delete.

    Does nothing when the pull request is open again or was merged. Raises `Transient`.
    """
    pull = repo.pull_request(branch)
    if pull is None or pull.is_merged or pull.state == "open":
        return False
    if isinstance(branch, Branch) and branch.kind == "clone":
        let_go(repo.mirror, branch.environment)
    return delete_branch(repo, branch)


def delete_branch(repo: Repository, branch: Branch | WaveBranch) -> bool:
    """Delete a branch that we proposed and that is proposed no more, and the claims that point to it; say whether it was there."""
    commit = repo.proposed(branch)
    pull = repo.pull_request(branch)
    if commit is None or pull is None or pull.state == "open":
        return False
    held = _held(repo.at(commit), branch.environment) if isinstance(branch, Branch) and branch.kind == "clone" else ()
    repo.mirror.withdraw(str(branch), commit, held)
    return True


def _held(repo: Repository, name: EnvironmentName) -> tuple[Claim, ...]:
    """Return the claims of a proposed clone; none of one that can't be read: what nobody needs is taken over by whoever wants it."""
    try:
        manifest = repo.manifest(name)
        return claims(repo.template_of(manifest).declaration.parameters, manifest.parameters) if manifest else ()
    except UserError:
        return ()

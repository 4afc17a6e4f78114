"""Give back what a pull request held that is no more: its branch, and with a clone's its name and its claims."""

from bot.core.rendering.inventory import claims
from bot.core.requests.branches import Branch
from bot.service.repository import Repository


def release_branch(repo: Repository, branch: Branch) -> bool:
    """Delete a branch of ours whose pull request was closed; say whether there was anything to delete.

    Does nothing when the pull request is open again or was merged. Raises `Transient`.
    """
    pull = repo.pull_request(branch)
    if pull is None or pull.is_merged:
        return False
    return delete_branch(repo, branch)


def delete_branch(repo: Repository, branch: Branch) -> bool:
    """Delete a branch without an open pull request, and the claims that point to it; say whether it was there."""
    commit = repo.proposed(branch)
    pull = repo.pull_request(branch)
    if commit is None or (pull is not None and pull.state == "open"):
        return False
    manifest = repo.at(commit).manifest(branch.environment) if branch.kind == "clone" else None
    held = claims(repo.template_of(manifest).declaration.parameters, manifest.parameters) if manifest else ()
    repo.mirror.withdraw(str(branch), commit, held)
    return True

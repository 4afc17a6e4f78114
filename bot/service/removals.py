"""Environments that were removed from the default branch: a name is free again when all that bore it is destroyed, and not before.

Until then its state, its ledger and perhaps half of its resources are there; another environment of that name would find them.
What removed a directory is told by the default branch's own history, so it does not matter who proposed that on which branch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.github.records import Deployment, PullRequest
from bot.core.messages.status_comment import outcome_of
from bot.core.requests import destroy
from bot.core.requests.branches import PREFIXES, Branch, branch_of
from bot.errors import UserError
from bot.model.environment import ENVIRONMENTS, MANIFEST, Manifest, directory
from bot.names import EnvironmentName, RepositoryName
from bot.service.branch_cleanup import delete_branch
from bot.service.context import ServiceContext
from bot.service.repository import Repository, repository_at_head


@dataclass(frozen=True, slots=True)
class Removal:
    """The commit of the default branch that removed an environment, the one before it, and the pull request that brought it."""

    commit: str
    base: str
    pull: PullRequest | None

    def __str__(self) -> str:
        return f"#{self.pull.number}" if self.pull is not None else f"commit {self.commit[:12]}"


def removal_of(
    world: ServiceContext, repository: RepositoryName, repo: Repository, name: EnvironmentName
) -> Removal | None:
    """Return what took an environment from the default branch; None when it is there, or never was. Raises `Transient`."""
    if repo.manifest(name) is not None:
        return None
    commit = repo.mirror.last_change(repo.commit, directory(name))
    base = repo.mirror.parent(commit) if commit is not None else None
    if commit is None or base is None:
        return None
    merged = [pull for pull in world.github.pull_requests_for_commit(repository, commit) if pull.is_merged]
    brought = next((pull for pull in merged if pull.merge_commit_sha == commit), merged[0] if merged else None)
    return Removal(commit, base, brought)


def run_of(
    world: ServiceContext, repository: RepositoryName, repo: Repository, end: tuple[EnvironmentName, Removal]
) -> Deployment | None:
    """Return the newest run that was to destroy an environment, if there was one. Raises `Transient`."""
    name, found = end
    where = directory(name)
    for each in world.github.deployments(repository, name):
        if found.pull is not None and each.payload.get("head") == found.pull.head_sha:
            return each
        if found.pull is None and each.payload.get("envclone") == "destroy":
            repo.mirror.message(each.sha)  # brings the commit into the mirror
            if repo.mirror.last_change(each.sha, where) == found.commit:
                return each
    return None


def unfinished_removal(
    world: ServiceContext, repository: RepositoryName, repo: Repository, name: EnvironmentName
) -> Removal | None:
    """Return what ended an environment which is not destroyed yet, if there is any such thing. Raises `Transient`."""
    end = removal_of(world, repository, repo, name)
    if end is None or end.commit in world.destroyed:
        return None
    run = run_of(world, repository, repo, (name, end))
    status = world.github.last_deployment_status(repository, run.id) if run is not None else None
    if status is not None and outcome_of(status.state) == "success":
        world.destroyed.add(end.commit)
        return None
    return end


def removed(world: ServiceContext, repo: Repository) -> Mapping[EnvironmentName, Manifest]:
    """Return what was removed from the default branch and is not known to be destroyed, as it was; GitHub is not asked."""
    found: dict[EnvironmentName, Manifest] = {}
    for path, commit in repo.mirror.removed(repo.commit, f"{ENVIRONMENTS}/*/{MANIFEST}").items():
        if commit in world.destroyed:
            continue
        try:
            name = EnvironmentName(path.split("/")[1])
            base = repo.mirror.parent(commit)
            was = (
                repo.manifest(name, base)
                if base and name not in repo.mirror.entries(repo.commit, ENVIRONMENTS)
                else None
            )
        except UserError:
            continue  # one that can't be read was never applied, either
        if was is not None:
            found[name] = was
    return found


def unfinished(
    world: ServiceContext, repository: RepositoryName, repo: Repository, ends: Mapping[EnvironmentName, Manifest]
) -> Mapping[EnvironmentName, Manifest]:
    """Return those of `ends` that are not destroyed yet. Raises `Transient`."""
    return {name: was for name, was in ends.items() if unfinished_removal(world, repository, repo, name) is not None}


def release_removed(world: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> bool:
    """Delete the branches that a destroyed environment left standing, with its claims; say whether there were any.

    A change of it that is still proposed is closed with the reason. Does nothing while the environment is on the default branch,
    or while its end is not done. Raises `Transient`.
    """
    repo = repository_at_head(world, repository)
    standing = [Branch(kind, name) for kind in PREFIXES if name in repo.mirror.proposals(kind)]
    if not standing:
        return False
    end = removal_of(world, repository, repo, name)
    if end is None or unfinished_removal(world, repository, repo, name) is not None:
        return False
    _close_change(world, repository, name, end)
    deleted = [delete_branch(world, repository, repo, branch) for branch in standing]
    return any(deleted)


def _close_change(world: ServiceContext, repository: RepositoryName, name: EnvironmentName, end: Removal) -> None:
    pull = world.github.pull_request_for_head(repository, branch_of(name, "change"))
    if pull is None or pull.state == "closed":
        return
    # The comment first: whoever is killed in between says it once, and closes what is then still open.
    marker = destroy.ENDED_MARKER.format(name=name)
    world.github.upsert_comment(repository, pull.number, marker, f"{marker}\n{destroy.change_ended(name, str(end))}")
    world.github.close_pull_request(repository, pull.number)

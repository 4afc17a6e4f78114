"""Environments that were removed from the default branch: a name is free again when all that bore it is destroyed, and not before.

Until then its state, its ledger and perhaps half of its resources are there; another environment of that name would find them.
The default branch's own history shows what removed a directory, so it does not matter who proposed that on which branch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.git.snapshots import kept, let_go
from bot.clients.github.records import Deployment, PullRequest
from bot.core.messages import destroy_pull_request
from bot.core.requests import destroy
from bot.core.requests.branches import PREFIXES, Branch
from bot.errors import UserError
from bot.model.environment import MANIFEST, Manifest
from bot.names import EnvironmentName
from bot.service.branch_cleanup import delete_branch
from bot.service.deployments.confirmed import ConfirmedDeployment, confirmed
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class Removal:
    """The commit of the default branch that removed an environment, the one before it, and the pull request that brought it."""

    environment: EnvironmentName
    commit: str
    base: str
    pull: PullRequest | None

    def __str__(self) -> str:
        return f"#{self.pull.number}" if self.pull is not None else f"commit {self.commit[:12]}"


def removal_of(repo: Repository, name: EnvironmentName) -> Removal | None:
    """Return what took an environment from the default branch; None when it is there, or never was. Raises `Transient`."""
    # Most names never were any: that is known without a walk through the whole history, which takes the longer the more is in it.
    if name in repo.trees() or f"{repo.roots.environment(name)}/{MANIFEST}" not in repo.removed_manifests():
        return None
    commit = repo.mirror.history.last_change(repo.commit, repo.roots.environment(name))
    base = repo.mirror.history.parent(commit) if commit is not None else None
    if commit is None or base is None:
        return None
    merged = [pull for pull in repo.github.pull_requests_for_commit(repo.name, commit) if pull.is_merged]
    brought = next((pull for pull in merged if pull.merge_commit_sha == commit), merged[0] if merged else None)
    return Removal(name, commit, base, brought)


def destroy_run(repo: Repository, removal: Removal) -> ConfirmedDeployment | None:
    """Return the newest run that counts and was to destroy a removed environment, if there was one. Raises `Transient`."""
    found = repo.github.deployments(repo.name, removal.environment)
    return next(confirmed(repo, (each for each in found if _destroys(repo, removal, each))), None)


def _destroys(repo: Repository, removal: Removal, run: Deployment) -> bool:
    if removal.pull is not None and run.payload.get("head") != removal.pull.head_sha:
        return False
    if removal.pull is None and run.payload.get("envclone") != "destroy":
        return False
    repo.mirror.history.message(run.sha)  # brings the commit into the mirror
    return repo.mirror.history.last_change(run.sha, repo.roots.environment(removal.environment)) == removal.commit


def unfinished_removal(repo: Repository, name: EnvironmentName) -> Removal | None:
    """Return what removed an environment that is not destroyed yet, if there is any such thing. Raises `Transient`."""
    removal = removal_of(repo, name)
    if removal is None or removal.commit in repo.context.destroyed:
        return None
    run = destroy_run(repo, removal)
    if run is None or run.outcome != "success":
        return removal
    repo.context.destroyed.add(removal.commit)
    return None


def removed(repo: Repository) -> Mapping[EnvironmentName, Manifest]:
    """Return what was removed from the default branch and is not known to be destroyed, as it was; GitHub is not asked."""
    found: dict[EnvironmentName, Manifest] = {}
    live = repo.trees()
    for path, commit in repo.removed_manifests().items():
        if commit in repo.context.destroyed:
            continue
        try:
            name = EnvironmentName(str(repo.roots.environment_in(path)))
            base = repo.mirror.history.parent(commit)
            was = repo.at(base).manifest(name) if base and name not in live else None
        except UserError:
            continue  # one that can't be read was never applied, either
        if was is not None:
            found[name] = was
    return found


def unfinished(repo: Repository, removals: Mapping[EnvironmentName, Manifest]) -> Mapping[EnvironmentName, Manifest]:
    """Return those of the removed environments that are not destroyed yet. Raises `Transient`."""
    return {name: was for name, was in removals.items() if unfinished_removal(repo, name) is not None}


def release_removed(repo: Repository, name: EnvironmentName) -> bool:
    """Delete the branches that a destroyed environment left standing, with its claims; say whether there were any.

    A change of it that is still proposed is closed with the reason. Does nothing while the environment is on the default branch,
    or while it is not destroyed. What was pushed under the name since is another environment's. Raises `Transient`.
    """
    standing = [branch for kind in PREFIXES if repo.proposed(branch := Branch(kind, name)) is not None]
    if not standing and not kept(repo.mirror, name):
        return False
    removal = removal_of(repo, name)
    if removal is None or unfinished_removal(repo, name) is not None:
        return False
    again = repo.proposed(Branch("clone", name))
    if again is not None and repo.mirror.history.is_merged(removal.commit, again):
        standing.remove(Branch("clone", name))
    else:
        let_go(repo.mirror, name)
    _close_change(repo, removal)
    deleted = [delete_branch(repo, branch) for branch in standing]
    return any(deleted)


def let_go_unless_there(repo: Repository, name: EnvironmentName) -> None:
    """Delete the branches that keep commits for an environment of which nothing came, as when it was refused after all. Raises `Transient`."""
    if not kept(repo.mirror, name):
        return
    now = repo.fetched()
    if not now.inventory().has(name) and unfinished_removal(now, name) is None:
        let_go(now.mirror, name)


def _close_change(repo: Repository, removal: Removal) -> None:
    name = removal.environment
    pull = repo.pull_request(Branch("change", name))
    if pull is None or pull.state == "closed":
        return
    # The comment first: whoever is killed in between says it once, and closes what is then still open.
    marker = destroy.ENDED_MARKER.format(name=name)
    text = f"{marker}\n{destroy_pull_request.change_ended(name, str(removal))}"
    repo.github.upsert_comment(repo.name, pull.number, marker, text)
    repo.github.close_pull_request(repo.name, pull.number)

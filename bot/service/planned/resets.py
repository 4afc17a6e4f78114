"""Which removal was a reset, and the pull request that made its environment again: facts of git and GitHub.

Both must say it: the commit, since it bears who asked, and the pull request's text, since that is what was reviewed. Whoever may push could
write the commit of any removal again as that of a reset.
"""

from dataclasses import dataclass

from bot.clients.git.remote import CommitMissing
from bot.clients.github.records import PullRequest
from bot.core.messages.destroy_pull_request import again
from bot.core.requests import commit_trailers
from bot.core.requests.branches import Branch
from bot.core.requests.commit_trailers import Trailers
from bot.core.tree import Tree
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.removals import Removal, removal_of
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class MergedReset:
    """A merged removal of ours after which the environment is made again, with what it took away."""

    removal: Removal
    number: int
    said: Trailers
    manifest: Manifest
    files: Tree


def reset_of(repo: Repository, name: EnvironmentName) -> MergedReset | None:
    """Return the reset that took an environment from the default branch; None for any other removal. Raises `Transient`."""
    removal = removal_of(repo, name)
    pull = removal.pull if removal is not None else None
    if removal is None or pull is None or not repo.is_ours(pull):
        return None
    said = _said_by_reset(repo, pull, name)
    try:
        before = repo.at(removal.base)
        manifest = before.manifest(name) if said is not None else None
    except UserError:
        return None
    if said is None or manifest is None:
        return None
    return MergedReset(removal, pull.number, said, manifest, before.environment(name))


def is_reset(repo: Repository, pull: PullRequest, name: EnvironmentName) -> bool:
    """Say whether what a pull request of ours removes is made again. Raises `Transient`."""
    return _said_by_reset(repo, pull, name) is not None


def _said_by_reset(repo: Repository, pull: PullRequest, name: EnvironmentName) -> Trailers | None:
    said = _trailers(repo, pull.head_sha)
    return said if said is not None and said.is_reset and again(name).strip() in pull.body else None


def _trailers(repo: Repository, commit: str) -> Trailers | None:
    try:
        return commit_trailers.read(repo.mirror.history.message(commit))
    except CommitMissing:
        return None  # a branch that was merged by squashing, and deleted


def made_again_by(repo: Repository, reset: MergedReset) -> PullRequest | None:
    """Return our newest pull request for the environment if its branch began after the removal, whatever became of it."""
    pull = repo.pull_request(Branch("clone", reset.manifest.name))
    if pull is None:
        return None
    try:
        repo.mirror.history.message(pull.head_sha)  # brings the commit into the mirror
    except CommitMissing:
        return None
    return pull if repo.mirror.history.is_merged(reset.removal.commit, pull.head_sha) else None

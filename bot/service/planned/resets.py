"""Which removal was a reset, and the pull request that made its environment again: facts of git and GitHub."""

from dataclasses import dataclass

from bot.clients.git.remote import CommitMissing
from bot.clients.github.records import PullRequest
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
    said = _trailers(repo, pull.head_sha)
    try:
        before = repo.at(removal.base)
        manifest = before.manifest(name) if said is not None and said.is_reset else None
    except UserError:
        return None
    if said is None or manifest is None:
        return None
    return MergedReset(removal, pull.number, said, manifest, before.environment(name))


def is_reset_at(repo: Repository, commit: str) -> bool:
    """Say whether what a commit removes is made again, as it says itself. Raises `Transient`."""
    said = _trailers(repo, commit)
    return said is not None and said.is_reset


def _trailers(repo: Repository, commit: str) -> Trailers | None:
    try:
        return commit_trailers.read(repo.mirror.message(commit))
    except CommitMissing:
        return None  # a branch that was merged by squashing, and deleted


def made_again_by(repo: Repository, reset: MergedReset) -> PullRequest | None:
    """Return our newest pull request for the environment if its branch began after the removal, whatever became of it."""
    pull = repo.pull_request(Branch("clone", reset.manifest.name))
    if pull is None:
        return None
    try:
        repo.mirror.message(pull.head_sha)  # brings the commit into the mirror
    except CommitMissing:
        return None
    return pull if repo.mirror.is_merged(reset.removal.commit, pull.head_sha) else None

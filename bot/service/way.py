"""The way for our own branches: what others put there is moved aside and named, never overwritten and never waited for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.clients.git.claims import claim_ref
from bot.clients.git.displaced import BRANCHES, displaced, moved_aside
from bot.clients.git.remote import GitFailed, Moved
from bot.clients.git.trees import Publication
from bot.core.requests.branches import Branch, Stranger, WaveBranch
from bot.service.repository import Repository

PROPOSING = timedelta(minutes=5)
"""How long the pull request of another job may follow its branch; after that nobody is about to open it any more."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Others' refs that were in the way, with their new names; those that are no branches have none."""

    moved: Mapping[str, str]


def clear(repo: Repository, branch: Branch | WaveBranch) -> Mapping[str, str] | Stranger:
    """Move a branch aside that is named like ours and is not; return it with its new name. Raises `Transient`.

    One from which a person opened a pull request stays: to move it would close that. What we proposed ourselves stays, too.
    """
    standing = repo.proposed(branch)
    if standing is None:
        return {}
    other = repo.github.strangers_pull_request(repo.name, str(branch))
    if other is not None:
        return Stranger(str(branch), other.number, other.author)
    own = repo.pull_request(branch)
    if own is not None and (own.state == "open" or own.head_sha == standing):
        return {}
    return moved_aside(repo.mirror, str(branch), standing)


def is_being_proposed(repo: Repository, branch: Branch) -> bool:
    """Say whether another job of ours pushed a branch a moment ago, and is about to open its pull request. Raises `Transient`.

    A rollout brings an environment up to date beside the commands for it, and each would take the other's branch for a stranger's.
    """
    standing = repo.proposed(branch)
    if standing is None or not repo.mirror.history.is_by(repo.context.author, standing, onto=repo.commit):
        return False
    pull = repo.pull_request(branch)
    is_new = pull is None or (pull.state == "closed" and pull.head_sha != standing)
    return is_new and abs(repo.context.now() - repo.mirror.history.committed_at(standing)) < PROPOSING


def publish(repo: Repository, publication: Publication) -> str | Cleared | Moved:
    """Push a commit with its claims; return its id, what moved, or what kept git from making the refs at all and is gone now.

    Raises `Transient`.
    """
    try:
        return repo.mirror.publish(publication)
    except GitFailed:
        wanted = [f"{BRANCHES}{publication.branch}", *map(claim_ref, publication.claims)]
        cleared = displaced(repo.mirror, wanted)
        if not cleared:
            raise
        return Cleared(cleared)

"""Commits of pull requests that previews were rendered from, kept by branches of ours: nobody may rewrite or delete what a proof needs.

A branch, since workflows fetch all branches and the mirror fetches ours. Its name has the environment's and the commit's. It moves on with
the pull request as long as that only grows; once that is rewritten, another branch keeps what it is now.
"""

from collections.abc import Mapping

from bot.clients.git.displaced import displaced
from bot.clients.git.mirror import Mirror
from bot.clients.git.remote import GitFailed, Moved
from bot.core.requests.branches import SNAPSHOTS
from bot.names import EnvironmentName

HEADS = "refs/heads/"


def keep(mirror: Mirror, name: EnvironmentName, commit: str) -> Mapping[str, str]:
    """Have a commit kept for an environment as long as that is there; return others' branches that were in the way, with their new names.

    Raises `GitFailed`.
    """
    found = kept(mirror, name)
    if any(mirror.history.is_merged(commit, tip) for tip in found.values()):
        return {}
    grown = next((ref for ref, tip in found.items() if mirror.history.is_merged(tip, commit)), None)
    ref = grown or f"{HEADS}{SNAPSHOTS}/{name}/{commit[:12]}"
    try:
        _push(mirror, ref, commit, found.get(ref))
    except GitFailed:
        moved = displaced(mirror, [ref])
        if not moved:
            raise
        _push(mirror, ref, commit, found.get(ref))
        return moved
    return {}


def let_go(mirror: Mirror, name: EnvironmentName) -> None:
    """Keep nothing any more for an environment that is gone. Raises `GitFailed`."""
    found = kept(mirror, name)
    if found:
        mirror.push(dict.fromkeys(found, ""), dict(found))


def kept(mirror: Mirror, name: EnvironmentName) -> dict[str, str]:
    """Return the branches that keep commits for an environment, as the mirror knows them."""
    return mirror.local(f"{HEADS}{SNAPSHOTS}/{name}/")


def _push(mirror: Mirror, ref: str, commit: str, was: str | None) -> None:
    if isinstance(mirror.push({ref: commit}, {ref: was}), Moved):
        raise GitFailed(f"{ref} was moved by another job")

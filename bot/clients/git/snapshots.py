"""Commits of pull requests that previews were rendered from, kept by branches of ours: nobody may rewrite or delete what a proof needs.

A branch, since workflows fetch all branches and the mirror fetches ours. Its name has the environment's and the commit's. It moves on with
the pull request as long as that only grows; once that is rewritten, another branch keeps what it is now.
"""

from bot.clients.git.mirror import Mirror
from bot.clients.git.remote import GitFailed, Moved
from bot.core.requests.branches import SNAPSHOTS
from bot.names import EnvironmentName

HEADS = "refs/heads/"


def keep(mirror: Mirror, name: EnvironmentName, commit: str) -> None:
    """Have a commit kept for an environment as long as that is there. Raises `GitFailed`."""
    found = kept(mirror, name)
    if any(mirror.is_merged(commit, tip) for tip in found.values()):
        return
    grown = next((ref for ref, tip in found.items() if mirror.is_merged(tip, commit)), None)
    ref = grown or f"{HEADS}{SNAPSHOTS}/{name}/{commit[:12]}"
    if isinstance(mirror.push({ref: commit}, {ref: found.get(ref)}), Moved):
        raise GitFailed(f"{ref} was moved by another job")


def let_go(mirror: Mirror, name: EnvironmentName) -> None:
    """Keep nothing any more for an environment that is gone. Raises `GitFailed`."""
    found = kept(mirror, name)
    if found:
        mirror.push(dict.fromkeys(found, ""), dict(found))


def kept(mirror: Mirror, name: EnvironmentName) -> dict[str, str]:
    """Return the branches that keep commits for an environment, as the mirror knows them."""
    return mirror.local(f"{HEADS}{SNAPSHOTS}/{name}/")

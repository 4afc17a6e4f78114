"""Refs of others where ours must be: moved aside, so that nothing of theirs is lost and nobody else is kept from a clone.

Whoever may push can push a branch `envclone`, and then git makes no branch `envclone/demo-x` any more, or `envclone/demo-x/more`.
"""

from collections.abc import Iterable, Mapping

from bot.clients.git.mirror import Mirror

PREFIX = "envclone-displaced"
BRANCHES = "refs/heads/"


def displaced(mirror: Mirror, refs: Iterable[str]) -> Mapping[str, str]:
    """Move what is in the way of these refs; return what was moved, with its new name. Raises `GitFailed`.

    A ref that is no branch is deleted, and its new name is empty: it holds nothing but its name.
    """
    wanted = tuple(refs)
    found = mirror.refs(*(pattern for ref in wanted for pattern in (*_above(ref), f"{ref}/*")))
    return _moved(mirror, {ref: at for ref, at in found.items() if any(_is_in_the_way(ref, one) for one in wanted)})


def moved_aside(mirror: Mirror, branch: str, at: str) -> Mapping[str, str]:
    """Move a branch that points to `at`; return it with its new name, or nothing if it is elsewhere now. Raises `GitFailed`."""
    return _moved(mirror, {f"{BRANCHES}{branch}": at})


def _moved(mirror: Mirror, found: Mapping[str, str]) -> Mapping[str, str]:
    moved = {ref: f"{BRANCHES}{_aside(ref, at)}" for ref, at in found.items() if ref.startswith(BRANCHES)}
    targets = {new: found[ref] for ref, new in moved.items()}
    for commit in targets.values():
        mirror.history.message(commit)  # brings the commit into the mirror, since a push sends what it names
    if not found or mirror.push({**dict.fromkeys(found, ""), **targets}, found) is not None:
        return {}  # somebody else moved them in this moment
    return {ref.removeprefix(BRANCHES): moved.get(ref, "").removeprefix(BRANCHES) for ref in found}


def _aside(ref: str, at: str) -> str:
    return f"{PREFIX}/{ref.removeprefix(BRANCHES).replace('/', '-')}-{at[:12]}"


def _above(ref: str) -> list[str]:
    """Return the names that git could not have beside this one: `refs/heads/a` beside `refs/heads/a/b`."""
    parts = ref.split("/")
    return ["/".join(parts[:count]) for count in range(2, len(parts)) if parts[:count] != ["refs", "heads"]]


def _is_in_the_way(ref: str, wanted: str) -> bool:
    return ref.startswith(f"{wanted}/") or wanted.startswith(f"{ref}/")

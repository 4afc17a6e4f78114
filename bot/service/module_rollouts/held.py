"""What merges have held for a rollout: read from git, so that a service which was down finds it when it is back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.clients.git.history.paths import PathsChanged, changes_of
from bot.clients.git.modules_called import is_below, modules_called
from bot.core.rollout.held import holds
from bot.errors import UserError
from bot.model.policy import Policy
from bot.names import EnvironmentName
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class HeldChange:
    """A commit of the default branch that changed modules, and the environments that are now made of them and have not been touched since."""

    commit: str
    modules: tuple[str, ...]
    names: tuple[EnvironmentName, ...]


def held_changes(repo: Repository, after: str | None) -> Sequence[HeldChange]:
    """Return what merges held after a commit, newest first; without one, recently. Raises `Unverifiable`."""
    called = _called(repo)
    known = after if after is not None and repo.mirror.history.was_at(after, repo.commit) is not None else None
    found = (
        _held(repo, each, called) for each in changes_of(repo.mirror.path, repo.commit, modules_of_all(repo), known)
    )
    return [each for each in found if each is not None]


def users_of(repo: Repository, modules: Collection[str]) -> Sequence[EnvironmentName]:
    """Return the environments that are made of any of these modules. Raises `Unverifiable`."""
    live = repo.read_inventory().inventory.live
    return [name for name in sorted(live) if not set(modules).isdisjoint(_called(repo).get(name, ()))]


def modules_of_all(repo: Repository) -> tuple[str, ...]:
    """Return the modules that any environment is made of. Raises `Unverifiable`."""
    return tuple(sorted({place for each in _called(repo).values() for place in each}))


def _called(repo: Repository) -> Mapping[str, Sequence[str]]:
    """Return the modules that each environment is made of, read once for each commit of a repository."""
    known, kept = repo.context.modules_called.get(repo.name, ("", {}))
    if known != repo.commit:
        kept = modules_called(repo.mirror.path, repo.roots, repo.commit, repo.module)
        repo.context.modules_called[repo.name] = (repo.commit, kept)
    return kept


def _held(repo: Repository, change: PathsChanged, called: Mapping[str, Sequence[str]]) -> HeldChange | None:
    parent = repo.mirror.history.parent(change.commit)
    policy = _policy(repo.at(parent)) if parent is not None else None
    if parent is None or policy is None or not holds(policy, _policy(repo.at(change.commit))):
        return None
    before, now, live = repo.at(parent).trees(), repo.trees(), repo.read_inventory().inventory.live
    names, modules = [], set[str]()
    for name in sorted(live):
        mine = [place for place in called.get(name, ()) if any(is_below(path, [place]) for path in change.paths)]
        # What was changed by itself since was a target of that merge, with the module as it was then.
        if mine and before.get(name) == now[name]:
            names.append(name)
            modules |= set(mine)
    return HeldChange(change.commit, tuple(sorted(modules)), tuple(names)) if names else None


def _policy(repo: Repository) -> Policy | None:
    try:
        return repo.policy()
    except UserError:
        return None

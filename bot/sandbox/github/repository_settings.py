"""What an administrator does to a repository on its settings page."""

from dataclasses import replace

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.repositories import EnvironmentRecord


def archive(forge: Forge, repository: str, *, archived: bool = True) -> None:
    """Make a repository read-only, or undo that. Raises `LookupError` when there is no such repository."""
    with forge.state.lock:
        found = forge.state.repository(repository)
        if found is None:
            raise LookupError(f"there is no repository {repository}")
        forge.state.add_repository(replace(found, archived=archived))


def restrict_creation(forge: Forge, repository: str, pattern: str) -> None:
    """Add a ruleset by which nobody creates references like the pattern. Raises `LookupError` when there is no such repository."""
    with forge.state.lock:
        found = forge.state.repository(repository)
        if found is None:
            raise LookupError(f"there is no repository {repository}")
        forge.state.add_repository(replace(found, restricted=(*found.restricted, pattern)))


def rename_default_branch(forge: Forge, repository: str, name: str) -> None:
    """Rename the default branch. Raises `LookupError` when there is no such repository, `BareGitFailed` when git refuses."""
    with forge.state.lock:
        found = forge.state.repository(repository)
        if found is None:
            raise LookupError(f"there is no repository {repository}")
        forge.bare(found).run("branch", "--move", found.default_branch, name)
        forge.state.add_repository(replace(found, default_branch=name))


def rename_repository(forge: Forge, repository: str, name: str, *, owner: str | None = None) -> str:
    """Rename a repository, or transfer it to another account; return its new full name. Who comes to the old one is led on.

    Raises `LookupError` when there is no such repository or account.
    """
    with forge.state.lock:
        found = forge.state.repository(repository)
        if found is None:
            raise LookupError(f"there is no repository {repository}")
        account = forge.state.account(owner) if owner is not None else found.owner
        if account is None:
            raise LookupError(f"there is no account {owner}")
        moved = replace(found, name=name, owner=account)
        target = forge.bare(moved).path
        target.parent.mkdir(parents=True, exist_ok=True)
        forge.bare(found).path.rename(target)
        forge.state.former_names[found.full_name.casefold()] = found.id
        del forge.state.repositories[found.full_name.casefold()]
        return forge.state.add_repository(moved).full_name


def create_environment(forge: Forge, repository: str, name: str, branches: tuple[str, ...] | None) -> None:
    """Create a deployment environment for branches as the record says. Raises `LookupError` when there is no such repository."""
    with forge.state.lock:
        found = forge.state.repository(repository)
        if found is None:
            raise LookupError(f"there is no repository {repository}")
        made = EnvironmentRecord(forge.state.next_small_id(), name, branches)
        forge.state.add_repository(replace(found, environments=(*found.environments, made)))

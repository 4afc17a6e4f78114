"""Whether the modules beside an environment were at a commit what they are now: a change of theirs is none of its own directory."""

from bot.core.hcl.local_modules import outside
from bot.core.tree import Tree
from bot.errors import UserError
from bot.names import EnvironmentName
from bot.service.repository import Repository


def has_same_modules(repo: Repository, commit: str, name: EnvironmentName) -> bool:
    """Say whether an environment was made of the same modules at a commit as it is now. Raises `Transient`."""
    there = _modules(repo, commit, name)
    return there is not None and there == _modules(repo, repo.commit, name)


def _modules(repo: Repository, commit: str, name: EnvironmentName) -> Tree | None:
    try:
        return outside(repo.at(commit).code(name))
    except UserError:
        return None  # it can't be read there, or is no commit

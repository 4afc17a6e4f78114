"""An environment as a pull request would have it, to make a clone that tries this: a preview.

It is one if the command is in a person's open pull request to the default branch that changes the source or its template. The branch
lies in this repository: what a fork brings is tried by nobody.
"""

from bot.clients.github.records import PullRequest
from bot.core.hcl.local_modules import places_outside
from bot.core.markdown import code
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.requests.clone import CloneRequest, PastSource
from bot.core.tree import Tree, tree_id
from bot.errors import UserError
from bot.names import EnvironmentName
from bot.service.repository import Repository


def proposed_source(repo: Repository, asked: CloneRequest) -> PastSource | None:
    """Return the source as the pull request would have it in which a clone was asked for; None for a clone of what is there.

    Raises `UserError` for a fork, and for a change that can't be tried; `Transient`.
    """
    command, request = asked.command, asked.request
    # Most comments are in issues, and GitHub need not be asked.
    if command.at is not None or request is None or "/pull/" not in request.url:
        return None
    pull = repo.github.pull_request(repo.name, request.issue)
    if pull is None or pull.state == "closed" or pull.base != repo.branch or repo.is_ours(pull):
        return None
    if not pull.is_from(repo.name):
        raise UserError(
            f"#{pull.number} comes from a fork, and code from a fork is not tried here. {_instead(command.source)}, or push the "
            "branch to this repository."
        )
    return source_in(repo, pull, command.source) if _is_changed(repo, pull, command.source) else None


def source_in(repo: Repository, pull: PullRequest, name: EnvironmentName) -> PastSource:
    """Return an environment as a pull request would have it. Raises `UserError` where there is none, or it can't be tried; `Transient`."""
    then, began = repo.at(pull.head_sha), _began(repo, pull)
    files = then.code(name)
    if moved := _modules(repo, name, files, began, pull.head_sha):
        raise UserError(
            f"#{pull.number} changes {code(moved)}, and a clone calls that module where it lies on {code(repo.branch)}, so the change "
            f"can't be tried on a clone. {_instead(name)}."
        )
    return PastSource(pull.head_sha, CodeSide(then.source(name), files), pull.number)


def _is_changed(repo: Repository, pull: PullRequest, name: EnvironmentName) -> bool:
    """Say whether a pull request changes an environment, its template, or a module that it calls."""
    then, began = repo.at(pull.head_sha), _began(repo, pull)
    manifest = then.manifest(name)
    if manifest is None:
        return False
    places = (repo.roots.template(manifest.template), repo.roots.environment(name))
    is_moved = any(_tree(repo, began, place) != _tree(repo, pull.head_sha, place) for place in places)
    return is_moved or _modules(repo, name, then.code(name), began, pull.head_sha) is not None


def _began(repo: Repository, pull: PullRequest) -> str:
    return repo.mirror.history.merge_base(pull.head_sha, repo.commit) or repo.commit


def _modules(repo: Repository, of: EnvironmentName, files: Tree, before: str, after: str) -> str | None:
    """Return a module outside that the code calls and that differs between two commits."""
    paths = filter(None, (repo.roots.module(place, of) for place in places_outside(files)))
    return next((path for path in paths if _tree(repo, before, path) != _tree(repo, after, path)), None)


def _tree(repo: Repository, commit: str, path: str) -> str:
    parent, _, name = path.rpartition("/")
    return repo.mirror.entries(commit, parent).get(name, "") if parent else tree_id(repo.mirror.read_tree(commit, path))


def _instead(name: EnvironmentName) -> str:
    return f"To clone {code(name)} as it is, comment on an issue"

"""Which commit was reviewed: the head of the pull request that brought an environment to what it is in this checkout."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import tree_at
from bot.clients.git.history.changes import change_of
from bot.clients.github import GitHub, GitHubRefused
from bot.clients.ledger import LedgerFile
from bot.clients.objects.store import ObjectStore
from bot.clients.transient import Transient
from bot.core.hcl.local_modules import code_id, places_outside
from bot.core.plans.review import read_review, review_key
from bot.errors import Unverifiable, UserError
from bot.names import EnvironmentName, RepositoryName


@dataclass(frozen=True, slots=True)
class OnGitHub:
    """A repository on GitHub, and the client to ask."""

    github: GitHub
    repository: RepositoryName


def reviewed_head(checkout: Checkout, environment: EnvironmentName, store: ObjectStore, on: OnGitHub | None) -> str:
    """Return the commit that was reviewed: for an environment that is here, or for the destroy of one whose directory is gone.

    Candidates are what was merged by the last commit that touched the environment, the heads of pull requests that GitHub
    knows for it, and what the ledger names. The first with a review of exactly this directory is it; if none has one, the
    first candidate, so that what follows can say what is missing. Raises `UserError`, `Unverifiable`.
    """
    wanted = _wanted(checkout, environment)
    first: str | None = None
    for candidate in _candidates(checkout, environment, store, on):
        first = first or candidate
        if _is_reviewed(environment, candidate, wanted, store):
            return candidate
    if first is None:
        raise UserError(
            f"The history does not show which commit of `{environment}` was reviewed: name it with `--head`."
        )
    return first


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The directory that the review must be of, and whether it must be the review of a destroy."""

    tree: str
    is_destroy: bool


def _wanted(checkout: Checkout, environment: EnvironmentName) -> _Wanted:
    code, where = checkout.code(environment), checkout.roots.environment(environment)
    if code:
        return _Wanted(code_id(code), is_destroy=False)
    removal = change_of(checkout.root, where)
    before = tree_at(checkout.root, removal.parents[0], where) if removal and removal.parents else None
    return _Wanted(before or "", is_destroy=True)


def _candidates(
    checkout: Checkout, environment: EnvironmentName, store: ObjectStore, on: OnGitHub | None
) -> Iterator[str]:
    where = checkout.roots.environment(environment)
    outside = (checkout.roots.module(place, environment) for place in places_outside(checkout.code(environment)))
    change = change_of(checkout.root, where, *filter(None, outside))
    if change is not None:
        if len(change.parents) > 1:
            yield change.parents[1]
        elif on is not None:
            yield from _merged_heads(on, change.commit)
    entries = LedgerFile(store, environment).read().steps.values()
    yield from dict.fromkeys(entry.head for entry in sorted(entries, key=lambda entry: entry.started_at, reverse=True))
    if change is not None:
        yield change.commit  # a push without a merge: reviewed only if it was planned itself


def _merged_heads(on: OnGitHub, commit: str) -> list[str]:
    try:
        pulls = on.github.pull_requests_for_commit(on.repository, commit)
    except (Transient, GitHubRefused) as error:
        raise Unverifiable(f"GitHub could not be asked which pull request brought {commit[:12]}: {error}") from error
    return [pull.head_sha for pull in pulls if pull.is_merged]


def _is_reviewed(environment: EnvironmentName, commit: str, wanted: _Wanted, store: ObjectStore) -> bool:
    stored = store.read(review_key(environment, commit))
    if stored is None:
        return False
    try:
        review = read_review(stored.data, environment, commit)
    except Unverifiable:
        return False
    return review.tree == wanted.tree and (review.change == "destroy") == wanted.is_destroy

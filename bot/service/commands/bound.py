"""Clones that are bound to a pull request (`--with`, and previews): which, and what becomes of what is proposed when it is closed or reopened.

A clone that is live is destroyed as one that has expired is (`bot.service.commands.expire`), by the same pull request. Of one that was
never deployed, the pull request is closed.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from pydantic import TypeAdapter

from bot.clients.github import GitHubRefused
from bot.clients.github.records import Issue
from bot.core.messages import expiry_comments
from bot.core.requests.branches import Branch
from bot.core.requests.destroy import ClosedPull
from bot.core.requests.expiry import is_automatic
from bot.errors import UserError
from bot.events import PreviewDue, PullRequestChanged, Tick
from bot.model.environment import Manifest
from bot.names import EnvironmentName, Login, RepositoryName
from bot.service.context import ServiceContext
from bot.service.jobs_api import JobRequest, JobStepResult, Steps, bound_job
from bot.service.repository import Repository, repository_at_head


class BoundFound(JobStepResult):
    """The clones, live and proposed, that are bound to the pull request, and those that try it."""

    bound: Sequence[EnvironmentName]
    previews: Sequence[EnvironmentName]


BOUND_FOUND: TypeAdapter[BoundFound] = TypeAdapter(BoundFound)
CLOSED_MARKER = "<!-- envclone:closed-with:{number}:{at:%Y-%m-%dT%H:%M:%SZ} -->"
KEPT_MARKER = "<!-- envclone:kept-with:{number} -->"
LABEL = "envclone:has-clone"
"""What a pull request bears to which clones are bound. Without a server nothing else starts a runner when people push to it, or close it."""

log = logging.getLogger(__name__)


def closed_pulls(repo: Repository, manifests: Iterable[Manifest]) -> Mapping[int, ClosedPull]:
    """Return the pull requests that clones are bound to and that are not open any more, by number. Raises `Transient`."""
    numbers = {each.ends_with for each in manifests if each.ends_with is not None}
    found = ((number, closed_pull(repo, number)) for number in sorted(numbers))
    return {number: closed for number, closed in found if closed is not None}


def closed_pull(repo: Repository, number: int) -> ClosedPull | None:
    """Return a pull request that was merged or closed; None for one that is open, or that there is none. Raises `Transient`."""
    pull = repo.github.pull_request(repo.name, number)
    if pull is None or pull.closed_at is None:
        return None
    return ClosedPull(number, pull.url, pull.closed_at, pull.is_merged)


def not_needed(repo: Repository, proposed: Iterable[Manifest]) -> tuple[EnvironmentName, ...]:
    """Return the clones that are only proposed, although what they are bound to is closed: nobody heard of it, or it was just before.

    One whose pull request was closed for that and is open again was reopened by a person, and stays. Raises `Transient`.
    """
    listed = list(proposed)
    closed = closed_pulls(repo, listed)
    ends = {each.name: end for each in listed if each.ends_with is not None and (end := closed.get(each.ends_with))}
    return tuple(name for name, end in ends.items() if not _was_closed_for(repo, name, end))


def _was_closed_for(repo: Repository, name: EnvironmentName, end: ClosedPull) -> bool:
    pull = repo.pull_request(Branch("clone", name))
    return pull is None or repo.github.has_said(
        repo.name, pull.number, CLOSED_MARKER.format(number=end.number, at=end.at)
    )


def bound_jobs(
    context: ServiceContext, event: PullRequestChanged, request: JobRequest, steps: Steps
) -> tuple[JobRequest, ...]:
    """Return the jobs of the clones that are bound to a pull request that was merged, closed or reopened, or try one that was pushed to."""
    if event.action == "opened":
        return ()

    def look() -> BoundFound:
        found = repository_at_head(context, event.repository).read_inventory().inventory.manifests()
        return BoundFound(
            bound=sorted(each.name for each in found if each.ends_with == event.number),
            previews=sorted(each.name for each in found if each.preview and each.preview.pull_request == event.number),
        )

    found = steps.run("bound", BOUND_FOUND, look)
    ends = found.bound if event.action in ("closed", "reopened") else ()
    pushed = found.previews if event.action in ("synchronize", "reopened", "retargeted") else ()
    return (
        *(
            bound_job(request.delivery, "expire", Tick(repository=event.repository, slot=0, environment=name))
            for name in ends
        ),
        *(
            bound_job(request.delivery, "preview", PreviewDue(repository=event.repository, environment=name))
            for name in pushed
        ),
    )


def close_proposed(repo: Repository, name: EnvironmentName) -> int | None:
    """Close the pull request of a clone that was not deployed, if the one it is bound to is closed; return its number.

    Raises `Transient`.
    """
    pull = repo.pull_request(Branch("clone", name))
    if pull is None or pull.is_merged:
        return None
    try:
        manifest = repo.at(pull.head_sha).manifest(name)
    except UserError:
        return None  # what people have broken is theirs to close
    closed = closed_pull(repo, manifest.ends_with) if manifest is not None and manifest.ends_with is not None else None
    if manifest is None or closed is None or (pull.closed_at is not None and pull.closed_at < closed.at):
        return None
    # The comment last: it says that the pull request was closed, so one that is open beside it was reopened by a person. Whoever is
    # killed in between finds it closed, and says why.
    if pull.state == "open":
        repo.github.close_pull_request(repo.name, pull.number)
    marker = CLOSED_MARKER.format(number=closed.number, at=closed.at)
    repo.github.comment_once(
        repo.name, pull.number, marker, f"{marker}\n{expiry_comments.not_needed(manifest, closed)}"
    )
    return pull.number if pull.state == "open" else None


def keep(repo: Repository, manifest: Manifest) -> int | None:
    """Close the removal of a clone that was to end with a pull request which is open again; return its number. Raises `Transient`."""
    branch = Branch("destroy", manifest.name)
    if manifest.ends_with is None or repo.proposed(branch) is None:
        return None
    pull, us = repo.pull_request(branch), Login(repo.github.identity())
    if pull is None or pull.state == "closed":
        return None
    if not is_automatic(manifest, pull.author, us, pull.body, "pull_request"):
        return None
    marker = KEPT_MARKER.format(number=manifest.ends_with)
    repo.github.comment_once(repo.name, pull.number, marker, f"{marker}\n{expiry_comments.needed_again(manifest)}")
    repo.github.close_pull_request(repo.name, pull.number)
    return pull.number


def mark(repo: Repository, number: int) -> None:
    """Give a pull request the label of those that clones are bound to, unless it has it. Raises `Transient`."""
    _marked(repo, lambda: repo.github.issue(repo.name, number), has=True)


def bearers(context: ServiceContext, repository: RepositoryName) -> Mapping[int, Issue]:
    """Return what bears the label, by number. Raises `Transient`."""
    return {each.number: each for each in context.github.labelled(repository, LABEL)}


def keep_marks(repo: Repository, bear: Mapping[int, Issue]) -> None:
    """Have the pull requests that clones are bound to bear the label, and no others. Raises `Transient`.

    `bear` is asked before the repository is fetched: so a clone that is proposed meanwhile keeps its label.
    """
    bound = {each.ends_with for each in repo.read_inventory().inventory.manifests() if each.ends_with is not None}
    for number in sorted(bound - bear.keys()):
        mark(repo, number)
    for number in sorted(bear.keys() - bound):
        _marked(repo, lambda number=number: bear[number], has=False)  # type: ignore[misc]


def _marked(repo: Repository, issue: Callable[[], Issue], *, has: bool) -> None:
    try:
        repo.github.mark_issue(repo.name, issue(), LABEL, has=has)
    except GitHubRefused as refused:  # a manifest may name anything; and what is not heard of is found by the clock
        if refused.status not in (403, 404, 410):
            raise
        log.warning("no label: %s", refused, extra={"action": "label"})

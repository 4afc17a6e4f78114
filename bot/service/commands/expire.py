"""Let a clone's time come: warn its owner, propose its removal, and, where the policy says so, merge that once its check passes.

Its time comes when it expires, or when the pull request is merged or closed that it is bound to (`bot.service.commands.bound`).

Two jobs that time asks for: one looks a repository through, and one for each environment that is due does what it is due for. The
second kind has the environment's own partition, so that nothing else is done to it meanwhile. Both have the slot of time in their
key: what failed in one slot is tried again in the next.

Every step looks on GitHub for what it would do before doing it. So it may be run at any time, any number of times, after a
lost database too; two runs for one environment must not overlap (jobs of one environment never do).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pydantic import TypeAdapter

from bot.clients.github import GitHubRefused as Refusal
from bot.clients.github.records import PullRequest
from bot.core.messages import expiry_comments
from bot.core.requests import expiry
from bot.core.requests.branches import Branch
from bot.core.requests.destroy import Reason, RemovalRequest
from bot.core.requests.expiry import Due, Outlived, due
from bot.core.requests.refusal import Refused
from bot.events import PreviewDue, Tick
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login
from bot.service.commands.bound import bearers, close_proposed, closed_pulls, keep, keep_marks, not_needed
from bot.service.commands.destroy import propose_destroy
from bot.service.context import ServiceContext
from bot.service.jobs_api import ExpiryDone, Finished, JobRequest, JobStepResult, Steps, bound_job
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.planned.thumbs import merge_confirmed, perhaps_confirmed
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import asked_here, proposal_on
from bot.service.versions.tried import previews_behind

SWEEP = "*sweep"
"""In the place of an environment's name in a partition; no environment can be called so."""

PROPOSING = timedelta(minutes=15)
"""How long a pull request may follow its branch: GitHub may be slow, or tell us to wait."""

CALM = timedelta(minutes=5)
"""How long a pull request is closed before the end of what is bound to it is proposed: whoever opened it may close and reopen it all day,
and each time would bring a removal. A merge is final."""

log = logging.getLogger(__name__)

ExpiryOutcome = Literal["nothing", "warned", "proposed", "waits", "merged", "declined", "refused", "closed", "kept"]


@dataclass(frozen=True, slots=True)
class Expired:
    """What was done about one environment, and the pull request that removes it, if there is one."""

    environment: EnvironmentName
    outcome: ExpiryOutcome
    pull: int | None = None

    def __str__(self) -> str:
        return f"{self.environment}: {self.outcome}" + (f" (#{self.pull})" if self.pull else "")


class DueFound(JobStepResult):
    """The environments that something is to be done about."""

    environments: tuple[EnvironmentName, ...]
    previews: tuple[EnvironmentName, ...] = ()
    """Those whose pull request was pushed to, without our hearing of it."""


DUE_FOUND: TypeAdapter[DueFound] = TypeAdapter(DueFound)
EXPIRY_DONE: TypeAdapter[ExpiryDone] = TypeAdapter(ExpiryDone)


class ExpiryJob:
    """Looks a repository through, or does what one environment is due for."""

    def __init__(self, context: ServiceContext, event: Tick) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job."""
        return tick_job(delivery, self.event)

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        name = self.event.environment
        if name is not None:
            steps.run("expire", EXPIRY_DONE, lambda: self.expire(name))
            return Finished()
        found = steps.run("sweep", DUE_FOUND, self.sweep)
        ticks = [self.event.model_copy(update={"environment": each}) for each in found.environments]
        pushed = [PreviewDue(repository=self.event.repository, environment=each) for each in found.previews]
        return Finished(
            (
                *(tick_job(request.delivery, tick) for tick in ticks),
                *(bound_job(request.delivery, "preview", each) for each in pushed),
            )
        )

    def sweep(self) -> DueFound:
        """Find what is due; have the right pull requests bear the label by which pushes to them are heard of."""
        bear = bearers(self.context, self.event.repository)
        repo = repository_at_head(self.context, self.event.repository)
        keep_marks(repo, bear)
        return DueFound(environments=due_environments(repo), previews=previews_behind(repo))

    def expire(self, name: EnvironmentName) -> ExpiryDone:
        """Do what one environment is due for."""
        expired = expire(repository_at_head(self.context, self.event.repository), name)
        return ExpiryDone(done=str(expired), outcome=expired.outcome)


def tick_job(delivery: str, event: Tick) -> JobRequest:
    """Return the job of a slot of time, for a repository or for one environment of it."""
    name = event.environment
    kind, what = ("sweep", event.repository) if name is None else ("expire", f"{event.repository}/{name}")
    return JobRequest(
        key=f"{kind}-{what}-{event.slot}",
        partition=f"{event.repository}/{name or SWEEP}",
        kind=kind,
        delivery=delivery,
        event=event,
    )


def due_environments(repo: Repository) -> tuple[EnvironmentName, ...]:
    """Return the clones that something is to be done about; one that can't be read keeps no other from its turn.

    Raises `Transient`, `UserError`.
    """
    reading = repo.read_inventory()
    for finding in reading.findings:
        log.warning("its expiry can't be read: %s", finding, extra={"action": "expire"})
    live = reading.inventory.live.values()
    # Of one whose pull request was reopened, the removal is open all the same.
    removed = repo.mirror.proposals("destroy")
    kept = {each.name for each in live if each.ends_with is not None and each.name in removed}
    left = not_needed(repo, reading.inventory.proposed.values())
    return tuple(sorted({*_due(repo, live, repo.policy()).names, *kept, *left, *perhaps_confirmed(repo)}))


def expire(repo: Repository, name: EnvironmentName) -> Expired:
    """Do what the environment's time asks for, if it was not done yet. Raises `Transient`, `UserError`."""
    repaired = merge_confirmed(repo, name)
    if repaired is not None:
        return Expired(name, "merged", repaired)
    manifest, policy = repo.manifest(name), repo.policy()
    if manifest is None:
        number = close_proposed(repo, name)
        return Expired(name, "closed" if number else "nothing", number)
    found = _due(repo, [manifest], policy)
    for ended in found.ended:
        return _remove(repo, ended, policy)
    number = keep(repo, manifest)
    for soon in found.soon:
        what, at = expiry.warned(soon.before), expiry.end_of(manifest)
        is_new = _say(repo, manifest, expiry.marker(manifest, what, at), expiry_comments.warning(soon))
        return Expired(name, "warned" if is_new else "nothing")
    return Expired(name, "kept" if number else "nothing", number)


def merge_expired(repo: Repository, name: EnvironmentName) -> Expired:
    """Merge the pull request that removes an expired clone if the policy allows it and its check has passed."""
    manifest, policy = repo.manifest(name), repo.policy()
    pull = repo.pull_request(Branch("destroy", name))
    # The clone may have been extended since its removal was proposed, or its pull request reopened.
    ended = next(iter(_due(repo, [manifest], policy).ended), None) if manifest is not None else None
    if ended is None or pull is None or not _is_ours(repo, ended, pull):
        return Expired(name, "nothing")
    return _merge(repo, name, policy, pull)


def _due(repo: Repository, manifests: Iterable[Manifest], policy: Policy) -> Due:
    listed, now = list(manifests), repo.context.surely()
    closed = closed_pulls(repo, listed)
    final = {number: each for number, each in closed.items() if each.is_merged or now - each.at >= CALM}
    return due(listed, now, policy, final)


def _remove(repo: Repository, ended: Outlived, policy: Policy) -> Expired:
    manifest, end = ended.manifest, ended.newest
    name = manifest.name

    def say(what: str, text: str) -> bool:
        return _say(repo, manifest, expiry.marker(manifest, what, end.at), text)

    found = repo.pull_request(Branch("destroy", name))
    is_closed = found is not None and found.state == "closed"
    if found is not None and is_closed and not found.is_merged and _is_newest(repo, ended, found):
        say("declined", expiry_comments.declined(ended, found.number, found.url))
        return Expired(name, "declined", found.number)
    if found is None or is_closed or _is_outdated(repo, ended, found):
        request = RemovalRequest(end.reason, _us(repo), repo.context.now(), closed=end.closed)
        proposed = propose_destroy(repo, name, request)
        if isinstance(proposed, Refused):
            say("refused", expiry_comments.refused(ended, proposed.reason))
            return Expired(name, "refused")
        found = proposed
    if not _is_ours(repo, ended, found):
        return Expired(name, "waits", found.number)  # a person proposed it already, and it is that person's to merge
    is_new = say("ended", expiry_comments.ended(ended, found.number, found.url, auto_merge=policy.expiry.auto_merge))
    merged = _merge(repo.fetched(), name, policy, found)
    return Expired(name, "proposed", found.number) if is_new and merged.outcome == "waits" else merged


def _merge(repo: Repository, name: EnvironmentName, policy: Policy, pull: PullRequest) -> Expired:
    waits = Expired(name, "waits", pull.number)
    if not policy.expiry.auto_merge or pull.state == "closed" or _has_rival(repo, name):
        return waits
    check = newest_check(repo, pull.head_sha, REQUIRED_CHECK)
    if check is None or check.conclusion != "success":
        return waits
    # Anybody who may push could have put something else on the branch: what is merged unseen is the removal alone.
    is_tip = repo.proposed(Branch("destroy", name)) == pull.head_sha
    if not is_tip or not repo.mirror.history.only_removes(
        pull.head_sha, repo.roots.environment(name), onto=repo.commit
    ):
        return waits
    return Expired(name, "merged", pull.number) if repo.github.merge(repo.name, pull.number, pull.head_sha) else waits


def _has_rival(repo: Repository, name: EnvironmentName) -> bool:
    """Say whether somebody has asked for a change, perhaps for more time, that is not merged yet. A rollout's asks for none."""
    branch = Branch("change", name)
    commit = repo.proposed(branch)
    if commit is None:
        return False
    found = repo.pull_request(branch)
    if found is not None and found.state == "open":
        proposal = proposal_on(repo, branch)
        return proposal is None or proposal.is_asked_for
    # A new branch without a pull request of ours is one that is being proposed at this moment; an older one is somebody else's.
    is_new = found is None or found.head_sha != commit
    return is_new and abs(repo.context.now() - repo.mirror.history.committed_at(commit)) < PROPOSING


def _is_newest(repo: Repository, ended: Outlived, pull: PullRequest) -> bool:
    return expiry.is_end_of(ended.manifest, ended.newest, pull.author, _us(repo), pull.body)


def _is_ours(repo: Repository, ended: Outlived, pull: PullRequest) -> bool:
    return any(expiry.is_end_of(ended.manifest, end, pull.author, _us(repo), pull.body) for end in ended.ends)


def _is_outdated(repo: Repository, ended: Outlived, pull: PullRequest) -> bool:
    """Say whether we proposed this removal for an expiry that has been put off since, or for a pull request that was reopened."""
    by: tuple[Reason, ...] = ("expiry", "pull_request")
    is_automatic = any(expiry.is_automatic(ended.manifest, pull.author, _us(repo), pull.body, each) for each in by)
    return is_automatic and not _is_ours(repo, ended, pull)


def _us(repo: Repository) -> Login:
    return Login(repo.github.identity())


def _say(repo: Repository, manifest: Manifest, marker: str, text: str) -> bool:
    """Say it once where the clone was asked for; say whether it was new.

    There may be no such place: nobody asked, it was asked for in another repository, or the issue is gone. That keeps no clone
    from its removal, whose pull request names the owner.
    """
    request = asked_here(repo, manifest.request)
    if request is None:
        return False
    try:
        return repo.github.comment_once(repo.name, request.issue, marker, f"{marker}\n{text}") is not None
    except Refusal as refused:
        if refused.status not in (403, 404, 410):
            raise
        log.warning("could not notify the owner: %s", refused, extra={"action": "expire", "environment": manifest.name})
        return False

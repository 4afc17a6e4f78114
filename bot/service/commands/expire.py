"""Let a clone's time come: warn its owner, propose its end, and, where the policy says so, merge that once its check passes.

Every step looks on GitHub for what it would do before doing it. So it may be run at any time, any number of times, after a
lost database too; two runs for one environment must not overlap (jobs of one environment never do).
"""

import logging
from dataclasses import dataclass
from typing import Literal

from bot.clients.github import GitHubRefused as Refusal
from bot.clients.github.records import PullRequest
from bot.core.requests import expiry
from bot.core.requests.branches import branch_of
from bot.core.requests.clone import Refused
from bot.core.requests.destroy import RemovalRequest
from bot.core.requests.expiry import due
from bot.model.environment import Manifest, directory
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login, RepositoryName
from bot.service.commands.destroy import propose_destroy
from bot.service.context import ServiceContext
from bot.service.repository import Repository, repository_at_head
from bot.service.status import REQUIRED_CHECK, newest_check

log = logging.getLogger(__name__)

ExpiryOutcome = Literal["nothing", "warned", "proposed", "waits", "merged", "declined", "refused"]


@dataclass(frozen=True, slots=True)
class Expired:
    """What was done about one environment, and the pull request of its end, if there is one."""

    environment: EnvironmentName
    outcome: ExpiryOutcome
    pull: int | None = None

    def __str__(self) -> str:
        return f"{self.environment}: {self.outcome}" + (f" (#{self.pull})" if self.pull else "")


def due_environments(world: ServiceContext, repository: RepositoryName) -> tuple[EnvironmentName, ...]:
    """Return the live clones that something is to be done about; one that can't be read keeps no other from its turn.

    Raises `Transient`, `UserError`.
    """
    repo = repository_at_head(world, repository)
    survey = repo.survey()
    for finding in survey.findings:
        log.warning("its expiry can't be read: %s", finding, extra={"action": "expire"})
    return due(survey.estate.live.values(), world.now(), repo.policy()).names


def expire(world: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> Expired:
    """Do what the environment's time asks for, if it was not done yet. Raises `Transient`, `UserError`."""
    repo = repository_at_head(world, repository)
    manifest, policy = repo.manifest(name), repo.policy()
    found = due([manifest] if manifest else [], world.now(), policy)
    for soon in found.soon:
        return Expired(
            name,
            "warned"
            if _say(world, repository, soon.manifest, expiry.warned(soon.before), expiry.warning(soon))
            else "nothing",
        )
    for expired in found.expired:
        return _end(world, repository, expired, policy)
    return Expired(name, "nothing")


def merge_expired(world: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> Expired:
    """Merge the pull request of an expired clone's end if the policy allows it and its check has passed."""
    repo = repository_at_head(world, repository)
    manifest, policy = repo.manifest(name), repo.policy()
    pull = world.github.pull_request_for_head(repository, branch_of(name, "destroy"))
    # The clone may have been extended since its end was proposed.
    is_due = manifest is not None and bool(due([manifest], world.now(), policy).expired)
    if manifest is None or pull is None or not is_due or not _is_ours(world, manifest, pull):
        return Expired(name, "nothing")
    return _merge(world, repository, (repo, manifest, policy), pull)


def _end(world: ServiceContext, repository: RepositoryName, manifest: Manifest, policy: Policy) -> Expired:
    name = manifest.name
    found = world.github.pull_request_for_head(repository, branch_of(name, "destroy"))
    if found is not None and found.state == "closed" and not found.is_merged and _is_ours(world, manifest, found):
        _say(world, repository, manifest, "declined", expiry.declined(manifest, found.number, found.url))
        return Expired(name, "declined", found.number)
    if found is None or found.state == "closed" or _is_outdated(world, manifest, found):
        proposed = propose_destroy(world, repository, name, RemovalRequest("expiry", _us(world), world.now()))
        if isinstance(proposed, Refused):
            _say(world, repository, manifest, "refused", expiry.refused(manifest, proposed.reason))
            return Expired(name, "refused")
        found = proposed
    if not _is_ours(world, manifest, found):
        return Expired(name, "waits", found.number)  # a person proposed it already, and it is that person's to merge
    text = expiry.ended(manifest, found.number, found.url, auto_merge=policy.expiry.auto_merge)
    is_new = _say(world, repository, manifest, "ended", text)
    merged = _merge(world, repository, (repository_at_head(world, repository), manifest, policy), found)
    return Expired(name, "proposed", found.number) if is_new and merged.outcome == "waits" else merged


def _merge(
    world: ServiceContext, repository: RepositoryName, at: tuple[Repository, Manifest, Policy], pull: PullRequest
) -> Expired:
    repo, manifest, policy = at
    name = manifest.name
    waits = Expired(name, "waits", pull.number)
    if not policy.expiry.auto_merge or pull.state == "closed" or _has_rival(world, repository, repo, name):
        return waits
    check = newest_check(world, repository, pull.head_sha, REQUIRED_CHECK)
    if check is None or check.conclusion != "success":
        return waits
    # Anybody who may push could have put something else on the branch: what is merged unseen is the removal alone.
    is_tip = repo.mirror.proposals("destroy").get(name) == pull.head_sha
    if not is_tip or not repo.mirror.only_removes(pull.head_sha, directory(name), onto=repo.commit):
        return waits
    return Expired(name, "merged", pull.number) if world.github.merge(repository, pull.number, pull.head_sha) else waits


def _has_rival(world: ServiceContext, repository: RepositoryName, repo: Repository, name: EnvironmentName) -> bool:
    """Say whether somebody has asked for a change, perhaps for more time, that is not merged yet."""
    if name not in repo.mirror.proposals("change"):
        return False
    found = world.github.pull_request_for_head(repository, branch_of(name, "change"))
    # A branch without a pull request of its own is one that is being proposed at this moment.
    return found is None or found.state == "open" or found.head_sha != repo.mirror.proposals("change")[name]


def _is_ours(world: ServiceContext, manifest: Manifest, pull: PullRequest) -> bool:
    return expiry.is_end_of(manifest, pull.author, _us(world), pull.body)


def _is_outdated(world: ServiceContext, manifest: Manifest, pull: PullRequest) -> bool:
    """Say whether we proposed this end for an expiry that has been put off since."""
    return expiry.is_end(manifest, pull.author, _us(world), pull.body) and not _is_ours(world, manifest, pull)


def _us(world: ServiceContext) -> Login:
    return Login(world.github.identity())


def _say(world: ServiceContext, repository: RepositoryName, manifest: Manifest, what: str, text: str) -> bool:
    """Say it once where the clone was asked for; say whether it was new.

    There may be no such place: nobody asked, it was asked for in another repository, or the issue is gone. That keeps no clone
    from its end, whose pull request names the owner.
    """
    request = manifest.request
    if request is None or request.repository != repository:
        return False
    marker = expiry.marker(manifest, what)
    try:
        if world.github.find_comment(repository, request.issue, marker) is not None:
            return False
        world.github.upsert_comment(repository, request.issue, marker, text)
    except Refusal as refused:
        if refused.status not in (403, 404, 410):
            raise
        log.warning(
            "the owner could not be told: %s", refused, extra={"action": "expire", "environment": manifest.name}
        )
        return False
    return True

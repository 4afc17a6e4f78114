"""How each environment of a rollout stands, read from git and GitHub: the default branch, the pull request, its check, the apply."""

from collections.abc import Collection, Mapping

from bot.clients.github.records import PullRequest
from bot.commands.model import Sync
from bot.core.plans.required_check import CHECK
from bot.core.plans.risk import said_in
from bot.core.rendering.synced_values import answer
from bot.core.requests.branches import Branch
from bot.core.requests.sync import Synced, draft_sync
from bot.core.rollout.next_actions import is_done
from bot.core.rollout.record import ENDED, MemberStage, RolloutMember
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.model.risk import Risk
from bot.names import EnvironmentName
from bot.service.deployments.confirmed import SILENT, confirmation
from bot.service.deployments.silent import ended_silently
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.proposals.drafting import sync_subject
from bot.service.repository import Repository
from bot.service.requesters import proposal_on
from bot.service.rollouts.shared_pull import SharedPull, shared_pull
from bot.service.rollouts.under_way import Rollout


def members_of(
    repo: Repository, rollout: Rollout, only: Collection[EnvironmentName] = ()
) -> Mapping[EnvironmentName, RolloutMember]:
    """Return how every environment stands; with `only` the others stand as they did when they were looked at last.

    Those that have ended, or whose wave has not begun, are not looked at. Raises `Transient`.
    """
    found: dict[EnvironmentName, RolloutMember] = {}
    has_begun, is_all_first = True, repo.policy().rollout.plan_first == "all"
    for at, wave in enumerate(rollout.record.waves):
        remembered = {name: rollout.record.members.get(name) for name in wave}
        looked_at = [
            name
            for name, last in remembered.items()
            if has_begun and not _has_ended(repo, rollout, name, last) and (not only or name in only)
        ]
        forgotten = has_begun and any(last is None for last in remembered.values())
        shared = shared_pull(repo, rollout, at) if looked_at or forgotten else None
        for name, last in remembered.items():
            if name in looked_at:
                found[name] = member_of(repo, rollout, name, shared)
            else:
                together = shared.standing(name) if shared is not None and last is None else None
                found[name] = last or together or RolloutMember(MemberStage.WAITING)
        has_begun = has_begun and (is_all_first or is_done(found[name] for name in wave))
    return found


def _has_ended(repo: Repository, rollout: Rollout, name: EnvironmentName, last: RolloutMember | None) -> bool:
    return last is not None and last.stage in ENDED and not _is_back(repo, rollout, name, last)


def _is_back(repo: Repository, rollout: Rollout, name: EnvironmentName, last: RolloutMember) -> bool:
    """Say whether an environment that had expired may have been extended since. One that was made anew is at the revision already."""
    if last.stage is not MemberStage.GONE:
        return False
    try:
        manifest = repo.manifest(name)
    except UserError:
        return False
    return manifest is not None and manifest.revision != rollout.record.revision


def is_untouched(repo: Repository, name: EnvironmentName, pull: PullRequest) -> bool:
    """Say whether a pull request holds what would be proposed now, byte for byte, and nothing else. Raises `Transient`."""
    manifest = repo.manifest(name)
    if manifest is None or repo.proposed(Branch("change", name)) != pull.head_sha:
        return False
    command = Sync(name)
    try:
        drafted = draft_sync(command, sync_subject(repo, command, manifest, repo), repo.context.now())
    except UserError:
        return False
    if not isinstance(drafted, Synced) or drafted.conflicts:
        return False
    return repo.mirror.history.only_puts(pull.head_sha, {repo.roots.environment(name): drafted.files}, onto=repo.commit)


def member_of(repo: Repository, rollout: Rollout, name: EnvironmentName, shared: SharedPull | None) -> RolloutMember:
    """Return how an environment stands now; `shared` is the pull request of its wave, if there is or was one. Raises `Transient`.

    Its own pull request counts first: whoever has one is out of the other, or about to be.
    """
    try:
        manifest = repo.manifest(name)
    except UserError as error:
        return RolloutMember(MemberStage.FAILED, note=str(error))
    if manifest is None:
        return RolloutMember(MemberStage.GONE)
    if manifest.expires_at is not None and manifest.expires_at <= repo.context.now():
        return RolloutMember(MemberStage.GONE, note="expired")
    pull = repo.pull_request(Branch("change", name))
    if manifest.revision == rollout.record.revision:
        by_wave = shared is not None and shared.pull.is_merged and name in shared.names
        return _merged(repo, rollout, manifest, shared.pull if shared is not None and by_wave else pull)
    if pull is not None and pull.state == "open":
        return _open(repo, rollout, name, pull)
    if pull is not None and not pull.is_merged and rollout.is_at(repo, pull.head_sha, name):
        return RolloutMember(MemberStage.DECLINED, pull.number)
    together = shared.standing(name) if shared is not None and not _has_left(repo, shared, pull) else None
    return together or _not_proposed(rollout, name)


def _has_left(repo: Repository, shared: SharedPull, pull: PullRequest | None) -> bool:
    """Say whether an environment left its wave for a change of its own, as all did: we closed that pull request then, and nobody declined it."""
    if shared.is_open or pull is None or pull.number < shared.pull.number:
        return False
    return repo.mirror.history.is_by(repo.context.author, shared.pull.head_sha, onto=repo.commit)


def _not_proposed(rollout: Rollout, name: EnvironmentName) -> RolloutMember:
    last = rollout.record.members.get(name)
    return last if last is not None and last.stage is MemberStage.REFUSED else RolloutMember(MemberStage.WAITING)


def _open(repo: Repository, rollout: Rollout, name: EnvironmentName, pull: PullRequest) -> RolloutMember:
    if not rollout.is_at(repo, pull.head_sha, name):
        waits = _waits(repo, pull.head_sha, name)
        if waits is not None and waits.awaits is not None and waits.awaits.revision == rollout.record.revision:
            return RolloutMember(
                MemberStage.BLOCKED, pull.number, note=f"it waits for values: comment `{answer(waits)}`"
            )
        proposal = proposal_on(repo, Branch("change", name))
        if proposal is not None and not proposal.is_asked_for:
            return _not_proposed(rollout, name)  # what an earlier rollout proposed gets another commit
        # Into what people asked for nothing is mixed.
        asked = (
            f"comment `{answer(waits)}`" if waits is not None else f"merge or close it, or comment `/sync {name}` there"
        )
        return RolloutMember(MemberStage.BLOCKED, pull.number, note=f"another change is open: {asked}")
    check = newest_check(repo, pull.head_sha, REQUIRED_CHECK)
    if check is None or check.conclusion is None:
        return RolloutMember(MemberStage.PLANNING, pull.number)
    if check.conclusion != "success":
        return RolloutMember(MemberStage.FAILED, pull.number, note=check.title)
    plan = newest_check(repo, pull.head_sha, CHECK.format(environment=name))
    risk = said_in(plan.summary) if plan is not None else Risk.UNKNOWN
    is_ours = risk in repo.policy().rollout.merge and is_untouched(repo, name, pull)
    return RolloutMember(MemberStage.PLANNED, pull.number, risk, plan.title if plan is not None else "", is_ours)


def _waits(repo: Repository, commit: str, name: EnvironmentName) -> Manifest | None:
    """Return the environment as its pull request has it, if that waits for values."""
    try:
        manifest = repo.at(commit).manifest(name)
    except UserError:
        return None
    return manifest if manifest is not None and manifest.awaits is not None else None


def _merged(repo: Repository, rollout: Rollout, manifest: Manifest, pull: PullRequest | None) -> RolloutMember:
    """Return how the apply stands: the newest deployment that counts, of a commit in which the environment is at the revision."""
    name, number = manifest.name, pull.number if pull is not None and pull.is_merged else None
    last = rollout.record.members.get(name)
    risk = last.risk if last is not None and last.pull == number else Risk.UNKNOWN
    for deployment in repo.github.deployments(repo.name, name):
        if not rollout.is_at(repo, deployment.sha, name):
            break
        found = confirmation(repo, deployment)
        if found is None:
            continue
        if found.outcome == "failure":
            note = f"{found.status.description if found.status else ''} Comment `/resume {name}`.".strip()
            return RolloutMember(MemberStage.FAILED, number, note=note)
        stage = MemberStage.APPLIED if found.outcome == "success" else MemberStage.MERGED
        return RolloutMember(stage, number, risk)
    if ended_silently(repo, name) is not None:
        return RolloutMember(MemberStage.FAILED, number, note=f"{SILENT}. Comment `/resume {name}`.")
    return RolloutMember(MemberStage.MERGED, number, risk)

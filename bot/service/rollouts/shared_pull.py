"""The one pull request of a wave, as it is on GitHub: which environments it brings to the rollout's revision, and how their plans are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.clients.github.records import Check, PullRequest
from bot.commands.model import Sync
from bot.core.plans.required_check import CHECK
from bot.core.plans.risk import said_in
from bot.core.rendering.assemble import assemble
from bot.core.requests.branches import WaveBranch
from bot.core.requests.sync import Synced, draft_sync
from bot.core.rollout.record import MemberStage, RolloutMember
from bot.core.tree import Tree
from bot.errors import UserError
from bot.model.risk import Risk
from bot.names import EnvironmentName
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.proposals.drafting import sync_subject
from bot.service.proposals.wave import changed_in
from bot.service.repository import Repository
from bot.service.rollouts.under_way import Rollout


@dataclass(frozen=True, slots=True)
class SharedPull:
    """Our newest pull request of a wave. `names` are the environments that it brings to the rollout's revision.

    `plans` are their checks once the required one has ended. `is_ours` says whether it holds what would be proposed now, and nothing else.
    """

    branch: WaveBranch
    pull: PullRequest
    names: frozenset[EnvironmentName]
    required: Check | None = None
    plans: Mapping[EnvironmentName, Check | None] = field(default_factory=dict)
    is_ours: bool = False

    @property
    def is_open(self) -> bool:
        return self.pull.state == "open"

    def standing(self, name: EnvironmentName) -> RolloutMember | None:
        """Return how an environment stands by this pull request; None when it is none of its, or was merged."""
        if name not in self.names or self.pull.is_merged:
            return None
        number = self.pull.number
        if not self.is_open:
            return RolloutMember(MemberStage.DECLINED, number)
        if self.required is None or self.required.conclusion is None:
            return RolloutMember(MemberStage.PLANNING, number, is_shared=True)
        plan = self.plans[name]
        risk, said = (said_in(plan.summary), plan.title) if plan is not None else (Risk.UNKNOWN, "")
        if self.required.conclusion == "success":
            return RolloutMember(MemberStage.PLANNED, number, risk, said, self.is_ours, is_shared=True)
        failed = {each for each, check in self.plans.items() if check is None or check.conclusion != "success"}
        if name in failed or not failed:
            note = said if name in failed and plan is not None else self.required.title
            return RolloutMember(MemberStage.FAILED, number, note=note, is_shared=True)
        return RolloutMember(
            MemberStage.PLANNED, number, risk, f"{said} Another plan in #{number} failed.", is_shared=True
        )


def wave_branch(rollout: Rollout, at: int) -> WaveBranch:
    """Return the branch of a rollout's wave; `at` counts from 0."""
    return WaveBranch(rollout.record.template, at + 1)


def shared_pull(repo: Repository, rollout: Rollout, at: int) -> SharedPull | None:
    """Return the pull request of a wave, if there is or was one. Raises `Transient`."""
    branch = wave_branch(rollout, at)
    if repo.policy().rollout.pull_requests != "wave" and repo.proposed(branch) is None:
        return None
    pull = repo.pull_request(branch)
    if pull is None:
        return None
    names = frozenset(name for name in changed_in(repo, pull) if rollout.is_at(repo, pull.head_sha, name))
    if pull.state != "open":
        return SharedPull(branch, pull, names)
    required = newest_check(repo, pull.head_sha, REQUIRED_CHECK)
    if required is None or required.conclusion is None:
        return SharedPull(branch, pull, names, required)
    plans = {name: newest_check(repo, pull.head_sha, CHECK.format(environment=name)) for name in names}
    risks = {said_in(plan.summary) if plan is not None else Risk.UNKNOWN for plan in plans.values()}
    is_ours = risks <= set(repo.policy().rollout.merge) and _is_untouched(repo, branch, pull, names)
    return SharedPull(branch, pull, names, required, plans, is_ours)


def shared_pull_of(repo: Repository, rollout: Rollout, name: EnvironmentName) -> SharedPull | None:
    """Return the pull request of an environment's wave. Raises `Transient`."""
    at = next(at for at, wave in enumerate(rollout.record.waves) if name in wave)
    return shared_pull(repo, rollout, at)


def directories(
    repo: Repository, names: Iterable[EnvironmentName], at: datetime | None = None
) -> Mapping[EnvironmentName, Tree]:
    """Return the directories of these environments at the newest revision of their template: of those that nobody has to look at for it.

    What asks for a value, holds a hand edit, or is to hold a value alone from now on, has a pull request of its own. `at` is the moment at which
    it was proposed, if it was. Raises `Transient`.
    """
    now = at or repo.context.now()
    return {name: files for name in names if (files := _directory(repo, name, now)) is not None}


def _directory(repo: Repository, name: EnvironmentName, now: datetime) -> Tree | None:
    command = Sync(name)
    try:
        manifest = repo.manifest(name)
        if manifest is None:
            return None
        subject = sync_subject(repo, command, manifest, repo)
        drafted = draft_sync(command, subject, now)
        # A claim names one environment by its commit, and a commit for several names none.
        if not isinstance(drafted, Synced) or drafted.conflicts or drafted.claims:
            return None
        return drafted.files if drafted.files == assemble(subject.after, drafted.manifest) else None
    except UserError:
        return None


def _is_untouched(repo: Repository, branch: WaveBranch, pull: PullRequest, names: Iterable[EnvironmentName]) -> bool:
    """Say whether a pull request holds what would be proposed now, byte for byte, and nothing else. Raises `Transient`."""
    if repo.proposed(branch) != pull.head_sha:
        return False
    wanted = directories(repo, names)
    return wanted.keys() == set(names) and holds(repo, pull.head_sha, wanted)


def holds(repo: Repository, commit: str, wanted: Mapping[EnvironmentName, Tree]) -> bool:
    """Say whether a commit is the default branch as it was, with these directories, and nothing else. Raises `Transient`."""
    places = {repo.roots.environment(name): files for name, files in wanted.items()}
    return repo.mirror.history.only_puts(commit, places, onto=repo.commit)

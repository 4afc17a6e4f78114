"""What a rollout does next: a function of its waves, the policy, and how each environment stands now.

Nothing of a wave is begun before the one before it is done. Nothing is merged while a plan of its wave is under way, so that the issue says
what would happen to all that are open before anything happens. Where the policy wants all to be planned first, all are proposed, and nothing is
merged until each has its plan; merges keep to the waves. With more failures than are tolerated nothing more is done, until people
have fixed, closed or resumed what failed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.rollout.record import ENDED, FAILURES, OPEN, MemberStage, RolloutMember, RolloutRecord
from bot.model.policy import Policy
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class NextActions:
    """What to do now, and why nothing more: the verdict. `wave` counts from 0; `waves_done` is to be remembered.

    `retry` are environments that were refused: they are tried again each time, which costs nothing.
    """

    verdict: Literal["running", "waiting", "stopped", "paused", "done"]
    wave: int
    waves_done: tuple[datetime, ...]
    propose: tuple[EnvironmentName, ...] = ()
    merge: tuple[EnvironmentName, ...] = ()
    retry: tuple[EnvironmentName, ...] = ()


_AT_WORK = frozenset({MemberStage.PLANNING, MemberStage.MERGED})
"""Where all are planned first, those whose plan waits for its wave are no work."""


def next_actions(
    record: RolloutRecord,
    policy: Policy,
    standings: Mapping[EnvironmentName, RolloutMember],
    now: datetime,
    *,
    is_paused: bool = False,
) -> NextActions:
    """Return what is to be done; `standings` has every environment of the record's waves."""
    failures = sum(each.stage in FAILURES for each in standings.values())
    done = _done(record, standings)
    times = (*record.waves_done[:done], *[now] * (done - len(record.waves_done)))
    if is_paused:
        return NextActions("paused", done, times)
    refused = tuple(name for name, each in standings.items() if each.stage is MemberStage.REFUSED)
    if failures > policy.rollout.failure_tolerance:
        return NextActions("stopped", done, times, retry=refused)
    if done == len(record.waves):
        return NextActions("done", done, times)
    if done and now < times[done - 1] + policy.rollout.wait:
        return NextActions("waiting", done, times, retry=refused)
    wave = record.waves[done]
    if policy.rollout.plan_first == "all":
        everybody = tuple(name for each in record.waves for name in each)
        propose = _proposals(everybody, policy, standings, _AT_WORK)
        is_unknown = any(each.stage in {MemberStage.WAITING, MemberStage.PLANNING} for each in standings.values())
        return NextActions(
            "running", done, times, propose, () if is_unknown else _merges(wave, policy, standings), refused
        )
    propose, merge = _proposals(wave, policy, standings, OPEN), _merges(wave, policy, standings)
    return NextActions("running", done, times, propose, merge, refused)


def is_done(wave: Iterable[RolloutMember]) -> bool:
    """Say whether nothing of a wave is under way any more. What failed may still be repaired."""
    return all(each.stage in ENDED | FAILURES for each in wave)


def may_merge(name: EnvironmentName, member: RolloutMember, policy: Policy) -> bool:
    """Say whether an environment's pull request may be merged without a person."""
    is_planned = member.stage is MemberStage.PLANNED and member.risk in policy.rollout.merge and member.is_ours
    return policy.rollout.enabled and is_planned and name not in policy.protected


def _done(record: RolloutRecord, standings: Mapping[EnvironmentName, RolloutMember]) -> int:
    """Return how many waves are done, counted from the first one on."""
    found = (at for at, wave in enumerate(record.waves) if not is_done(standings[name] for name in wave))
    return next(found, len(record.waves))


def _proposals(
    names: Sequence[EnvironmentName],
    policy: Policy,
    standings: Mapping[EnvironmentName, RolloutMember],
    counted: Collection[MemberStage],
) -> tuple[EnvironmentName, ...]:
    room = policy.rollout.at_once - sum(standings[name].stage in counted for name in names)
    return tuple(name for name in names if standings[name].stage is MemberStage.WAITING)[: max(room, 0)]


def _merges(
    wave: Sequence[EnvironmentName], policy: Policy, standings: Mapping[EnvironmentName, RolloutMember]
) -> tuple[EnvironmentName, ...]:
    if any(standings[name].stage is MemberStage.PLANNING for name in wave):
        return ()
    return tuple(name for name in wave if may_merge(name, standings[name], policy))

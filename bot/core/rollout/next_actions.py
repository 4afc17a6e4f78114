"""What a rollout does next: a function of its waves, the policy, and how each environment stands now.

Nothing of a wave is begun before the one before it is done. Nothing is merged while a plan of its wave is under way, so that the issue says
what would happen to all that are open before anything happens. Where the policy wants all to be planned first, all are proposed, and nothing is
merged until each has its plan; merges keep to the waves. With more failures than are tolerated nothing more is done, until people
have fixed, closed or resumed what failed.

Where a wave has one pull request, its environments are proposed together and merged together: only if each may be. Protected ones, and those
that come back later, have their own, and one whose plan failed is taken out of the wave's, so that it holds up no other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.core.rollout.record import ENDED, FAILURES, OPEN, MemberStage, RolloutMember, WavesRecord
from bot.model.policy import Policy
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class NextActions:
    """What to do now, and why nothing more: the verdict. `wave` counts from 0; `waves_done` is to be remembered.

    `retry` are environments that were refused: they are tried again each time, which costs nothing. `together` are those that go into the one
    pull request of their wave, `alone` those that leave it, and `room` is how many pull requests may be opened beside all of these.
    """

    verdict: Literal["running", "waiting", "stopped", "paused", "done"]
    wave: int
    waves_done: tuple[datetime, ...]
    propose: tuple[EnvironmentName, ...] = ()
    merge: tuple[EnvironmentName, ...] = ()
    retry: tuple[EnvironmentName, ...] = ()
    together: Mapping[int, tuple[EnvironmentName, ...]] = field(default_factory=dict)
    alone: tuple[EnvironmentName, ...] = ()
    room: int = 0


MOST_TOGETHER = 100
"""Environments in one pull request: with more, what it says of each would not fit into its text. The rest of their wave follow in another."""


_AT_WORK = frozenset({MemberStage.PLANNING, MemberStage.MERGED})
"""Where all are planned first, those whose plan waits for its wave are no work."""


def next_actions(
    record: WavesRecord,
    policy: Policy,
    standings: Mapping[EnvironmentName, RolloutMember],
    now: datetime,
    *,
    is_paused: bool = False,
) -> NextActions:
    """Return what is to be done; `standings` has every environment of the record's waves."""
    done = _done(record, standings)
    # No wave was done later than now, whatever people may have written into the issue.
    remembered = (min(each, now) for each in record.waves_done[:done])
    times = (*remembered, *[now] * (done - len(record.waves_done)))
    if is_paused:
        return NextActions("paused", done, times)
    refused = tuple(name for name, each in standings.items() if each.stage is MemberStage.REFUSED)
    idle = NextActions("stopped", done, times, retry=refused, alone=_alone(standings))
    if sum(each.stage in FAILURES for each in standings.values()) > policy.rollout.failure_tolerance:
        return idle
    if done == len(record.waves):
        return NextActions("done", done, times)
    if done and now < times[done - 1] + policy.rollout.wait:
        return replace(idle, verdict="waiting")
    if policy.rollout.plan_first == "all":
        found = _proposals(range(len(record.waves)), record, policy, standings, _AT_WORK)
        is_unknown = any(each.stage in {MemberStage.WAITING, MemberStage.PLANNING} for each in standings.values())
    else:
        found, is_unknown = _proposals([done], record, policy, standings, OPEN), False
    merge = () if is_unknown else _merges(record.waves[done], policy, standings)
    return replace(idle, verdict="running", merge=merge, propose=found.alone, together=found.together, room=found.room)


def is_done(wave: Iterable[RolloutMember]) -> bool:
    """Say whether nothing of a wave is under way any more. What failed may still be repaired."""
    return all(each.stage in ENDED | FAILURES for each in wave)


def may_merge(name: EnvironmentName, member: RolloutMember, policy: Policy) -> bool:
    """Say whether an environment's pull request may be merged without a person."""
    is_planned = member.stage is MemberStage.PLANNED and member.risk in policy.rollout.merge and member.is_ours
    return policy.rollout.enabled and is_planned and name not in policy.protected


def _done(record: WavesRecord, standings: Mapping[EnvironmentName, RolloutMember]) -> int:
    """Return how many waves are done, counted from the first one on."""
    found = (at for at, wave in enumerate(record.waves) if not is_done(standings[name] for name in wave))
    return next(found, len(record.waves))


@dataclass(frozen=True, slots=True)
class _Proposals:
    """What is proposed of some waves: by wave those that share a pull request, and the others; then there is room for `room` more."""

    together: Mapping[int, tuple[EnvironmentName, ...]]
    alone: tuple[EnvironmentName, ...]
    room: int


def _proposals(
    waves: Sequence[int],
    record: WavesRecord,
    policy: Policy,
    standings: Mapping[EnvironmentName, RolloutMember],
    counted: Collection[MemberStage],
) -> _Proposals:
    named = [name for at in waves for name in record.waves[at]]
    at_work = {standings[name].pull or name for name in named if standings[name].stage in counted}
    room = max(policy.rollout.at_once - len(at_work), 0)
    alone: list[EnvironmentName] = []
    together: dict[int, tuple[EnvironmentName, ...]] = {}
    for at in waves:
        wave = record.waves[at]
        waiting = [name for name in wave if standings[name].stage is MemberStage.WAITING]
        sharing = _sharing(wave, waiting, policy, standings)
        if sharing and not _is_shared(wave, standings) and len(together) < room:
            together[at] = tuple(sharing[:MOST_TOGETHER])
        alone += [name for name in waiting if name not in sharing]
    room -= len(together)
    return _Proposals(together, tuple(alone[:room]), max(room - len(alone), 0))


def _sharing(
    wave: Sequence[EnvironmentName],
    waiting: Sequence[EnvironmentName],
    policy: Policy,
    standings: Mapping[EnvironmentName, RolloutMember],
) -> Sequence[EnvironmentName]:
    """Return which of those that wait share their wave's pull request, now or in their turn. Those that come while it is open don't."""
    if policy.rollout.pull_requests != "wave":
        return ()
    found = [name for name in waiting if name not in policy.protected]
    if _is_shared(wave, standings):
        return found if len(wave) > MOST_TOGETHER else ()
    return found if len(found) > 1 else ()


def _is_shared(wave: Sequence[EnvironmentName], standings: Mapping[EnvironmentName, RolloutMember]) -> bool:
    """Say whether the one pull request of a wave is open."""
    return any(standings[name].is_shared for name in wave)


def _alone(standings: Mapping[EnvironmentName, RolloutMember]) -> tuple[EnvironmentName, ...]:
    """Return those whose plan failed in the pull request of their wave, if others' did not."""
    failed = [name for name, each in standings.items() if each.is_shared and each.stage is MemberStage.FAILED]
    return tuple(
        name for name in failed if any(each.stage is not MemberStage.FAILED for each in _sharers(name, standings))
    )


def _sharers(name: EnvironmentName, standings: Mapping[EnvironmentName, RolloutMember]) -> Sequence[RolloutMember]:
    """Return all whose pull request this is: itself, unless it is that of its wave."""
    member = standings[name]
    if not member.is_shared:
        return [member]
    return [each for each in standings.values() if each.is_shared and each.pull == member.pull]


def _merges(
    wave: Sequence[EnvironmentName], policy: Policy, standings: Mapping[EnvironmentName, RolloutMember]
) -> tuple[EnvironmentName, ...]:
    if any(standings[name].stage is MemberStage.PLANNING for name in wave):
        return ()
    mergeable = {name for name in wave if may_merge(name, standings[name], policy)}
    held = {standings[name].pull for name in wave if standings[name].is_shared and name not in mergeable}
    return tuple(name for name in wave if name in mergeable and standings[name].pull not in held)

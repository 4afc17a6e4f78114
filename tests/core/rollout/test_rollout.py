"""Rollouts, by law: whatever happens to the environments, waves keep their order, and nobody is proposed or merged who may not be."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.markdown import bounded
from bot.core.rollout.arrival import arrival, bound
from bot.core.rollout.next_actions import NextActions, next_actions
from bot.core.rollout.record import (
    ENDED,
    FAILURES,
    OPEN,
    MemberStage,
    RolloutMember,
    RolloutRecord,
    is_of,
    marker,
    read,
    written,
)
from bot.core.rollout.waves import joined, waves
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.model.rollout import RolloutPolicy, Wave
from bot.names import EnvironmentName, PurposeName, TemplateName
from tests.support import example
from tests.support.budget import dear

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NAMES = tuple(EnvironmentName(f"demo-{letter}") for letter in "abcdefgh")
PRODUCTION = EnvironmentName("production")
PURPOSES = tuple(map(PurposeName, ("qa", "demo", "load-test")))


def member(name: EnvironmentName, purpose: str = "demo") -> Manifest:
    return example.production().model_copy(update={"name": name, "purpose": PurposeName(purpose)})


def policy(**rollout: object) -> Policy:
    return Policy(rollout=RolloutPolicy.model_validate({"enabled": True, **rollout}))


def record(*waves: tuple[EnvironmentName, ...]) -> RolloutRecord:
    return RolloutRecord(template=TemplateName("shop"), revision="a" * 40, commit="b" * 40, waves=waves, started_at=NOW)


members = st.lists(
    st.tuples(st.sampled_from((*NAMES, PRODUCTION)), st.sampled_from(PURPOSES)), unique_by=lambda each: each[0]
)
declared = st.lists(
    st.builds(
        Wave,
        purposes=st.lists(st.sampled_from(PURPOSES), max_size=2).map(tuple),
        environments=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
    ),
    max_size=3,
).map(tuple)


@given(members, declared, st.sampled_from(["last", "first"]))
def test_every_environment_is_in_one_wave_and_protected_ones_in_their_own(
    found: list[tuple[EnvironmentName, PurposeName]], order: tuple[Wave, ...], protected: str
) -> None:
    planned = waves([member(*each) for each in found], policy(waves=order, protected=protected))
    assert sorted(name for wave in planned for name in wave) == sorted(name for name, _ in found)
    assert all(planned), "no wave is empty"
    if any(name == PRODUCTION for name, _ in found):
        assert planned[-1 if protected == "last" else 0] == (PRODUCTION,)


def test_waves_follow_the_policy_and_the_rest_comes_after_them() -> None:
    found = [member(PRODUCTION, "production"), *(member(name) for name in NAMES[:3]), member(NAMES[3], "qa")]
    order = (Wave(environments=(NAMES[2],)), Wave(purposes=(PurposeName("qa"),)))
    assert waves(found, policy(waves=order)) == ((NAMES[2],), (NAMES[3],), NAMES[:2], (PRODUCTION,))


@given(members, members, declared)
def test_who_comes_later_follows_at_the_end(
    first: list[tuple[EnvironmentName, PurposeName]],
    later: list[tuple[EnvironmentName, PurposeName]],
    order: tuple[Wave, ...],
) -> None:
    rules = policy(waves=order)
    begun = waves([member(*each) for each in first], rules)
    found = joined(begun, [member(*each) for each in later], rules)
    assert found[: len(begun)] == begun
    assert sorted(name for wave in found for name in wave) == sorted({name for name, _ in (*first, *later)})


@dataclass
class World:
    """What happens to a rollout's environments: what is proposed is planned, merged, applied, or fails, in any order."""

    record: RolloutRecord
    policy: Policy
    now: datetime = NOW
    standings: dict[EnvironmentName, RolloutMember] = field(default_factory=dict)
    proposed: list[EnvironmentName] = field(default_factory=list)
    opened: int = 0

    def look(self, *, is_paused: bool = False) -> NextActions:
        found = next_actions(self.record, self.policy, self.standings, self.now, is_paused=is_paused)
        self.record = self.record.model_copy(update={"waves_done": found.waves_done})
        return found

    def act(self, found: NextActions) -> None:
        for names in found.together.values():
            self.open(*names, is_shared=True)
        for name in found.propose:
            self.open(name)
        for name in found.alone:
            self.proposed.remove(name)
            self.open(name)
        for name in found.merge:
            self.standings[name] = replace(self.standings[name], stage=MemberStage.MERGED, is_shared=False)

    def open(self, *names: EnvironmentName, is_shared: bool = False) -> None:
        self.proposed += names
        self.opened += 1
        self.standings |= dict.fromkeys(names, RolloutMember(MemberStage.PLANNING, self.opened, is_shared=is_shared))

    def sharers(self, name: EnvironmentName) -> list[EnvironmentName]:
        """Return all that are in the same pull request."""
        mine = self.standings[name]
        return [
            other
            for other, each in self.standings.items()
            if other == name or (mine.is_shared and each.is_shared and each.pull == mine.pull)
        ]


def world(waves: tuple[tuple[EnvironmentName, ...], ...], given: Policy) -> World:
    return World(
        record(*waves), given, standings={name: RolloutMember(MemberStage.WAITING) for wave in waves for name in wave}
    )


AFTER = {
    MemberStage.PLANNING: [MemberStage.PLANNED, MemberStage.FAILED, MemberStage.DECLINED],
    MemberStage.PLANNED: [MemberStage.MERGED, MemberStage.DECLINED, MemberStage.PLANNING],
    MemberStage.MERGED: [MemberStage.APPLIED, MemberStage.FAILED],
    MemberStage.FAILED: [MemberStage.PLANNING, MemberStage.APPLIED],
}


def happen(place: World, data: st.DataObject) -> None:
    """Let one thing happen to some environment that something can happen to."""
    can = sorted(name for name, each in place.standings.items() if each.stage in AFTER)
    if not can:
        return
    name = data.draw(st.sampled_from(can))
    stage = data.draw(st.sampled_from(AFTER[place.standings[name].stage]))
    risk, is_ours = data.draw(st.sampled_from(list(Risk))), data.draw(st.booleans())
    has_ended = stage in {MemberStage.MERGED, MemberStage.DECLINED}
    for each in place.sharers(name) if has_ended else [name]:
        known = place.standings[each]
        is_shared = known.is_shared and not has_ended
        place.standings[each] = replace(known, stage=stage, risk=risk, is_ours=is_ours, is_shared=is_shared)


rollout_policies = st.builds(
    lambda order, tolerance, at_once, plan_first, pulls: policy(
        waves=order, failure_tolerance=tolerance, at_once=at_once, plan_first=plan_first, pull_requests=pulls
    ),
    declared,
    st.integers(0, 2),
    st.integers(1, 3),
    st.sampled_from(["wave", "all"]),
    st.sampled_from(["environment", "wave"]),
)


@dear(40)
@given(members, rollout_policies, st.data())
def test_whatever_happens_waves_keep_their_order_and_only_what_may_is_merged(
    found: list[tuple[EnvironmentName, PurposeName]], rules: Policy, data: st.DataObject
) -> None:
    tolerance, at_once = rules.rollout.failure_tolerance, rules.rollout.at_once
    is_all_first = rules.rollout.plan_first == "all"
    place = world(waves([member(*each) for each in found], rules), rules)
    for _ in range(40):
        asked = place.look()
        stages = {name: each.stage for name, each in place.standings.items()}
        failed = sum(stage in FAILURES for stage in stages.values())
        together = [name for names in asked.together.values() for name in names]
        assert rules.rollout.pull_requests == "wave" or not together
        if asked.propose or asked.merge or together:
            assert PRODUCTION not in together
            assert failed <= tolerance
            assert {*asked.merge, *(() if is_all_first else (*asked.propose, *together))} <= {
                *place.record.waves[asked.wave]
            }
            before = [name for each in place.record.waves[: asked.wave] for name in each]
            assert all(stages[name] in ENDED | FAILURES for name in before), "no wave before the former one is done"
        for name in asked.merge:
            assert name != PRODUCTION
            assert (place.standings[name].risk, place.standings[name].is_ours) == (Risk.NONE, True)
            assert set(place.sharers(name)) <= set(asked.merge), "all that are in one pull request, or none"
            assert MemberStage.PLANNING not in {stages[other] for other in place.record.waves[asked.wave]}
            if is_all_first:
                assert not {MemberStage.WAITING, MemberStage.PLANNING} & {*stages.values()}, "each has its plan"
        place.act(asked)
        if asked.propose or together:
            wave = place.standings if is_all_first else place.record.waves[asked.wave]
            counted = {MemberStage.PLANNING, MemberStage.MERGED} if is_all_first else OPEN
            # What has left its wave for a pull request of its own was there before.
            pulls = {place.standings[name].pull for name in wave if place.standings[name].stage in counted}
            assert len(pulls) <= at_once or asked.alone
        happen(place, data)
    assert len(place.proposed) == len(set(place.proposed)), "no environment twice"


@given(
    st.integers(1, 8),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(["wave", "all"]),
    st.sampled_from(["environment", "wave"]),
)
def test_a_rollout_in_which_nothing_fails_ends(
    count: int, at_once: int, has_production: bool, plan_first: Literal["wave", "all"], pulls: str
) -> None:
    order = (NAMES[:1], NAMES[1:count], *([(PRODUCTION,)] if has_production else []))
    place = world(order, policy(at_once=at_once, plan_first=plan_first, pull_requests=pulls))
    for _ in range(8 * count + 8):
        asked = place.look()
        place.act(asked)
        for name, each in place.standings.items():
            if each.stage in {MemberStage.PLANNING, MemberStage.MERGED}:
                after = MemberStage.PLANNED if each.stage is MemberStage.PLANNING else MemberStage.APPLIED
                place.standings[name] = replace(each, stage=after, risk=Risk.NONE, is_ours=True)
            elif name == PRODUCTION and each.stage is MemberStage.PLANNED:
                place.standings[name] = replace(each, stage=MemberStage.MERGED)
    assert place.look().verdict == "done"
    assert {each.stage for each in place.standings.values()} == {MemberStage.APPLIED}


def test_a_paused_rollout_does_nothing_and_a_wave_waits_for_its_pause() -> None:
    place = world(((NAMES[0],), (NAMES[1],)), policy(pause="1h"))
    assert place.look(is_paused=True) == NextActions("paused", 0, ())
    assert place.look().propose == (NAMES[0],)
    place.standings[NAMES[0]] = RolloutMember(MemberStage.APPLIED, 1)
    assert place.look().verdict == "waiting"
    place.now = NOW + timedelta(minutes=59)
    assert (place.look().verdict, place.record.waves_done) == ("waiting", (NOW,))
    last = place.record.model_copy(update={"waves_done": (datetime.max.replace(tzinfo=UTC),)})
    found = next_actions(last, place.policy, place.standings, NOW)
    assert (found.verdict, found.waves_done) == ("waiting", (NOW,)), "whatever people wrote there"
    place.now = NOW + timedelta(hours=1)
    assert place.look().propose == (NAMES[1],)


def test_a_rollout_says_when_it_is_done_by_its_pace_its_pauses_and_the_limits_of_github() -> None:
    place = world((NAMES[:2], NAMES[2:4]), policy(pause="2h"))
    later = NOW + timedelta(hours=1)
    assert arrival(place.record, place.standings, place.policy, later) is None, "nothing has ended, so there is no pace"
    place.standings[NAMES[0]] = RolloutMember(MemberStage.APPLIED, 1)
    assert arrival(place.record, place.standings, place.policy, later) == later + timedelta(hours=2 + 3)
    first = place.record.model_copy(update={"started_at": datetime.min.replace(tzinfo=UTC)})
    assert (
        arrival(
            first,
            {**place.standings, **dict.fromkeys(NAMES[1:], RolloutMember(MemberStage.MERGED))},
            place.policy,
            later,
        )
        is None
    )
    many = {EnvironmentName(f"e{number}"): RolloutMember(MemberStage.WAITING) for number in range(250)}
    assert bound(many) == timedelta(hours=1)
    ended = {name: RolloutMember(MemberStage.APPLIED) for name in NAMES}
    assert arrival(place.record, ended, place.policy, later) is None


def test_more_failures_than_are_tolerated_stop_everything_until_they_are_fixed() -> None:
    place = world((NAMES[:3],), policy(at_once=2))
    place.standings[NAMES[0]] = RolloutMember(MemberStage.REFUSED, note="asks for a value")
    place.standings[NAMES[1]] = RolloutMember(MemberStage.PLANNED, 1, Risk.NONE, is_ours=True)
    assert place.look() == NextActions("stopped", 0, (), retry=(NAMES[0],))
    place.standings[NAMES[0]] = RolloutMember(MemberStage.APPLIED, 2)
    assert (place.look().propose, place.look().merge) == ((NAMES[2],), (NAMES[1],))


@given(st.text(), st.sampled_from(MemberStage))
def test_a_record_is_read_as_it_was_written(reason: str, end: MemberStage) -> None:
    before = record(NAMES[:2], (PRODUCTION,)).model_copy(
        update={
            "waves_done": (NOW,),
            "members": {
                NAMES[0]: RolloutMember(MemberStage.REFUSED, note=reason),
                NAMES[1]: RolloutMember(end, 3, Risk.IN_PLACE),
            },
        }
    )
    text = written(before)
    assert read(f"{text}\n\nSomething -->") == before
    assert text.startswith(marker(before.template, before.commit))
    assert text.count("-->") == 2
    assert read(text.replace("rollout-record ", "rollout-record AAAA")) is None
    assert is_of(before.template, text)
    assert not is_of(TemplateName("shop-two"), text)
    assert read("nothing") is None


@pytest.mark.parametrize("count", [200, 1_000, 2_000, 10_000])
def test_a_record_of_many_environments_has_room_in_an_issue_and_keeps_what_nobody_can_look_up(count: int) -> None:
    # Digests, for names that are all alike are packed to nothing.
    digests = [sha256(str(number).encode()).hexdigest() for number in range(count)]
    names = tuple(EnvironmentName(f"demo-{digest[:6]}-{number}") for number, digest in enumerate(digests))
    standing = {
        name: RolloutMember(MemberStage.PLANNED, int(digest[:4], 16), Risk.NONE, f"{digest[:30]} to change")
        for name, digest in zip(names, digests, strict=True)
    }
    before = record(names[:10], names[10:]).model_copy(update={"waves_done": (NOW,), "members": standing})
    text = written(before)
    found = read(bounded(text + "\na line of the table" * 5_000))
    assert found is not None
    assert (found.started_at, found.waves_done, found.commit) == (NOW, (NOW,), before.commit)
    assert found.waves in (before.waves, ())
    assert (found == before) == (count == 200)


def test_a_policy_lets_nothing_be_merged_by_itself_that_destroys_or_is_unknown() -> None:
    assert not Policy().rollout.enabled, "a rollout has to be turned on"
    for risk in ("destroy", "unknown"):
        with pytest.raises(ValidationError, match="for people to merge"):
            policy(merge=[risk])


def test_a_wave_too_large_for_one_pull_request_has_one_after_the_other() -> None:
    names = tuple(EnvironmentName(f"demo-{number}") for number in range(150))
    place = world((names,), policy(pull_requests="wave", at_once=1))
    for expected in (names[:100], names[100:]):
        asked = place.look()
        assert (asked.together, asked.propose) == ({0: expected}, ())
        place.act(asked)
        assert (place.look().together, place.look().propose) == ({}, ())
        ended = RolloutMember(MemberStage.APPLIED)
        place.standings |= dict.fromkeys(expected, ended)
    assert place.look().verdict == "done"

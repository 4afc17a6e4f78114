"""What a merge leaves to a rollout, by the policy before it and after it; and what a stack that is not applied waits for."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.rollout.held import holds, modules_changed
from bot.core.rollout.module_record import HeldModule, ModuleRecord, commit_of, held_by, read, written
from bot.core.rollout.next_actions import next_actions
from bot.core.rollout.record import MemberStage, RolloutMember
from bot.core.tree import File
from bot.model.policy import Policy
from bot.model.rollout import RolloutPolicy
from bot.names import EnvironmentName

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

OFF = Policy()
WAVES = Policy(rollout=RolloutPolicy(enabled=True))
TOGETHER = Policy(rollout=RolloutPolicy(enabled=True, modules="together"))
CODE = {
    "app/main.tf": File(b'module "x" {\n  source = "../../../modules/x"\n}\n'),
    "db/main.tf": File(b""),
    "../../modules/x/main.tf": File(b""),
}
MODULE = {"../../modules/x/main.tf": File(b"# newer\n")}


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        (WAVES, WAVES, True),
        (WAVES, None, True),
        (WAVES, TOGETHER, False),
        (WAVES, OFF, False),
        (OFF, WAVES, False),
        (TOGETHER, WAVES, False),
        (OFF, None, False),
    ],
)
def test_a_merge_holds_environments_if_both_policies_say_so(before: Policy, after: Policy | None, held: bool) -> None:
    assert holds(before, after) is held


def test_a_stack_waits_for_a_module_that_alone_has_changed() -> None:
    assert modules_changed(CODE, {**CODE, **MODULE}, "app") == ["../../modules/x"]
    assert modules_changed(CODE, {**CODE, **MODULE}, "db") == [], "it calls none"
    assert modules_changed(CODE, {**CODE, **MODULE, "app/main.tf": File(b"")}, "app") == ()
    assert modules_changed(CODE, CODE, "app") == []


NAMES = tuple(EnvironmentName(f"demo-{letter}") for letter in "abcdef")
WAITING, RELEASED = RolloutMember(MemberStage.WAITING), RolloutMember(MemberStage.MERGED)
END = {True: RolloutMember(MemberStage.APPLIED), False: RolloutMember(MemberStage.FAILED)}


@given(st.lists(st.integers(0, 2), min_size=6, max_size=6), st.integers(1, 6), st.lists(st.booleans(), max_size=12))
def test_at_the_end_of_all_waves_each_was_applied_once_that_merging_at_once_would_have_applied(
    places: list[int], at_once: int, ends: list[bool]
) -> None:
    order = [tuple(name for name, place in zip(NAMES, places, strict=True) if place == each) for each in range(3)]
    record = ModuleRecord(commit="0" * 40, modules=("modules/x",), started_at=NOW, waves=tuple(filter(None, order)))
    policy = Policy(rollout=RolloutPolicy(enabled=True, at_once=at_once))
    members, released = dict.fromkeys(NAMES, WAITING), list[EnvironmentName]()
    for _ in range(40):
        todo = next_actions(record, policy, members, NOW)
        if todo.verdict == "done":
            break
        released += todo.propose
        members |= dict.fromkeys(todo.propose, RELEASED)
        # One run ends, well or not; what failed is resumed by people.
        left = [name for name in released if members[name] is not END[True]]
        members[left[0]] = END[ends.pop() if ends else True]
    assert sorted(released) == sorted(NAMES)
    assert [place for name in released for place in [places[NAMES.index(name)]]] == sorted(places)
    assert set(members.values()) == {END[True]}


def test_an_environment_waits_for_the_newest_rollout_that_it_is_in() -> None:
    older = ModuleRecord(commit="0" * 40, modules=("modules/x",), started_at=NOW, waves=(NAMES[:1], NAMES[1:3]))
    newer = older.model_copy(update={"waves": (NAMES[1:2],), "members": {NAMES[1]: RELEASED}})
    assert held_by([(7, newer), (5, older)]) == {
        NAMES[0]: HeldModule(5, ("modules/x",), 1),
        NAMES[2]: HeldModule(5, ("modules/x",), 2),
    }
    assert read(written(older)) == older
    assert commit_of(written(older)) == older.commit

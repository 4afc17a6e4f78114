"""The ledger as a state machine, and the lease in it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.digest import digest_of
from bot.core.ledger.lease import LENGTH, LeaseState, acquired, is_held, refusal, released, renewed
from bot.core.ledger.ledger import Clear, Lease, Ledger, LedgerEntry, Undo, hidden
from bot.core.ledger.transitions import (
    NotRunning,
    Start,
    Success,
    decide,
    failed,
    is_done,
    started,
    succeeded,
    undone,
    why_not_applied,
)
from bot.names import EnvironmentName, StepName

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DEMO = EnvironmentName("demo-x")
STEP = StepName("app")
EMPTY = Ledger(environment=DEMO)


def start(digest: str = "d1") -> Start:
    return Start(digest, "alice", "https://example/run/1", head="h" * 40, commit="c" * 40, tree="t" * 40)


def success(record: str = "r1") -> Success:
    return Success({"url": Clear(value="https://x")}, "it answers", Undo(uses="aws.secret", record=record))


def lease(lock_owner: str, at: datetime = NOW) -> Lease:
    return Lease(lock_owner=lock_owner, until=at + LENGTH, since=at)


def test_a_step_succeeds() -> None:
    ledger = succeeded(started(EMPTY, STEP, start(), NOW), STEP, success(), NOW + timedelta(seconds=3))
    assert is_done(ledger, STEP, "d1")
    assert not is_done(ledger, STEP, "d2")
    assert decide(ledger, STEP, "d1").action == "skip"
    assert decide(ledger, STEP, "d1").reason == "done at 2026-03-04 12:00:03 UTC with the same inputs"
    assert decide(ledger, STEP, "d2").reason == "its inputs have changed"


def test_a_failed_step_runs_again_and_its_attempts_are_counted() -> None:
    ledger = failed(started(EMPTY, STEP, start(), NOW), STEP, "no such zone", NOW)
    assert decide(ledger, STEP, "d1").reason == "it failed at 2026-03-04 12:00:00 UTC"
    ledger = started(ledger, STEP, start(), NOW)
    assert ledger.steps[STEP].attempt == 2
    assert started(failed(ledger, STEP, "x", NOW), STEP, start("d2"), NOW).steps[STEP].attempt == 1


def test_a_step_whose_run_died_runs_again() -> None:
    ledger = started(EMPTY, STEP, start(), NOW)
    assert decide(ledger, STEP, "d1").action == "run"
    assert "did not finish" in decide(ledger, STEP, "d1").reason


def test_what_is_not_applied_is_said_to_be_so_in_true_words() -> None:
    begun = started(EMPTY, STEP, start(), NOW)
    applied = succeeded(begun, STEP, success("r1"), NOW)
    undoing = started(applied, STEP, start(), NOW, verb="undo")
    said = [
        why_not_applied(ledger, STEP)
        for ledger in (EMPTY, begun, failed(begun, STEP, "no", NOW), applied, undoing, undone(undoing, STEP, "", NOW))
    ]
    assert said == [
        "it is new on the default branch",
        "its last apply did not finish",
        "its last apply failed",
        "its code or inputs are newer than what was applied",
        "its last undo did not finish",
        "it is new on the default branch",
    ]


def test_what_undo_needs_outlives_a_failure() -> None:
    ledger = succeeded(started(EMPTY, STEP, start(), NOW), STEP, success("r1"), NOW)
    ledger = failed(started(ledger, STEP, start("d2"), NOW), STEP, "no", NOW)
    assert ledger.steps[STEP].undo == Undo(uses="aws.secret", record="r1")
    half_done = failed(
        started(ledger, STEP, start("d2"), NOW), STEP, "no", NOW, undo=Undo(uses="aws.secret", record="r2")
    )
    assert half_done.steps[STEP].undo == Undo(uses="aws.secret", record="r2")


def test_undone_leaves_nothing_to_undo() -> None:
    ledger = succeeded(started(EMPTY, STEP, start(), NOW), STEP, success(), NOW)
    ledger = undone(started(ledger, STEP, start(), NOW, verb="undo"), STEP, "gone", NOW)
    assert ledger.steps[STEP].undo is None
    assert ledger.steps[STEP].outputs == {}
    assert decide(ledger, STEP, "d1").reason == "it was undone"


def test_what_did_not_begin_can_t_end() -> None:
    with pytest.raises(NotRunning):
        succeeded(EMPTY, STEP, success(), NOW)


def test_a_sensitive_output_is_kept_as_a_digest_of_its_place_and_value() -> None:
    kept = hidden(STEP, "password", "hunter2", "key")
    assert "hunter2" not in kept.model_dump_json()
    assert kept == hidden(STEP, "password", "hunter2", "key")
    assert kept != hidden(STEP, "other", "hunter2", "key")
    assert kept != hidden(STEP, "password", "hunter3", "key")


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": [1]}) == digest_of({"b": [1], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["start", "succeed", "fail", "undo"]),
        st.sampled_from([StepName("a"), StepName("b")]),
        st.sampled_from(["d1", "d2"]),
    ),
    max_size=25,
)


@given(ACTIONS)
def test_a_ledger_says_what_happened_last(actions: list[tuple[str, StepName, str]]) -> None:
    ledger, truth, running = EMPTY, dict[StepName, str](), dict[StepName, str]()
    for action, step, digest in actions:
        if action == "start":
            ledger, running[step] = started(ledger, step, start(digest), NOW), digest
            truth.pop(step, None)
        elif step not in running:
            continue
        elif action == "succeed":
            ledger, truth[step] = succeeded(ledger, step, success(), NOW), running.pop(step)
        elif action == "fail":
            ledger = failed(ledger, step, "no", NOW)
            running.pop(step)
        else:
            ledger = undone(ledger, step, "gone", NOW)
            running.pop(step)
        assert Ledger.model_validate_json(ledger.model_dump_json()) == ledger
        for name in (StepName("a"), StepName("b")):
            for each in ("d1", "d2"):
                assert is_done(ledger, name, each) == (truth.get(name) == each)
                assert (decide(ledger, name, each).action == "skip") == is_done(ledger, name, each)


def test_that_nothing_was_heard_of_a_holder_is_no_proof_of_its_death() -> None:
    held = acquired(EMPTY, lease("one"), NOW)
    assert isinstance(held, Ledger)
    late = NOW + 2 * LENGTH
    silent = acquired(held, lease("two", late), late)
    told = acquired(held, lease("two", late), late, "its process is gone")
    assert isinstance(silent, Ledger)
    assert isinstance(told, Ledger)
    assert [each.is_silence for each in (*silent.takeovers, *told.takeovers)] == [True, False]


def test_a_reason_that_is_given_is_kept_though_nobody_held_the_lease() -> None:
    taken = acquired(EMPTY, lease("one"), NOW, "the runner was switched off")
    assert isinstance(taken, Ledger)
    assert [each.reason for each in taken.takeovers] == ["the runner was switched off"]


def test_a_lease_keeps_others_out_until_it_ends() -> None:
    held = acquired(EMPTY, lease("one"), NOW)
    assert isinstance(held, Ledger)
    assert acquired(held, lease("two"), NOW + LENGTH - timedelta(seconds=1)) == LeaseState(lease("one"))
    after = acquired(held, lease("two", NOW + LENGTH), NOW + LENGTH)
    assert isinstance(after, Ledger)
    assert is_held(after, "two")
    assert after.takeovers[0].reason == "its lease expired at 2026-03-04 12:05:00 UTC"


def test_whoever_finds_a_lease_learns_when_it_expires_and_whether_a_clock_is_wrong() -> None:
    assert "its lease expires at 12:05:00 UTC: run this again then" in refusal(lease("one"), "demo-x", NOW)
    told = refusal(lease("one", NOW + timedelta(days=1)), "demo-x", NOW)
    assert "expires at 2026-03-05 12:05:00 UTC by the clock of its machine, which is wrong, or this one's is" in told


def test_a_lease_is_taken_for_a_reason_that_is_kept() -> None:
    held = acquired(EMPTY, lease("one"), NOW)
    assert isinstance(held, Ledger)
    taken = acquired(held, lease("two"), NOW, "its process is gone")
    assert isinstance(taken, Ledger)
    assert [(t.lock_owner, t.by, t.reason) for t in taken.takeovers] == [("one", "two", "its process is gone")]
    assert renewed(taken, "one", NOW + LENGTH) is None
    assert released(taken, "one") == taken


def test_a_lease_is_renewed_and_given_back() -> None:
    held = acquired(EMPTY, lease("one"), NOW)
    assert isinstance(held, Ledger)
    later = renewed(held, "one", NOW + 2 * LENGTH)
    assert later is not None
    assert later.lease is not None
    assert later.lease.until == NOW + 2 * LENGTH
    assert renewed(later, "one", NOW) == later
    assert released(later, "one") == EMPTY


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two", "three"]), st.sampled_from(["take", "renew", "release"]), st.integers(0, 400)
        ),
        max_size=30,
    )
)
def test_a_lease_is_never_taken_from_a_live_holder(moves: list[tuple[str, str, int]]) -> None:
    ledger, now = EMPTY, NOW
    for lock_owner, move, seconds in moves:
        now += timedelta(seconds=seconds)
        before = ledger.lease
        if move == "take":
            result = acquired(ledger, lease(lock_owner, now), now)
            assert isinstance(result, LeaseState) == (
                before is not None and before.lock_owner != lock_owner and before.until > now
            )
            ledger = result if isinstance(result, Ledger) else ledger
        elif move == "renew":
            ledger = renewed(ledger, lock_owner, now + LENGTH) or ledger
        else:
            ledger = released(ledger, lock_owner)
        if before is not None and before.lock_owner != lock_owner and not (move == "take" and before.until <= now):
            assert ledger.lease == before


def test_an_entry_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="extra"):
        LedgerEntry.model_validate({"surprise": 1})

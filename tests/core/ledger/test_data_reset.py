"""Data is made anew once: by what ran before somebody asked, or by what did not come to the end of undoing it."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from bot.core.ledger.data_reset import is_due
from bot.core.ledger.ledger import Ledger
from bot.core.ledger.transitions import Start, started, undone
from bot.names import EnvironmentName, StepName

ASKED = datetime(2026, 3, 4, tzinfo=UTC)
SEED = StepName("seed")


@pytest.mark.parametrize(
    ("minutes", "verb", "due"), [(-1, "apply", True), (1, "apply", False), (1, "undo", True), (-1, "undo", True)]
)
def test_it_is_due_for_what_ran_before_and_for_an_undo_that_did_not_end(
    minutes: int, verb: Literal["apply", "undo"], due: bool
) -> None:
    at, sha = ASKED + timedelta(minutes=minutes), "a" * 40
    ledger = started(
        Ledger(environment=EnvironmentName("demo-x")), SEED, Start("d", "alice", "", sha, sha, sha), at, verb=verb
    )
    assert is_due(ledger.steps[SEED], ASKED) is due
    assert not is_due(ledger.steps[SEED], None)
    assert not is_due(undone(ledger, SEED, "gone", at).steps[SEED], ASKED)
    assert not is_due(None, ASKED)


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_run_that_knew_of_the_reset_has_done_it_whatever_its_machine_s_clock_says(hours: int) -> None:
    sha, known = "a" * 40, Ledger(environment=EnvironmentName("demo-x"))
    start = Start("d", "alice", "", sha, sha, sha, data_reset_at=ASKED)
    entry = started(known, SEED, start, ASKED + timedelta(hours=hours)).steps[SEED]
    assert not is_due(entry, ASKED)
    assert is_due(entry, ASKED + timedelta(minutes=1)), "another reset"

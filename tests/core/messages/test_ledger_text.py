"""The ledger in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.ledger.lease import LENGTH, acquired
from bot.core.ledger.ledger import Clear, KeptOutput, Lease, Ledger, Undo, hidden
from bot.core.ledger.transitions import Start, Success, failed, started, succeeded
from bot.core.messages.ledger_text import text
from bot.names import EnvironmentName, StepName

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DEMO, APP, SMOKE = EnvironmentName("demo-x"), StepName("app"), StepName("smoke")
START = Start("d", "alice", "https://github.example/run/1", head="h" * 40, commit="c" * 40, tree="t" * 40)


def test_an_empty_ledger_says_so() -> None:
    assert text(Ledger(environment=DEMO)) == "demo-x has never been applied."


def test_it_says_what_each_step_did_and_who_is_at_work() -> None:
    later = NOW + timedelta(seconds=7)
    ledger = acquired(Ledger(environment=DEMO), Lease(lock_owner="run 1", until=NOW + LENGTH, since=NOW), NOW)
    assert isinstance(ledger, Ledger)
    ledger = acquired(ledger, Lease(lock_owner="run 2", until=NOW + LENGTH, since=NOW), NOW, "its process is gone")
    assert isinstance(ledger, Ledger)
    outputs: dict[str, KeptOutput] = {
        "url": Clear(value="https://x"),
        "token": hidden(APP, "token", "very-secret", "key"),
    }
    ledger = succeeded(
        started(ledger, APP, START, NOW), APP, Success(outputs, "3 added", Undo(none="nothing to undo")), later
    )
    asked = replace(START, request="https://github.example/acme/infra/issues/1#issuecomment-7")
    ledger = failed(started(ledger, SMOKE, START, NOW), SMOKE, "no answer", later)
    ledger = started(ledger, SMOKE, asked, later)
    assert text(ledger).splitlines() == [
        "Locked by run 2 until 2026-03-04 12:05:00 UTC, unless renewed.",
        "",
        "app: succeeded at 2026-03-04 12:00:07 UTC in 7 s by alice",
        "  from commit cccccccccccc, reviewed at hhhhhhhhhhhh, https://github.example/run/1",
        "  3 added",
        "  url = https://x",
        "  token = (sensitive)",
        "  nothing to undo: nothing to undo",
        "smoke: running since 2026-03-04 12:00:07 UTC by alice, attempt 2",
        "  from commit cccccccccccc, reviewed at hhhhhhhhhhhh, https://github.example/run/1",
        "  requested at https://github.example/acme/infra/issues/1#issuecomment-7",
        "",
        "Locks taken over:",
        "  2026-03-04 12:00:00 UTC: from run 1 by run 2: its process is gone",
    ]

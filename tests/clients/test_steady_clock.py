"""A wait is as long as it was meant to be, whoever sets the machine's clock meanwhile."""

from datetime import UTC, datetime, timedelta

from bot.clients.steady_clock import SteadyClock


def test_a_clock_that_is_set_moves_no_steady_one() -> None:
    time, up = datetime(2026, 3, 4, tzinfo=UTC), 100.0

    def clock() -> datetime:
        return time

    def uptime() -> float:
        return up

    begun = SteadyClock(clock, uptime)
    time, up = time - timedelta(days=1), up + 60
    assert begun.now() == datetime(2026, 3, 4, 0, 1, tzinfo=UTC)

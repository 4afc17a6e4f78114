"""How far a clock is off, by what somebody else says."""

from datetime import UTC, datetime, timedelta

from bot.clients.reach import skew


def test_a_slow_answer_is_no_wrong_clock() -> None:
    before = datetime(2026, 11, 29, 12, tzinfo=UTC)
    after = before + timedelta(minutes=3)
    for seconds, ahead in ((0, 0), (170, 0), (-1, 0), (-50, 50), (240, -60)):
        assert skew(before, before + timedelta(seconds=seconds), after) == timedelta(seconds=ahead)

"""How often a schedule's time has come, by which the runs that it starts take turns."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.core.plans.schedule import times_come

MONDAY = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
NEXT = [
    ("23 5 * * *", "2026-12-01T05:23"),
    ("0 * * * *", "2026-11-30T13:00"),
    ("*/40 */6 * * *", "2026-11-30T12:40"),
    ("10/20 11,13-15/2 * * *", "2026-11-30T13:10"),
    ("0 6 * * MON-FRI", "2026-12-01T06:00"),
    ("0 6 * * SUN", "2026-12-06T06:00"),
    ("0 6 1 JAN,jul *", "2027-01-01T06:00"),
    ("0 6 13 * 5", "2026-12-04T06:00"),
    ("0 6 */2 * 5", "2026-12-11T06:00"),
]


@pytest.mark.parametrize(("schedule", "comes"), NEXT)
def test_each_time_of_a_schedule_counts_and_a_late_run_has_its_own(schedule: str, comes: str) -> None:
    before, then = times_come(schedule, MONDAY), datetime.fromisoformat(comes).replace(tzinfo=UTC)
    assert before is not None
    assert times_come(schedule, then - timedelta(seconds=1)) == before
    for late in (timedelta(0), timedelta(minutes=9)):
        assert times_come(schedule, then + late) == before + 1
    assert times_come(schedule, then.astimezone(timezone(timedelta(hours=9)))) == before + 1


@pytest.mark.parametrize(
    "line", ["", "* * * *", "61 * * * *", "0 0 * * 7", "0 0 0 * *", "*/0 * * * *", "x * * * *", "0 0 * xyz *"]
)
def test_what_is_no_schedule_of_githubs_has_no_count(line: str) -> None:
    assert times_come(line, MONDAY) is None

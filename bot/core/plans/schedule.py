"""How often a schedule's time has come: by that, the runs that it starts take turns, and nothing is kept between them.

A workflow's runs have numbers, but those of runs by hand are among them, and a run that was replaced while it waited has one, too.
"""

import calendar
from datetime import UTC, date, datetime, timedelta

_FROM = date(2020, 1, 1)
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name.upper(): number % 7 for number, name in enumerate(calendar.day_abbr, start=1)}


def times_come(schedule: str, now: datetime) -> int | None:
    """Return how often the time of a line of cron has come since a fixed day; None for what isn't one.

    GitHub's form: five fields, in UTC (https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule).
    A run that starts late has the number of its own time, unless the next one has come by then.
    """
    try:
        minutes, hours, days, months, weekdays = schedule.split()
        times = [(hour, minute) for hour in _numbers(hours, 0, 23) for minute in _numbers(minutes, 0, 59)]
        of_month, of_week = _numbers(days, 1, 31), _numbers(weekdays, 0, 6, _DAYS)
        of_year = _numbers(months, 1, 12, _MONTHS)
    except ValueError:
        return None
    # If both name days, cron takes those of either.
    either = not days.startswith("*") and not weekdays.startswith("*")

    def comes(day: date) -> bool:
        fits = day.day in of_month, day.isoweekday() % 7 in of_week
        return day.month in of_year and (any(fits) if either else all(fits))

    now = now.astimezone(UTC)
    before = sum(comes(_FROM + timedelta(days=number)) for number in range((now.date() - _FROM).days))
    today = sum(time <= (now.hour, now.minute) for time in times) if comes(now.date()) else 0
    return before * len(times) + today


def _numbers(field: str, lowest: int, highest: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """Return the numbers that a field of cron stands for. Raises `ValueError` for what it can't stand for."""

    def number(text: str) -> int:
        return (names or {}).get(text.upper(), -1) if text.isalpha() else int(text)

    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low, high = (lowest, highest) if span == "*" else (number(first), number(last or first))
        if step and not last:
            high = highest
        found.update(range(low, high + 1, int(step or 1)))
    if not found or min(found) < lowest or max(found) > highest:
        raise ValueError(field)
    return frozenset(found)

"""What time it is at GitHub, on machines whose clocks are wrong, and are set while we look."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.clients.github.github_time import GitHubTime

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


class Machine:
    """A machine whose clock somebody sets; `at_github` is the right time."""

    def __init__(self, ahead: timedelta) -> None:
        self.at_github, self.ahead, self.up = NOON, ahead, 1000.0
        self.time = GitHubTime(lambda: self.at_github + self.ahead, lambda: self.up)

    def passes(self, span: timedelta) -> None:
        self.at_github += span
        self.up += span.total_seconds()

    def hears(self, waited: timedelta = timedelta(), **other: str) -> None:
        said = format_datetime(self.at_github.replace(microsecond=0), usegmt=True)
        self.time.hears({"date": said, **other}, waited)

    @property
    def wrong(self) -> timedelta:
        return abs(self.time.now() - self.at_github)


@pytest.mark.parametrize("ahead", [DAY, -DAY, timedelta(seconds=5), timedelta()])
@pytest.mark.parametrize("set_to", [DAY, -DAY, timedelta()])
def test_whatever_a_clock_says_and_is_set_to_github_s_time_goes_on(ahead: timedelta, set_to: timedelta) -> None:
    machine = Machine(ahead)
    assert machine.time.now() == NOON + ahead, "nobody has said anything else"
    machine.hears()
    for setting in (ahead, set_to, ahead):
        machine.ahead = setting
        machine.passes(MINUTE)
        assert machine.wrong <= timedelta(seconds=5)
        machine.passes(MINUTE)
        machine.hears()
        assert machine.wrong <= timedelta(seconds=5)


def test_a_clock_that_is_right_is_finer_than_a_date_of_whole_seconds() -> None:
    machine = Machine(timedelta())
    machine.passes(timedelta(seconds=1.7))
    machine.hears()
    assert machine.wrong == timedelta()


def test_an_answer_that_a_cache_kept_or_that_was_long_waited_for_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = Machine(timedelta())
    machine.hears()
    said = format_datetime(NOON - DAY, usegmt=True)
    machine.time.hears({"date": said, "age": "86400"})
    machine.time.hears({"date": said}, waited=MINUTE)
    for odd in ("", "yesterday", "Wed, 04 Mar 99999 12:00:00 GMT"):
        machine.time.hears({"date": odd})
    assert (machine.wrong, machine.time.corrections, caplog.records) == (timedelta(), 0, [])


def test_a_wrong_clock_is_logged_once_until_it_is_wrong_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(DAY)
    for setting in (DAY, DAY, timedelta(), -DAY, -DAY):
        machine.ahead = setting
        machine.hears()
        machine.passes(MINUTE)
    assert [record.getMessage().split()[4] for record in caplog.records] == ["86400", "-86400"]

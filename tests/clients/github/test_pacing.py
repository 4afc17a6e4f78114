"""GitHub's rate limits: the pacer alone, on a clock of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.github.pacing import GITHUB_COM, Pacer, Pacing
from bot.clients.transient import RateLimited

START = datetime(2026, 1, 1, tzinfo=UTC)


class Watch:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def pacer(pacing: Pacing) -> tuple[Pacer, Watch]:
    watch = Watch()
    return Pacer(pacing, watch, watch.sleep), watch


def test_reading_is_never_paced() -> None:
    paced, watch = pacer(Pacing(per_minute=1))
    for _ in range(1000):
        paced.enter(creates=False)
    assert watch.now == START


def test_no_window_of_a_minute_or_an_hour_holds_more_than_its_limit() -> None:
    paced, watch = pacer(Pacing(80, 500, longest_wait=timedelta(hours=1)))
    made = []
    for _ in range(1200):
        paced.enter(creates=True)
        made.append(watch.now)
    for limit, window in ((80, timedelta(minutes=1)), (500, timedelta(hours=1))):
        assert all(made[i + limit] - made[i] >= window for i in range(len(made) - limit))


def test_a_long_wait_is_handed_over_with_its_end() -> None:
    paced, _ = pacer(GITHUB_COM)
    for _ in range(80):
        paced.enter(creates=True)
    with pytest.raises(RateLimited) as limited:
        paced.enter(creates=True)
    assert limited.value.until == START + timedelta(minutes=1)


def test_silence_holds_for_reading_and_creating_until_its_end() -> None:
    paced, watch = pacer(Pacing())
    paced.hush(START + timedelta(seconds=30), "asked")
    paced.hush(START + timedelta(seconds=3), "an earlier end changes nothing")
    with pytest.raises(RateLimited, match="asked"):
        paced.enter(creates=False)
    watch.sleep(28)
    paced.enter(creates=True)
    assert watch.now == START + timedelta(seconds=30)

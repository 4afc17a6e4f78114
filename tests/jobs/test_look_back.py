"""A look begins where the last one began, or where the last worker fell silent."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.transient import Transient
from bot.events import Event, LookBack
from bot.jobs.look_back import OVERLAP, LookingBack
from bot.names import RepositoryName
from bot.service.jobs_api import JobRequest
from bot.settings import Settings
from tests.jobs.counting import CountingWork

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class Looked(CountingWork):
    """Work in two repositories, of which every look is a job."""

    def repositories(self) -> Sequence[RepositoryName]:
        return [RepositoryName("acme/one"), RepositoryName("acme/two")]

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        assert isinstance(event, LookBack)
        key = f"{event.repository} {event.at}"
        return JobRequest(key=key, partition="p", kind="missed", delivery=delivery, event=event)


class Undelivered(Looked):
    """GitHub can't be asked for deliveries the first time."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked: list[datetime] = []

    def redeliver_failed(self, since: datetime) -> int:
        self.asked.append(since)
        if len(self.asked) == 1:
            raise Transient("GitHub answered 502")
        return 3


def spans(directory: Path, silent_since: datetime, *moments: datetime) -> list[tuple[str, datetime]]:
    asked: list[tuple[str, datetime]] = []

    def submit(request: JobRequest) -> None:
        assert isinstance(request.event, LookBack)
        asked.append((request.event.repository, request.event.since))

    looking = LookingBack(Looked(directory), submit, Settings(), silent_since)
    for moment in moments:
        looking.ask(moment)
    return asked


def test_the_first_look_begins_where_the_last_worker_fell_silent_and_the_next_where_this_one_began(
    tmp_path: Path,
) -> None:
    silent_since = NOON - timedelta(hours=7)
    found = spans(tmp_path, silent_since, NOON, NOON + timedelta(minutes=10))
    assert found == [
        ("acme/one", silent_since - OVERLAP),
        ("acme/two", silent_since - OVERLAP),
        ("acme/one", NOON - OVERLAP),
        ("acme/two", NOON - OVERLAP),
    ]


def test_a_clock_that_goes_back_leaves_no_gap(tmp_path: Path) -> None:
    back = NOON - timedelta(days=1)
    [(_, first), _, (_, second), _] = spans(tmp_path, NOON, NOON, back)
    assert (first, second) == (NOON - OVERLAP, back - OVERLAP)


def test_deliveries_are_asked_for_again_from_where_they_were_asked_for_last(tmp_path: Path) -> None:
    work = Undelivered(tmp_path)
    looking = LookingBack(work, lambda _: None, Settings(), NOON)
    later = NOON + timedelta(minutes=10)
    with pytest.raises(Transient):
        looking.ask(NOON)
    assert [looking.ask(later), looking.ask(later)] == [3, 3]
    assert work.asked == [NOON - OVERLAP, NOON - OVERLAP, later - OVERLAP]


def test_while_the_door_stays_shut_it_is_asked_less_and_less_often(tmp_path: Path) -> None:
    looking = LookingBack(Looked(tmp_path), lambda _: None, Settings(look_back_every=timedelta(minutes=10)), NOON)
    assert [looking.pause(3) for _ in range(6)] == [60, 120, 240, 480, 600, 600]
    assert [looking.pause(0), looking.pause(1)] == [600, 60]

"""What is asked for as time goes on: one job for each repository and slot."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.transient import Transient
from bot.events import Event, RolloutDue, Tick
from bot.jobs.sweeper import Sweeper
from bot.names import RepositoryName
from bot.service.commands.expire import tick_job
from bot.service.jobs_api import Finished, JobRequest, Steps
from bot.settings import Settings

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SETTINGS = Settings()


class Installed:
    """Work that is installed on some repositories; `is_up` says whether GitHub answers."""

    version = "2"

    def __init__(self, *repositories: str) -> None:
        self.found = [RepositoryName(name) for name in repositories]
        self.is_up = True
        self.rollouts: list[str] = []

    def now(self) -> datetime:
        return NOON

    def repositories(self) -> Sequence[RepositoryName]:
        if not self.is_up:
            raise Transient("GitHub answered 502")
        return self.found

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        if isinstance(event, RolloutDue):
            self.rollouts.append(event.repository)
            return None
        assert isinstance(event, Tick)
        return tick_job(delivery, event)

    def redeliver_failed(self, since: datetime) -> int:
        return 0

    def remaining_requests(self) -> Mapping[str, int]:
        return {}

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        return Finished()

    def waiting(self, request: JobRequest, until: datetime, *, is_limit: bool) -> None: ...

    def refused(self, request: JobRequest, message: str) -> None: ...

    def failed(self, request: JobRequest, reference: str, error: str) -> None: ...


def asked(work: Installed, *moments: datetime, settings: Settings = SETTINGS) -> list[str]:
    keys: list[str] = []
    sweeper = Sweeper(work, lambda request: keys.append(request.key), settings)
    for moment in moments:
        sweeper.ask(moment)
    return keys


def test_each_repository_is_looked_through_once_in_a_slot() -> None:
    slot = int(NOON.timestamp()) // 900
    moments = (NOON, NOON + timedelta(minutes=14, seconds=59), NOON + QUARTER)
    assert asked(Installed("acme/a", "acme/b"), *moments) == [
        f"sweep-acme/a-{slot}", f"sweep-acme/b-{slot}", f"sweep-acme/a-{slot + 1}", f"sweep-acme/b-{slot + 1}",
    ]  # fmt: skip


def test_rollouts_are_looked_at_as_often() -> None:
    work = Installed("acme/a", "acme/b")
    asked(work, NOON, NOON + timedelta(minutes=1), NOON + QUARTER)
    assert work.rollouts == ["acme/a", "acme/b", "acme/a", "acme/b"]


def test_whoever_asks_again_after_a_restart_or_with_the_clock_set_back_asks_for_the_same_job() -> None:
    work = Installed("acme/a")
    first, second, again = asked(work, NOON, NOON + QUARTER, NOON)
    assert again == first != second
    assert asked(work, NOON + timedelta(seconds=3)) == [first]


def test_named_repositories_are_the_only_ones() -> None:
    settings = Settings(repositories=(RepositoryName("acme/b"),))
    assert [key.rpartition("-")[0] for key in asked(Installed("acme/a", "acme/b"), NOON, settings=settings)] == [
        "sweep-acme/b"
    ]


def test_a_slot_in_which_github_did_not_answer_is_asked_for_again() -> None:
    work, keys = Installed("acme/a"), list[str]()
    sweeper = Sweeper(work, lambda request: keys.append(request.key), Settings())
    work.is_up = False
    with pytest.raises(Transient):
        sweeper.ask(NOON)
    work.is_up = True
    sweeper.ask(NOON)
    assert len(keys) == 1


def test_that_no_clone_can_expire_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert asked(Installed(), NOON) == []
    assert "ENVCLONE_REPOSITORIES" in caplog.text

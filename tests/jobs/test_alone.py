"""A step of a job that its worker did not survive: done apart with the same answers as anywhere, and set aside in the end."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.store import SqliteStore, StoreUnavailable, open_store
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.events import CommentCreated
from bot.jobs.alone import ALONE, HANDED, OwnProcess, StepUnderWay, carried_out
from bot.jobs.attempt import JobFailed, JobRefused, Later, StepDone
from bot.jobs.step_attempts import MOST, SET_ASIDE, StepAttempts
from bot.jobs.turns import Turns
from bot.model.pipeline import Json
from bot.names import RepositoryName
from bot.service.jobs_api import JobRequest
from tests import ROOT
from tests.jobs.counting import CountingWork
from tests.support.patience import PATIENCE

ONE = {"name": "one", "is_last": False}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "steps.sqlite3")
    yield store
    store.close()


def second_step(partition: str) -> StepUnderWay:
    event = CommentCreated(
        repository=RepositoryName("acme/infra"),
        issue=1,
        is_pull_request=False,
        comment=1,
        author="ana",
        body=f"/work {partition}",
        url="https://github.com/acme/infra/issues/1",
        created_at=datetime(2026, 11, 29, tzinfo=UTC),
    )
    request = JobRequest(key="comment-1", partition=partition, kind="work", delivery="delivery-1", event=event)
    return StepUnderWay(request=request, name="two", earlier={"one": ONE})


def test_a_step_alone_is_reached_by_what_earlier_steps_returned_without_doing_them_again(tmp_path: Path) -> None:
    work = CountingWork(tmp_path)
    assert carried_out(work, second_step("env")) == StepDone(result={"name": "two", "is_last": False})
    assert [line.split()[2] for line in work.notes("runs")] == ["two"]


def test_whatever_comes_of_a_step_alone_is_told(tmp_path: Path) -> None:
    work = CountingWork(tmp_path)
    assert carried_out(work, second_step("refusing")) == JobRefused(message="Type something else.")
    assert isinstance(carried_out(work, second_step("flaky")), Later)
    failed = carried_out(work, second_step("broken"))
    assert isinstance(failed, JobFailed)
    assert failed.error == "KeyError"


def test_a_step_whose_workers_die_again_and_again_is_set_aside_without_being_done(store: SqliteStore) -> None:
    attempts, step = StepAttempts(store, OwnProcess(()), 0), second_step("env")
    for _ in range(MOST):
        store.begin(step.request.key, step.name)
    with pytest.raises(UserError) as refused:
        attempts.run(step, lambda: pytest.fail("it was done"))
    assert str(refused.value) == SET_ASIDE


class Watched(OwnProcess):
    """Does the step here, and looks at what would be known if everything died now."""

    def __init__(self, store: SqliteStore, meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__(())
        self.store, self.meanwhile, self.counted = store, meanwhile, list[int]()  # when handed, and when carried out

    def hand(self, step: StepUnderWay) -> None:
        self.counted.append(self.store.unfinished(step.request.key, step.name))

    def carry_out(self, step: StepUnderWay) -> dict[str, Json]:
        self.meanwhile()
        self.counted.append(self.store.unfinished(step.request.key, step.name))
        return {}


def test_a_suspect_is_the_only_step_and_its_death_would_be_the_last(store: SqliteStore) -> None:
    alone, step = Watched(store), second_step("env")
    store.begin(step.request.key, step.name)
    StepAttempts(store, alone).run(step, lambda: pytest.fail("it was done in the worker"))
    assert alone.counted == [1, 1 + MOST], "while its process starts, nothing is noted"
    assert store.unfinished(step.request.key, step.name) == 0


class Restarted(SqliteStore):
    """A database that is restarted once, when a note was begun or is to end."""

    at = ""

    def begin(self, job: str, step: str, counts: int = 1) -> None:
        super().begin(job, step, counts)
        self._away("begin")

    def end(self, job: str) -> None:
        self._away("end")
        super().end(job)

    def forgive(self, job: str, most: int) -> None:
        self._away("forgive")
        super().forgive(job, most)

    def _away(self, at: str) -> None:
        if self.at == at:
            self.at = ""
            raise StoreUnavailable("server closed the connection unexpectedly")


@pytest.mark.parametrize("at", ["begin", "end"])
def test_a_database_that_is_away_makes_no_death_of_a_suspect_that_lives(tmp_path: Path, at: str) -> None:
    store, step = Restarted(tmp_path / "steps.sqlite3"), second_step("env")
    with contextlib.closing(store):
        attempts = StepAttempts(store, Watched(store), 0)
        store.begin(step.request.key, step.name)
        store.at = at
        with pytest.raises(Transient):
            attempts.run(step, lambda: pytest.fail("it was done in the worker"))
        attempts.run(step, dict)
        assert store.unfinished(step.request.key, step.name) == 0


def test_a_worker_that_is_told_to_stop_while_the_database_is_away_lets_its_steps_end(tmp_path: Path) -> None:
    store, step = Restarted(tmp_path / "steps.sqlite3"), second_step("env")
    with contextlib.closing(store):
        alone = Watched(store)
        attempts = StepAttempts(store, alone)
        alone.meanwhile = attempts.stop
        store.begin(step.request.key, step.name)
        store.at = "forgive"
        attempts.run(step, lambda: pytest.fail("it was done in the worker"))
        assert (store.at, store.unfinished(step.request.key, step.name)) == ("", 0)


def test_a_process_takes_back_what_was_noted_of_a_step_that_it_was_handed_and_never_began(tmp_path: Path) -> None:
    step = second_step("env").model_copy(update={"deaths": 1})
    with closing(open_store(None, tmp_path / "data")) as store:
        store.begin(step.request.key, step.name)
        alone = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.counting", str(tmp_path / "work"), ALONE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "ENVCLONE_DATA_DIR": str(tmp_path / "data")},
        )  # fmt: skip
        assert alone.stdin is not None
        assert alone.stdout is not None
        alone.stdin.write(step.model_dump_json().encode() + b"\n")
        alone.stdin.flush()
        assert alone.stdout.readline() == HANDED
        store.begin(step.request.key, step.name, MOST)
        assert alone.communicate(timeout=PATIENCE)[0] == b""
        assert store.unfinished(step.request.key, step.name) == 1, "so it may go on for ever, whoever kills workers"
        assert CountingWork(tmp_path / "work").notes("runs") == []


def test_a_worker_that_was_told_to_stop_dies_of_nobody_s_step(store: SqliteStore) -> None:
    alone, step = Watched(store), second_step("env")
    attempts = StepAttempts(store, alone)
    alone.meanwhile = attempts.stop
    store.begin(step.request.key, step.name)
    attempts.run(step, lambda: pytest.fail("it was done in the worker"))
    other = step.model_copy(update={"name": "three"})
    assert attempts.run(other, lambda: {"deaths": store.unfinished(step.request.key, "three")}) == {"deaths": 0}
    assert alone.counted == [1, 1]


def test_what_begins_beside_a_suspect_takes_its_proof_away() -> None:
    turns, told = Turns(held=0.01), list[str]()
    with turns.by_itself("suspect") as is_only:
        assert is_only
        with turns.among_others(told.append):  # it waited, and the suspect took too long
            pass
        with turns.among_others(told.append), turns.by_itself("another") as is_only_too:
            assert not is_only_too
    with turns.among_others(told.append):
        pass
    assert told == ["suspect"]

"""The worker process on SQLite: jobs, steps, trouble, stops and kills."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.store import Delivery, SqliteStore, open_store
from bot.jobs.step_attempts import SET_ASIDE
from tests import ROOT
from tests.jobs.counting import STEPS
from tests.jobs.workers import Workers, expected, order, workers
from tests.support.patience import PATIENCE
from tests.web.serving import comment

pytestmark = pytest.mark.e2e


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Workers]:
    with workers(tmp_path) as pool:
        yield pool


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_store(None, tmp_path / "data")
    assert isinstance(store, SqliteStore)
    yield store
    store.close()


def deliver(store: SqliteStore, *deliveries: tuple[str, bytes]) -> None:
    store.append([Delivery(id_, "issue_comment", body, datetime.now(UTC)) for id_, body in deliveries])


def test_jobs_killed_at_random_points_lose_nothing_and_repeat_nothing(pool: Workers, store: SqliteStore) -> None:
    chance = random.Random(7)
    jobs = {number: f"env-{number % 7}" for number in range(45)}
    worker = pool.start()
    pool.wait(lambda: store.replicas() != [], "the first heartbeat")
    for kill in range(4):
        # So many are always left to be done, however early the work begins. Whoever was interrupted has ended: a second time sets it aside.
        seen, earlier = len(pool.runs), expected({number: name for number, name in jobs.items() if number // 9 < kill})
        order(store, {number: name for number, name in jobs.items() if number // 9 == kill})
        pool.wait(
            lambda seen=seen, earlier=earlier: (  # type: ignore[misc]
                len(pool.runs) > seen + chance.randrange(20, 36) and earlier.items() <= pool.effects.items()
            ),
            f"work before kill {kill}",
        )
        worker.kill()
        worker.wait()
        worker = pool.start()
    # One more kill, certainly in the middle of a step: the others may come between two.
    jobs[45] = "slow"
    order(store, {number: name for number, name in jobs.items() if number // 9 >= 4})
    pool.wait(lambda: ["slow", "comment-45", "two"] in [run[:3] for run in pool.runs], "a step that waits")
    worker.kill()
    worker.wait()
    pool.work.let_go()
    worker = pool.start()
    pool.wait(lambda: len(pool.effects) == len(expected(jobs)), "all effects")
    assert pool.stop(worker) == 0
    assert pool.effects == expected(jobs)
    assert pool.overlaps == []
    assert store.waiting().count == 0
    # Whoever was interrupted runs in a process of its own at first: six workers did all the rest.
    assert len({run[3] for run in pool.runs}) > 6
    again = len(pool.runs) - len(expected(jobs))
    print(f"{len(expected(jobs))} steps, 5 kills: {again} steps were begun again")


def test_jobs_of_one_partition_run_one_after_the_other(pool: Workers, store: SqliteStore) -> None:
    jobs = {number: f"env-{number % 3}" for number in range(24)}
    order(store, jobs)
    worker = pool.start()
    pool.wait(lambda: len(pool.effects) == len(expected(jobs)), "all effects")
    assert pool.stop(worker) == 0
    for partition in set(jobs.values()):
        keys = [key for name, key, *_ in pool.runs if name == partition]
        assert keys == [key for key in dict.fromkeys(keys) for _ in range(4)]


def test_one_comment_in_several_deliveries_is_one_job(pool: Workers, store: SqliteStore) -> None:
    body = comment(5, "/work env-1")
    deliver(store, ("a", body), ("b", body))
    deliver(store, ("a", body))
    worker = pool.start()
    pool.wait(lambda: len(pool.effects) == 4, "the job")
    deliver(store, ("c", body), ("d", comment(6, "/work env-1")))
    pool.wait(lambda: len(pool.effects) == 8, "the next job")
    assert pool.stop(worker) == 0
    assert len(pool.runs) == 8


def test_trouble_gets_what_it_deserves(pool: Workers, store: SqliteStore) -> None:
    names = ("flaky", "limited", "refusing", "broken", "stopper", "poison", "fine")
    jobs = dict(enumerate(names, start=1))
    order(store, jobs)
    worker = pool.start()
    done = {name: number for number, name in jobs.items()}
    pool.wait(lambda: len(pool.effects) == 3 * 4 + 1 + 1 + 2 and len(pool.answers) == 2, "all that can be done")
    assert pool.stop(worker) == 0
    runs = [(name, step) for name, _, step, _ in pool.runs]
    assert runs.count(("flaky", "two")) == 3
    assert runs.count(("limited", "two")) == 2
    assert runs.count(("broken", "two")) == 1
    assert ("stopper", "three") not in runs
    assert "poison" not in {name for name, _ in runs}
    assert pool.answers == {
        f"comment-{done['refusing']}": "refused Type something else.\n",
        f"comment-{done['broken']}": "failed KeyError\n",
    }
    log = pool.log.read_text()
    assert log.count('raise KeyError("a surprise') + log.count('raise KeyError(\\"a surprise') == 1
    assert f"delivery-{done['broken']}" in log
    assert f"#issuecomment-{done['broken']}" in log, "the address that ledger and runs name, too"


def test_a_job_that_ends_its_worker_twice_is_set_aside_and_those_beside_it_are_done(
    pool: Workers, store: SqliteStore
) -> None:
    others = {number: f"env-{number}" for number in range(2, 8)}
    order(store, {1: "deadly", **others})
    assert pool.start().wait(PATIENCE) == -signal.SIGKILL
    worker = pool.start()  # the second one that it ends has nothing else to do, so this one lives
    pool.wait(lambda: pool.answers != {}, "the answer")
    pool.wait(lambda: len(pool.effects) == 1 + len(expected(others)), "all effects of the others")
    assert pool.stop(worker) == 0
    assert pool.answers == {"comment-1": f"refused {SET_ASIDE}\n"}
    assert pool.effects == {"comment-1.one": "one\n", **expected(others)}
    _, *again = [run[3] for run in pool.runs if run[1:3] == ["comment-1", "two"]]
    # A process that had done the step of another one before proves nothing.
    proving = [process for process in again if {run[1] for run in pool.runs if run[3] == process} == {"comment-1"}]
    assert (len(proving), len(again) <= 2) == (1, True)


def test_a_job_that_ends_the_whole_container_twice_is_set_aside(pool: Workers, store: SqliteStore) -> None:
    order(store, {1: "container", 2: "env-2"})
    for _ in range(2):
        assert pool.start().wait(PATIENCE) == -signal.SIGKILL
    worker = pool.start()
    pool.wait(lambda: pool.answers != {}, "the answer")
    pool.wait(lambda: len(pool.effects) == 1 + len(STEPS), "all effects of the other one")
    assert pool.stop(worker) == 0
    assert pool.answers == {"comment-1": f"refused {SET_ASIDE}\n"}
    assert len([run for run in pool.runs if run[1:3] == ["comment-1", "two"]]) == 2


def test_a_job_whose_worker_is_killed_again_by_somebody_else_is_done(pool: Workers, store: SqliteStore) -> None:
    order(store, {1: "unlucky"})
    for _ in range(2):
        assert pool.start().wait(PATIENCE) == -signal.SIGKILL
    worker = pool.start()
    pool.wait(lambda: pool.effects == expected({1: "unlucky"}), "all effects")
    assert pool.stop(worker) == 0
    assert pool.answers == {}


def test_a_worker_killed_while_the_process_of_a_suspect_starts_has_not_died_of_it(
    pool: Workers, store: SqliteStore
) -> None:
    order(store, {1: "unlucky"})
    assert pool.start().wait(PATIENCE) == -signal.SIGKILL
    worker = pool.start(COUNTING_ALONE_STARTS="after its worker")
    pool.wait(lambda: pool.work.notes("alone") != [], "the process starts")
    worker.kill()
    worker = pool.start()
    pool.wait(lambda: worker.poll() is not None or pool.answers != {}, "its end by the step, or a refusal")
    assert pool.answers == {}


PRUNE = """
import os, sys
from datetime import timedelta
from pathlib import Path
from dbos import DBOS
from bot.events import Tick
from bot.jobs.alone import OwnProcess
from bot.jobs.attempt import Patience
from bot.jobs.engine import Engine, EngineLocation
from bot.jobs.figures import Figures
from bot.jobs.runner import JobRunner, Seen
from bot.jobs.step_attempts import StepAttempts
from bot.clients.store import open_store
from bot.service.jobs_api import JobRequest
from tests.jobs.counting import CountingWork
data, work = Path(sys.argv[1]), CountingWork(Path(sys.argv[2]))
runner = JobRunner(work, Seen(Figures("one")), Patience(), StepAttempts(open_store(None, data), OwnProcess(())))
engine = Engine(EngineLocation(None, data, "pruner", 1), runner)
under_way = DBOS.list_workflows(status="PENDING", load_input=False)[0].queue_partition_key
engine.submit(JobRequest(key="k", partition=under_way, kind="sweep", delivery="d", event=Tick(repository="acme/infra", slot=1)))
now = engine.jobs_now()
is_age = timedelta(0) < now.oldest < timedelta(minutes=10)
print(engine.prune(), engine.prune(timedelta(0)), engine.prune(timedelta(0)), now.waiting, now.running, is_age, flush=True)
os._exit(0)
"""


REVIVE = """
import os, sys, time
from pathlib import Path
from dbos import DBOS
from sqlalchemy.exc import OperationalError
from bot.events import Tick
from bot.jobs.engine import Engine, EngineLocation
from bot.service.jobs_api import JobRequest

class CutOff:
    version, runs = "1", 0
    def run(self, request, memory):
        self.runs += 1
        if self.runs == 1:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        return {"outcome": "done"}

work = CutOff()
engine = Engine(EngineLocation(None, Path(sys.argv[1]), "one", 1), work)
engine.submit(JobRequest(key="k", partition="p", kind="sweep", delivery="d", event=Tick(repository="acme/infra", slot=1)))
def until(status):
    end = time.monotonic() + 240
    while [one.status for one in DBOS.list_workflows()] != [status]:
        assert time.monotonic() < end, DBOS.list_workflows()
        time.sleep(0.05)
until("ERROR")
revived = engine.revive()
until("SUCCESS")
print(revived, engine.revive(), work.runs, flush=True)
os._exit(0)
"""


def test_a_job_that_the_database_cut_off_begins_anew(tmp_path: Path) -> None:
    words = [sys.executable, "-c", REVIVE, str(tmp_path)]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert said.stdout == "1 0 2\n", said.stderr


def test_jobs_that_ended_long_ago_are_forgotten_and_those_that_wait_are_not(pool: Workers, store: SqliteStore) -> None:
    order(store, {number: f"env-{number}" for number in range(3)})
    worker = pool.start()
    pool.wait(lambda: pool.log.read_text().count('"job done"') == 3, "three jobs are done")
    order(store, {9: "deadly"})
    assert worker.wait(PATIENCE) == -signal.SIGKILL
    words = [sys.executable, "-c", PRUNE, str(pool.directory / "data"), str(pool.directory / "work")]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert said == "0 3 0 1 1 True\n"


def test_a_stop_lets_the_running_step_end_and_the_next_start_goes_on(pool: Workers, store: SqliteStore) -> None:
    order(store, {1: "slow"})
    worker = pool.start()
    pool.wait(lambda: any(run[2] == "two" for run in pool.runs), "the slow step begins")
    worker.send_signal(signal.SIGTERM)
    pool.wait(lambda: '"stopping: ' in pool.log.read_text(), "the worker stops")
    pool.work.let_go()
    assert worker.wait(PATIENCE) == 0
    assert set(pool.effects) == {"comment-1.one", "comment-1.two"}
    worker = pool.start()
    pool.wait(lambda: len(pool.effects) == 4, "the rest")
    assert pool.stop(worker) == 0
    assert [run[2] for run in pool.runs] == ["one", "two", "three", "four"]


def test_a_job_of_an_older_version_begins_anew_and_repeats_nothing(pool: Workers, store: SqliteStore) -> None:
    order(store, {1: "slow", 2: "slow", 3: "env-1"})
    old = pool.start("1")
    pool.wait(lambda: "comment-3.four" in pool.effects, "one job is done")
    pool.wait(lambda: any(run[2] == "two" for run in pool.runs if run[0] == "slow"), "another is under way")
    old.kill()
    old.wait()
    before = len(pool.runs)
    pool.work.let_go()
    worker = pool.start()
    pool.wait(lambda: len(pool.effects) == 12, "the rest")
    assert pool.stop(worker) == 0
    assert pool.effects == expected({1: "slow", 2: "slow", 3: "env-1"})
    again = pool.runs[before:]
    assert {"comment-1", "comment-2"} <= {key for _, key, *_ in again}
    for begun in {key for _, key, *_ in again}:
        assert [step for _, key, step, _ in again if key == begun] == list(STEPS)
    assert pool.overlaps == []


def test_a_second_worker_on_the_same_files_refuses_to_start(pool: Workers, store: SqliteStore) -> None:
    pool.start()
    pool.wait(lambda: store.replicas() != [], "the first heartbeat")
    assert pool.start(ENVCLONE_REPLICA="other").wait(PATIENCE) == 1
    assert "another worker works on" in pool.log.read_text()

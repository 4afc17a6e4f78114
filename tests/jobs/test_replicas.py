"""Several replicas on PostgreSQL: sharing, one at a time, taking over from the dead."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clients.store.postgres import PostgresStore
from tests.jobs.workers import Workers, expected, order, workers
from tests.postgres import Cluster
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.database()


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(url)
    yield store
    store.close()


def all_beat_since(moment: float, store: PostgresStore) -> bool:
    past = time.monotonic() - moment
    return all(replica.silent_for.total_seconds() < past for replica in store.replicas())


def takes_part(pool: Workers, process: int) -> bool:
    return any(run[3] == str(process) for run in pool.runs)


def wait_until_they_work(pool: Workers, store: PostgresStore, jobs: dict[int, str], *processes: int) -> None:
    """Wait until each of them has begun a step; there are further jobs as long as one has come too late for all."""

    def all_work() -> bool:
        if len(pool.effects) == len(expected(jobs)):
            further = {len(jobs) + number: f"env-{number}" for number in range(12)}
            order(store, further)
            jobs.update(further)
        return all(takes_part(pool, process) for process in processes)

    pool.wait(all_work, "each takes part")


def test_a_dead_replica_s_jobs_are_taken_over(url: str, store: PostgresStore, tmp_path: Path) -> None:
    jobs = {number: f"env-{number % 12}" for number in range(72)}
    with workers(tmp_path, ENVCLONE_DATABASE_URL=url, ENVCLONE_DEAD_AFTER="10s") as pool:
        # Whoever is to die takes nobody else for dead: on a busy machine a heartbeat may be late, which is another test.
        one, two = pool.start(ENVCLONE_REPLICA="one", ENVCLONE_DEAD_AFTER="1h"), pool.start(ENVCLONE_REPLICA="two")
        pool.wait(lambda: len(store.replicas()) == 2, "two heartbeats")
        order(store, jobs)
        wait_until_they_work(pool, store, jobs, one.pid, two.pid)
        one.kill()
        pool.wait(lambda: len(pool.effects) == len(expected(jobs)), "all effects, by the other")
        assert pool.stop(two) == 0
        assert pool.effects == expected(jobs)
        assert pool.overlaps == []
        print(f"{len(expected(jobs))} steps, {len(pool.runs) - len(expected(jobs))} begun again")


def test_replicas_killed_at_random_points_lose_nothing(url: str, store: PostgresStore, tmp_path: Path) -> None:
    chance = random.Random(11)
    jobs = {number: f"env-{number % 9}" for number in range(54)}
    # Whoever is killed comes back under its name, and goes on. On a busy machine a heartbeat may be late, which is another test.
    with workers(tmp_path, ENVCLONE_DATABASE_URL=url, ENVCLONE_DEAD_AFTER="60s") as pool:
        alive = {name: pool.start(ENVCLONE_REPLICA=name) for name in ("one", "two")}
        pool.wait(lambda: len(store.replicas()) == 2, "two heartbeats")
        for kill in range(3):
            # So many are always left to be done, however late a kill comes.
            order(store, {number: name for number, name in jobs.items() if number // 14 == kill})
            seen = len(pool.runs)
            pool.wait(lambda seen=seen: len(pool.runs) > seen + chance.randrange(5, 40), f"work before kill {kill}")  # type: ignore[misc]
            name = chance.choice(sorted(alive))
            alive[name].kill()
            alive[name].wait()
            alive[name], restarted = pool.start(ENVCLONE_REPLICA=name), time.monotonic()
        order(store, {number: name for number, name in jobs.items() if number // 14 == 3})
        pool.wait(lambda: len(pool.effects) == len(expected(jobs)), "all effects")
        # Whoever was started last may not listen to signals before its first heartbeat.
        pool.wait(lambda: all_beat_since(restarted, store), "a heartbeat of each")
        assert [pool.stop(worker) for worker in alive.values()] == [0, 0]
        assert pool.effects == expected(jobs)
        assert (pool.answers, pool.overlaps) == ({}, [])


def test_a_replica_declared_dead_by_mistake_does_no_harm(url: str, store: PostgresStore, tmp_path: Path) -> None:
    jobs = {number: f"env-{number % 6}" for number in range(60)}
    with workers(tmp_path, ENVCLONE_DATABASE_URL=url) as pool:
        one, two = pool.start(ENVCLONE_REPLICA="one"), pool.start(ENVCLONE_REPLICA="two")
        pool.wait(lambda: len(store.replicas()) == 2, "two heartbeats")
        order(store, jobs)
        wait_until_they_work(pool, store, jobs, one.pid)
        one.send_signal(signal.SIGSTOP)
        pool.wait(
            lambda: any(r.name == "one" and r.silent_for.total_seconds() > 5 for r in store.replicas()), "silence"
        )
        one.send_signal(signal.SIGCONT)
        pool.wait(lambda: len(pool.effects) == len(expected(jobs)), "all effects")
        assert [pool.stop(one), pool.stop(two)] == [0, 0]
        assert pool.effects == expected(jobs)
        print(f"{len(pool.runs) - len(expected(jobs))} steps begun again")


def test_two_replicas_of_one_name_are_refused(url: str, store: PostgresStore, tmp_path: Path) -> None:
    with workers(tmp_path, ENVCLONE_DATABASE_URL=url, ENVCLONE_REPLICA="one") as pool:
        pool.start()
        pool.wait(lambda: store.replicas() != [], "the first heartbeat")
        assert pool.start().wait(PATIENCE) == 1
        assert "another worker is already called one" in pool.log.read_text()

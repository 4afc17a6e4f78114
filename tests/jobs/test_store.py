"""The service's database: the same behaviour on SQLite and on PostgreSQL."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from bot.clients.store import IGNORED, SQLITE_FILE, CommandLimit, Delivery, JobStore, StoreUnavailable, open_store
from bot.clients.store.arrivals import packed, unpacked
from bot.clients.store.database_url import noticing_silence
from bot.clients.store.postgres import PostgresStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str | None:
    """Where the store lies: None is SQLite."""
    return request.getfixturevalue("postgres").database() if request.param == "postgres" else None


@pytest.fixture
def store(url: str | None, tmp_path: Path) -> Iterator[JobStore]:
    store = open_store(url, tmp_path)
    yield store
    store.close()


def delivery(name: str, at: datetime = NOW) -> Delivery:
    return Delivery(name, "issue_comment", name.encode() * 3, at)


def settled(store: JobStore, limit: int = 100) -> list[Delivery]:
    seen: list[Delivery] = []

    def settle(one: Delivery) -> str:
        seen.append(one)
        return "queued"

    assert store.settle_next(limit, settle) == len(seen)
    return seen


def taken(store: JobStore, limit: int = 100) -> list[str]:
    return [one.id for one in settled(store, limit)]


def test_deliveries_come_back_as_they_were_oldest_first(store: JobStore) -> None:
    given = [delivery(name) for name in "cab"]
    assert store.append(given) == [True, True, True]
    assert settled(store, 2) == given[:2]
    assert taken(store) == ["b"]
    assert taken(store) == []


def test_an_id_is_written_once_in_a_batch_and_over_batches(store: JobStore) -> None:
    assert store.append([delivery("a"), delivery("b"), delivery("a")]) == [True, True, False]
    assert store.append([delivery("b"), delivery("c")]) == [False, True]
    assert taken(store) == ["a", "b", "c"]
    assert store.append([delivery("a")]) == [False]


def test_what_could_not_be_settled_waits_on(store: JobStore) -> None:
    store.append([delivery("a"), delivery("b")])

    def settle(one: Delivery) -> str:
        raise RuntimeError(one.id)

    with pytest.raises(RuntimeError):
        store.settle_next(10, settle)
    assert taken(store) == ["a", "b"]


def test_waiting_is_counted_with_its_age(store: JobStore) -> None:
    assert store.waiting().count == 0
    store.append([delivery("a", datetime.now(UTC) - timedelta(minutes=5)), delivery("b", datetime.now(UTC))])
    waiting = store.waiting()
    assert waiting.count == 2
    assert waiting.oldest >= timedelta(minutes=5)


def test_heartbeats_tell_who_is_silent(store: JobStore) -> None:
    store.beat("one", "a 1\n")
    store.beat("two", "a 2\n")
    store.beat("one", "a 3\n")
    assert [(r.name, r.metrics) for r in store.replicas()] == [("one", "a 3\n"), ("two", "a 2\n")]
    assert all(timedelta(0) <= r.silent_for < timedelta(minutes=1) for r in store.replicas())


def test_a_heartbeat_from_before_the_clock_was_put_back_is_no_life_and_the_next_one_of_anybody_makes_it_one_of_now(
    store: JobStore, url: str | None, tmp_path: Path
) -> None:
    store.beat("dead", "")
    day = timedelta(days=1)
    if url is None:
        with closing(sqlite3.connect(tmp_path / SQLITE_FILE)) as file, file:
            file.execute("UPDATE replicas SET beat_at = beat_at + ?", (day.total_seconds(),))
    else:
        with psycopg.connect(url) as session:
            session.execute("UPDATE envclone.replicas SET beat_at = beat_at + %s", (day,))
    (dead,) = store.replicas()
    assert dead.silent_for < timedelta(0)
    assert not dead.is_alive(day / 2)
    store.beat("one", "")
    assert all(timedelta(0) <= each.silent_for < day / 2 for each in store.replicas())


def test_a_step_that_begins_is_known_until_it_ends(store: JobStore, url: str | None, tmp_path: Path) -> None:
    assert store.unfinished("job", "one") == 0
    store.begin("job", "one")
    store.begin("other", "one")
    assert store.unfinished("job", "one") == 1
    again = open_store(url, tmp_path)  # as after the death of the worker
    again.begin("job", "one")
    assert again.unfinished("job", "one") == 2
    assert again.unfinished("job", "two") == 0
    again.close()
    store.begin("job", "two")
    assert (store.unfinished("job", "one"), store.unfinished("job", "two")) == (0, 1)
    store.end("job")
    assert (store.unfinished("job", "two"), store.unfinished("other", "one")) == (0, 1)


def test_the_death_of_a_step_may_count_more_and_be_taken_back(store: JobStore) -> None:
    store.begin("job", "one")
    store.begin("job", "one", 5)
    store.begin("other", "one", 5)
    assert store.unfinished("job", "one") == 6
    store.forgive("job", 2)
    store.forgive("job", 9)
    store.forgive("nobody", 0)
    assert (store.unfinished("job", "one"), store.unfinished("other", "one")) == (2, 5)
    store.begin("job", "two", 0)
    assert store.unfinished("job", "two") == 0


def test_commands_are_counted_over_all_workers_and_forgotten_in_time(
    store: JobStore, url: str | None, tmp_path: Path
) -> None:
    limit, other = CommandLimit(2, timedelta(hours=1)), open_store(url, tmp_path)
    assert store.admits("eve", 1, NOW, limit)
    assert other.admits("eve", 2, NOW + timedelta(minutes=1), limit)
    assert store.admits("eve", 2, NOW + timedelta(minutes=2), limit)
    assert not store.admits("eve", 3, NOW + timedelta(minutes=59), limit)
    assert store.admits("ana", 3, NOW + timedelta(minutes=59), limit)
    assert other.admits("eve", 4, NOW + timedelta(minutes=60), limit)
    assert not other.admits("eve", 5, NOW + timedelta(minutes=60), limit)
    other.close()


def test_old_deliveries_are_forgotten_and_waiting_ones_never(store: JobStore) -> None:
    now = datetime.now(UTC)
    ages = {"young": 1, "week": 10, "ancient": 100}
    store.append([delivery(name, now - timedelta(days=days)) for name, days in ages.items()])
    taken(store)
    store.append([delivery("waiting", now - timedelta(days=100))])
    store.prune()
    assert store.append([delivery(name) for name in (*ages, "waiting")]) == [False, False, True, False]
    assert {one.id: one.body for one in settled(store)} == {"waiting": b"waiting" * 3, "ancient": b"ancient" * 3}


def test_the_body_of_what_asked_for_nothing_is_dropped_at_once_and_its_id_after_a_week(
    store: JobStore, url: str | None, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    store.append([delivery("chatter", now), delivery("old chatter", now - timedelta(days=10))])
    assert store.settle_next(10, lambda one: IGNORED) == 2
    store.prune()
    assert store.append([delivery("chatter"), delivery("old chatter")]) == [False, True]
    assert taken(store) == ["old chatter"]
    if url is None:
        with closing(sqlite3.connect(tmp_path / SQLITE_FILE)) as file:
            found = file.execute("SELECT id, length(body) FROM deliveries").fetchall()
    else:
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT id, length(body) FROM envclone.deliveries").fetchall()
    assert dict(found) == {"chatter": 0, "old chatter": len("old chatter" * 3)}


def test_deliveries_that_ask_for_nothing_leave_no_room_taken_in_the_file(tmp_path: Path) -> None:
    store = open_store(None, tmp_path)
    for batch in range(10):
        store.append([Delivery(f"{batch}-{n}", "issue_comment", b"x" * 3_500, NOW) for n in range(100)])
        assert store.settle_next(100, lambda one: IGNORED) == 100
    store.close()
    assert (tmp_path / SQLITE_FILE).stat().st_size < 1_000_000  # the bodies alone were 3.5 MB


def test_a_database_that_is_deleted_while_it_is_open_loses_no_delivery(tmp_path: Path) -> None:
    web, worker = open_store(None, tmp_path), open_store(None, tmp_path)
    web.append([delivery("done")])
    assert taken(worker) == ["done"]
    web.append([delivery("before")])
    for each in tmp_path.glob(f"{SQLITE_FILE}*"):
        each.unlink()
    assert web.append([delivery("after"), delivery("done")]) == [True, False]
    assert taken(worker) == ["before", "after"]
    started_again = open_store(None, tmp_path)
    assert taken(started_again) == []
    assert started_again.append([delivery("before")]) == [False]
    for store in (web, worker, started_again):
        store.close()


def test_a_database_that_is_deleted_while_deliveries_are_settled_loses_none_that_arrives_meanwhile(
    tmp_path: Path,
) -> None:
    web, worker = open_store(None, tmp_path), open_store(None, tmp_path)
    web.append([delivery("before")])

    def settle(one: Delivery) -> str:
        for each in tmp_path.glob(f"{SQLITE_FILE}*"):
            each.unlink()
        assert web.append([delivery("meanwhile")]) == [True]
        return "queued"

    assert worker.settle_next(10, settle) == 1
    assert taken(worker) == ["meanwhile"]
    assert web.append([delivery("before"), delivery("meanwhile")]) == [False, False]
    assert taken(worker) == []
    web.close()
    worker.close()


def test_an_id_that_came_before_the_web_process_began_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_store(None, tmp_path)
    first.append([delivery("a"), delivery("b")])
    first.close()
    second = open_store(None, tmp_path)
    assert second.append([delivery("b"), delivery("c"), delivery("a")]) == [False, True, False]
    # Too many to remember: it arrives twice, and is settled once.
    monkeypatch.setattr("bot.clients.store.arrivals.MOST_REMEMBERED", 1)
    assert second.append([delivery("d"), delivery("e")]) == [True, True]
    assert second.append([delivery("d")]) == [True]
    assert taken(second, 4) == ["a", "b", "c", "d"]
    assert taken(second) == ["e"]
    second.close()


def test_what_an_older_version_left_waiting_is_settled_first(tmp_path: Path) -> None:
    store = open_store(None, tmp_path)
    store.append([delivery("new")])
    with closing(sqlite3.connect(tmp_path / SQLITE_FILE)) as file:
        columns = "(id, event, body, received_at) VALUES (?, ?, ?, ?)"
        file.execute("INSERT INTO deliveries " + columns, ("old", "issue_comment", b"old" * 3, NOW.timestamp()))
        file.commit()
    assert store.waiting().count == 2
    assert settled(store) == [delivery("old"), delivery("new")]
    store.close()


TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds it


@given(st.lists(st.builds(Delivery, st.text(), st.text(), st.binary(), TIMES)))
def test_deliveries_that_are_packed_together_come_out_as_they_went_in(deliveries: list[Delivery]) -> None:
    assert unpacked(packed(deliveries)) == deliveries


def test_two_stores_append_side_by_side(url: str | None, store: JobStore, tmp_path: Path) -> None:
    other = open_store(url, tmp_path)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: (store if n % 2 else other).append([delivery(f"d{n}")]), range(200)))
    assert sorted(taken(store, 500)) == sorted(f"d{n}" for n in range(200))
    other.close()


def test_a_closed_store_says_that_it_is_unavailable(url: str | None, tmp_path: Path) -> None:
    store = open_store(url, tmp_path)
    if isinstance(store, PostgresStore):
        broken: JobStore = open_store(url, tmp_path)
        store.close()
        store.check()  # a lost connection is opened again
        broken.close()
    else:
        store.close()
        with pytest.raises(StoreUnavailable):
            store.check()
    store.close()


def test_a_name_is_held_by_one(url: str | None, store: JobStore, tmp_path: Path) -> None:
    other = open_store(url, tmp_path)
    store.hold("one", timedelta(0))
    with pytest.raises(StoreUnavailable, match="another worker"):
        other.hold("one", timedelta(0))
    store.close()
    other.hold("one", timedelta(seconds=30))
    other.close()


@pytest.mark.postgres
def test_a_name_is_taken_again_when_the_session_that_held_it_is_gone(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres").database()
    store, other = PostgresStore(url), PostgresStore(url)
    store.hold("one", timedelta(0))
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
            "WHERE application_name = 'envclone name' AND datname = current_database()"
        )
    store.beat("one", "")
    with pytest.raises(StoreUnavailable, match="another worker"):
        other.hold("one", timedelta(0))
    store.close()
    other.close()


def test_connections_end_when_nothing_is_heard_of_the_database() -> None:
    url = "postgresql://envclone:p%40ss@db.example/jobs?options=-c%20search_path%3Dx&keepalives_idle=60"
    found = conninfo_to_dict(noticing_silence(url))
    assert (found["password"], found["options"], found["host"]) == ("p@ss", "-c search_path=x", "db.example")
    assert (found["keepalives_idle"], found["keepalives_count"], found["tcp_user_timeout"]) == ("60", "3", "30000")
    assert conninfo_to_dict(noticing_silence("postgresql://envclone@/jobs?host=/run"))["host"] == "/run"


@pytest.mark.postgres
def test_two_workers_never_settle_the_same_delivery(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres").database()
    stores = [PostgresStore(url), PostgresStore(url)]
    stores[0].append([delivery(f"d{n}") for n in range(300)])
    both = threading.Barrier(2)

    def work(store: JobStore) -> list[str]:
        both.wait()
        return [name for _ in range(40) for name in taken(store, 10)]

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(work, stores)
    assert sorted(one + two) == sorted(f"d{n}" for n in range(300))
    for store in stores:
        store.close()


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailable) as unavailable:
        PostgresStore("postgresql://envclone:dummy-password@127.0.0.1:9/none")
    assert "127.0.0.1" in str(unavailable.value)
    assert "dummy-password" not in str(unavailable.value)

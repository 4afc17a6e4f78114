"""Deliveries on their way through the journal: none that was acknowledged is lost, none is settled twice."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.store import IGNORED, SQLITE_FILE, Delivery, SqliteStore, StoreUnavailable, open_store
from bot.clients.store.journal import HALF, Journal
from bot.clients.store.journaled import JournaledStore
from bot.web.inbox import Inbox
from tests.support.patience import PATIENCE

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def deliveries(*names: str) -> list[Delivery]:
    return [Delivery(name, "issue_comment", name.encode() * 3, NOW) for name in names]


def journaled(directory: Path) -> JournaledStore:
    store = open_store(None, directory, takes_deliveries=True)
    assert isinstance(store, JournaledStore)
    return store


def settled(directory: Path) -> list[str]:
    """Let a worker settle what is in the database."""
    seen: list[str] = []

    def settle(one: Delivery) -> str:
        seen.append(one.id)
        return IGNORED

    with closing(SqliteStore(directory / SQLITE_FILE)) as worker:
        while worker.settle_next(100, settle):
            pass
    return seen


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_deliveries_come_into_the_database_once_each_and_in_order(tmp_path: Path) -> None:
    store = journaled(tmp_path)
    assert store.append(deliveries("a", "b", "a")) == [True, True, False]
    assert store.append_now(deliveries("b", "c")) == [False, True]
    until(lambda: SqliteStore.waiting(store).count == 3)
    assert store.append_now(deliveries("c", "a")) == [False, False]
    until(lambda: store.waiting().count == 3)
    assert settled(tmp_path) == ["a", "b", "c"]
    assert store.append(deliveries("a", "d")) == [False, True]
    store.close()
    assert settled(tmp_path) == ["d"]
    assert sorted(each.name for each in tmp_path.glob("*.arrivals")) == []


def test_what_a_process_that_was_killed_left_is_moved_by_the_next_one(tmp_path: Path) -> None:
    with closing(open_store(None, tmp_path)) as database:
        database.append(deliveries("moved"))  # as if it was killed before it forgot what it had moved
    left = Journal(tmp_path / f"{SQLITE_FILE}.arrivals")
    left.begin()
    assert left.write(deliveries("moved", "a"))
    left.turn()
    assert left.write(deliveries("b"))
    left.close(is_empty=False)
    store = journaled(tmp_path)
    assert settled(tmp_path) == ["moved", "a", "b"]
    assert store.append_now(deliveries("b", "c")) == [False, True]
    store.close()
    assert settled(tmp_path) == ["c"]


def test_while_the_database_takes_nothing_nothing_more_is_taken_and_nothing_is_lost(tmp_path: Path) -> None:
    store = journaled(tmp_path)

    taken = ["a"]

    def is_refused() -> bool:
        name = str(len(taken))
        try:
            assert store.append(deliveries(name)) == [True]
        except StoreUnavailable:
            return True
        taken.append(name)
        return False

    with closing(sqlite3.connect(tmp_path / SQLITE_FILE, isolation_level=None)) as saboteur:
        saboteur.execute("ALTER TABLE arrivals RENAME TO away")
        assert store.append_now(deliveries("a")) == [True]
        until(is_refused)
        with pytest.raises(StoreUnavailable):
            store.check()
        assert store.append_now(deliveries("b")) is None
        saboteur.execute("ALTER TABLE away RENAME TO arrivals")
    until(lambda: store.append_now(deliveries("c")) == [True])
    store.close()
    assert settled(tmp_path) == [*taken, "c"]


def test_a_store_that_is_closed_while_the_database_takes_nothing_leaves_its_journal(tmp_path: Path) -> None:
    store = journaled(tmp_path)
    with closing(sqlite3.connect(tmp_path / SQLITE_FILE, isolation_level=None)) as saboteur:
        saboteur.execute("ALTER TABLE arrivals RENAME TO away")
        assert store.append_now(deliveries("a")) == [True]
        store.close()
        with pytest.raises(StoreUnavailable):
            store.append(deliveries("b"))
        saboteur.execute("ALTER TABLE away RENAME TO arrivals")
    journaled(tmp_path).close()
    assert settled(tmp_path) == ["a"]


def test_files_that_are_deleted_while_they_are_open_lose_no_delivery(tmp_path: Path) -> None:
    store = journaled(tmp_path)
    store.append(deliveries("before"))
    # Files are deleted one after the other: whoever makes the first anew meanwhile has its second deleted.
    until(lambda: SqliteStore.waiting(store).count == 1)
    for each in tmp_path.glob(f"{SQLITE_FILE}*"):
        each.unlink()
    assert store.append_now(deliveries("after")) is None
    assert store.append(deliveries("after", "before")) == [True, False]
    assert store.append_now(deliveries("at last")) == [True]
    store.close()
    assert settled(tmp_path) == ["before", "after", "at last"]


def test_a_second_process_appends_without_the_journal_until_the_first_has_died_and_moves_what_that_left(
    tmp_path: Path,
) -> None:
    first = Journal(tmp_path / f"{SQLITE_FILE}.arrivals")
    first.begin()
    assert first.write(deliveries("a"))
    second = journaled(tmp_path)
    assert second.append_now(deliveries("b")) is None
    assert second.append(deliveries("b")) == [True]
    first.close(is_empty=False)
    until(lambda: second.append_now(deliveries("c")) == [True])
    second.close()
    assert sorted(settled(tmp_path)) == ["a", "b", "c"]


def test_where_no_journal_can_be_made_deliveries_go_to_the_database(tmp_path: Path) -> None:
    (tmp_path / f"{SQLITE_FILE}.arrivals").mkdir()
    store = journaled(tmp_path)
    assert store.append_now(deliveries("a")) is None
    assert store.append(deliveries("a", "b", "a")) == [True, True, False]
    store.check()
    store.close()
    assert settled(tmp_path) == ["a", "b"]


def test_what_does_not_fit_into_a_half_that_is_not_yet_half_full_waits_for_the_other(tmp_path: Path) -> None:
    store = journaled(tmp_path)
    almost = Delivery("almost half", "push", bytes(HALF // 2 - 200), NOW)
    half = [Delivery(str(number), "push", bytes(HALF // 2 // 100), NOW) for number in range(100)]
    found: list[list[bool]] = []
    writes = threading.Thread(target=lambda: found.append(store.append(half)), daemon=True)
    with closing(sqlite3.connect(tmp_path / SQLITE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # what is moved waits for it, in one half
        assert store.append_now(deliveries("a")) == [True]
        until(lambda: store.append_now([almost]) == [True])
        writes.start()
        other.execute("COMMIT")
    writes.join(PATIENCE)
    assert found == [[True] * 100]
    store.close()
    assert sorted(settled(tmp_path)) == sorted(["a", "almost half", *(one.id for one in half)])


def test_more_than_the_journal_holds_is_taken(tmp_path: Path) -> None:
    store = journaled(tmp_path)
    large = Delivery("large", "push", bytes(HALF), NOW)
    assert store.append_now([large]) is None
    assert store.append([large]) == [True]
    many = [Delivery(str(number), "push", bytes(HALF // 5), NOW) for number in range(12)]
    assert [store.append([one]) for one in many] == [[True]] * 12
    store.close()
    assert sorted(settled(tmp_path)) == sorted(["large", *(one.id for one in many)])


@pytest.mark.parametrize("quick", [timedelta(0), timedelta(minutes=5)], ids=["a slow disk", "a quick disk"])
def test_the_inbox_writes_each_delivery_down_once_however_quick_the_disk(tmp_path: Path, quick: timedelta) -> None:
    store = journaled(tmp_path)

    async def deliver() -> list[bool]:
        inbox = Inbox(store, quick)
        found = [await inbox.put(one) for one in deliveries("a", "b")]
        found += await asyncio.gather(*(inbox.put(one) for one in deliveries(*"bcdefgh")))
        await inbox.close()
        return found

    assert asyncio.run(deliver()) == [True, True, False, True, True, True, True, True, True]
    store.close()
    assert settled(tmp_path) == list("abcdefgh")

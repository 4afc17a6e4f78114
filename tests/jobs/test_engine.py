"""What we lean on in the engine, and what its version is pinned for."""

import inspect
import sqlite3
import time
from contextlib import closing
from importlib.metadata import version

from dbos import DBOS
from dbos._queue import queue_worker_thread
from dbos._recovery import recover_pending_workflows
from dbos._serialization import DBOSPortableJSON
from dbos._sys_db import SystemDatabase

from bot.jobs.engine import OldSqlite, left


def test_the_calls_that_are_not_public_are_where_they_were() -> None:
    assert version("dbos") == "3.4.0"
    assert list(inspect.signature(DBOS._recover_pending_workflows).parameters) == ["executor_ids"]
    assert list(inspect.signature(recover_pending_workflows).parameters) == ["dbos", "executor_ids"]
    assert DBOSPortableJSON.name() == "portable_json"
    assert list(inspect.signature(SystemDatabase.dequeue_scopes).parameters) == ["self", "queue_name"]
    assert list(inspect.signature(SystemDatabase.get_queue).parameters) == ["self", "name", "client_system_database"]
    assert "_sys_db.get_queue(queue.name)" in inspect.getsource(queue_worker_thread)
    assert "in scopes:" in inspect.getsource(queue_worker_thread), "where there is no scope, no job is looked for"


def test_no_wait_is_longer_by_a_clock_that_was_put_back() -> None:
    now = time.time()
    assert [left(now + seconds, 60) for seconds in (86_400, -5)] == [60, 0]
    assert 50 < left(now + 59, 60) <= 59


def test_a_sqlite_before_3_42_writes_the_timestamps_of_newer_pythons() -> None:
    before = int(time.time())
    with closing(sqlite3.connect(":memory:", factory=OldSqlite)) as connection:
        connection.execute("CREATE TABLE seen (name TEXT, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))")
        connection.execute("INSERT INTO seen (name) VALUES ('a')")
        ((at,),) = connection.execute("SELECT at FROM seen").fetchall()

    assert before * 1000 <= at <= time.time() * 1000

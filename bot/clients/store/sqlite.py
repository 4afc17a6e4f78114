"""The service's database in one SQLite file, in WAL: the web process appends while the worker reads.

`synchronous=FULL`: an acknowledged delivery also survives a power cut, not just a crash of the process.
"""

import fcntl
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from bot.clients.store import arrivals
from bot.clients.store.arrivals import Arrivals, carry_over, take, write_down
from bot.clients.store.records import (
    KEEP_BODIES,
    KEEP_DELIVERIES,
    KEEP_IGNORED,
    KEEP_REPLICAS,
    KEEP_STEPS,
    CommandLimit,
    Delivery,
    Replica,
    StoreUnavailable,
    Waiting,
)

log = logging.getLogger(__name__)

SCHEMA = f"""{arrivals.SCHEMA}
CREATE TABLE IF NOT EXISTS replicas (name TEXT PRIMARY KEY, beat_at REAL NOT NULL, metrics TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS commands (author TEXT NOT NULL, comment INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (author, comment));
CREATE TABLE IF NOT EXISTS steps (job TEXT PRIMARY KEY, step TEXT NOT NULL, begun INTEGER NOT NULL, at REAL NOT NULL);
"""


class SqliteStore:
    """One file. Use it from one web process and one worker process."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._held: TextIO | None = None
        self._connection, self._file = self._opened()
        self._arrivals = Arrivals(self._connection)

    def _opened(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        """Open the file, and make what is missing; return with which file of the disk that was."""
        try:
            # Autocommit: transactions are begun where they are meant to be.
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
            with ExitStack() as unless_ready:
                unless_ready.callback(connection.close)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.executescript(SCHEMA)
                found = file_at(self._path)
                unless_ready.pop_all()
            return connection, found
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error

    def _reopen(self) -> None:
        """Open the file that is there now, with what the deleted one knew of deliveries: whoever has it open still reads it."""
        old = self._connection
        self._connection, self._file = self._opened()
        copied = carry_over(old, self._connection)
        old.close()
        log.error("the database was deleted: created again", extra={"action": "reopen", "deliveries": copied})

    def another(self) -> "SqliteStore":
        """Open the file once more, by a connection of its own. Both know what either appends."""
        another = SqliteStore(self._path)
        another._arrivals = self._arrivals
        return another

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return which of the ids have arrived before."""
        with self._reading() as connection:
            return self._arrivals.known(connection, ids)

    def append(self, deliveries: Sequence[Delivery]) -> list[bool]:
        with self._reading() as connection:
            return self._arrivals.append(connection, deliveries)

    def append_all(self, batches: Sequence[Sequence[Delivery]]) -> None:
        """Append several batches, each a row of its own, by one commit."""
        with self._transaction() as connection:
            for batch in batches:
                self._arrivals.append(connection, batch)

    def append_now(self, deliveries: Sequence[Delivery]) -> list[bool] | None:
        return None

    def settle_next(self, limit: int, settle: Callable[[Delivery], str]) -> int:
        with self._reading() as connection:
            taken = take(connection, limit)
        # Not in a transaction: settling takes its time, and the web process must be able to append meanwhile.
        outcomes = [settle(one) for one in taken.deliveries[:limit]]
        if taken.deliveries or taken.arrivals:
            with self._transaction() as connection:
                write_down(connection, taken, outcomes)
        return len(outcomes)

    def waiting(self) -> Waiting:
        with self._reading() as connection:
            count, oldest = arrivals.waiting(connection)
        return Waiting(count, timedelta(seconds=max(0.0, time.time() - oldest)) if oldest is not None else timedelta(0))

    def prune(self) -> None:
        now = time.time()
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM deliveries WHERE outcome IS NOT NULL AND received_at < ?",
                (now - KEEP_DELIVERIES.total_seconds(),),
            )
            connection.execute(
                "DELETE FROM deliveries WHERE outcome = 'ignored' AND received_at < ?",
                (now - KEEP_IGNORED.total_seconds(),),
            )
            connection.execute(
                "UPDATE deliveries SET body = X'' WHERE outcome IS NOT NULL AND body <> X'' AND received_at < ?",
                (now - KEEP_BODIES.total_seconds(),),
            )
            connection.execute("DELETE FROM replicas WHERE beat_at < ?", (now - KEEP_REPLICAS.total_seconds(),))
            connection.execute("DELETE FROM steps WHERE at < ?", (now - KEEP_STEPS.total_seconds(),))

    def admits(self, author: str, comment: int, at: datetime, limit: CommandLimit) -> bool:
        with self._transaction() as connection:
            connection.execute("DELETE FROM commands WHERE at <= ?", ((at - limit.within).timestamp(),))
            earlier = {
                each for (each,) in connection.execute("SELECT comment FROM commands WHERE author = ?", (author,))
            }
            if comment not in earlier and len(earlier) < limit.most:
                connection.execute("INSERT INTO commands VALUES (?, ?, ?)", (author, comment, at.timestamp()))
                return True
            return comment in earlier

    def begin(self, job: str, step: str, counts: int = 1) -> None:
        with self._unsynced() as connection:
            connection.execute(
                "INSERT INTO steps VALUES (?, ?, ?, ?) ON CONFLICT (job) DO UPDATE SET begun = "
                "iif(step = excluded.step, begun, 0) + excluded.begun, step = excluded.step, at = excluded.at",
                (job, step, counts, time.time()),
            )

    def forgive(self, job: str, most: int) -> None:
        with self._unsynced() as connection:
            connection.execute("UPDATE steps SET begun = min(begun, ?) WHERE job = ?", (most, job))

    def unfinished(self, job: str, step: str) -> int:
        with self._reading() as connection:
            found = connection.execute("SELECT begun FROM steps WHERE job = ? AND step = ?", (job, step)).fetchone()
        return int(found[0]) if found else 0

    def end(self, job: str) -> None:
        with self._unsynced() as connection:
            connection.execute("DELETE FROM steps WHERE job = ?", (job,))

    def beat(self, replica: str, metrics: str) -> None:
        with self._transaction() as connection:
            now = time.time()
            connection.execute("INSERT OR REPLACE INTO replicas VALUES (?, ?, ?)", (replica, now, metrics))
            connection.execute("UPDATE replicas SET beat_at = ? WHERE beat_at > ?", (now, now))

    def replicas(self) -> list[Replica]:
        with self._reading() as connection:
            rows = connection.execute("SELECT name, beat_at, metrics FROM replicas ORDER BY name").fetchall()
        now = time.time()
        return [Replica(name, timedelta(seconds=now - beat), metrics) for name, beat, metrics in rows]

    def hold(self, replica: str, patience: timedelta) -> None:
        # One file bears one worker, whatever its name. The lock ends with the process, however that ends.
        held = self._path.with_name(f"{self._path.name}.worker").open("w")
        deadline = time.monotonic() + patience.total_seconds()
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    held.close()
                    raise StoreUnavailable(f"another worker works on {self._path}") from None
                time.sleep(0.1)
            else:
                self._held = held
                return

    def check(self) -> None:
        with self._transaction():
            pass

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            if self._held is not None:
                self._held.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if file_at(self._path) != self._file:
                    self._reopen()
                yield self._connection
            except sqlite3.Error as error:
                raise StoreUnavailable(str(error)) from error

    @contextmanager
    def _unsynced(self) -> Iterator[sqlite3.Connection]:
        """Write what the death of a process must not lose, but a power cut may: without waiting for the disk."""
        with self._reading() as connection:
            connection.execute("PRAGMA synchronous=NORMAL")
            try:
                yield connection
            finally:
                connection.execute("PRAGMA synchronous=FULL")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def file_at(path: Path) -> tuple[int, int]:
    """Return which file of the disk lies at a path; none has zeros."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_dev, found.st_ino)

"""The service's database in PostgreSQL, in a schema of its own: any number of web and worker processes.

The database's clock measures silence, so that replicas with clocks apart agree on who is dead.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from bot.clients.store.database_url import noticing_silence
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

# `CREATE … IF NOT EXISTS` of two processes at once can collide in the catalogue; the advisory lock lets one go first.
SCHEMA = """
SELECT pg_advisory_xact_lock(6150284012);
CREATE SCHEMA IF NOT EXISTS envclone;
CREATE TABLE IF NOT EXISTS envclone.deliveries (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    event text NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    outcome text
);
CREATE INDEX IF NOT EXISTS waiting ON envclone.deliveries (number) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS envclone.replicas (name text PRIMARY KEY, beat_at timestamptz NOT NULL, metrics text NOT NULL);
CREATE TABLE IF NOT EXISTS envclone.commands (
    author text NOT NULL, comment bigint NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (author, comment)
);
CREATE TABLE IF NOT EXISTS envclone.steps (job text PRIMARY KEY, step text NOT NULL, begun integer NOT NULL, at timestamptz NOT NULL);
"""

APPEND = """
INSERT INTO envclone.deliveries (id, event, body, received_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::timestamptz[])
ON CONFLICT (id) DO NOTHING RETURNING id
"""

NEXT = """
SELECT id, event, body, received_at FROM envclone.deliveries
WHERE outcome IS NULL ORDER BY number LIMIT %s FOR UPDATE SKIP LOCKED
"""

SETTLE = """
UPDATE envclone.deliveries SET outcome = %(outcome)s, body = CASE WHEN %(outcome)s = 'ignored' THEN '' ELSE body END WHERE id = %(id)s
"""

# Whoever counts the same author waits for the lock, so that two comments in two workers are not both the last one.
COUNTED = """
WITH old AS (DELETE FROM envclone.commands WHERE at <= %(since)s)
SELECT comment FROM envclone.commands WHERE author = %(author)s AND at > %(since)s
"""

BEGIN = """
INSERT INTO envclone.steps AS known VALUES (%s, %s, %s, now()) ON CONFLICT (job) DO UPDATE
SET begun = CASE WHEN known.step = EXCLUDED.step THEN known.begun ELSE 0 END + EXCLUDED.begun, step = EXCLUDED.step, at = EXCLUDED.at
"""

BEAT = """
INSERT INTO envclone.replicas VALUES (%s, clock_timestamp(), %s)
ON CONFLICT (name) DO UPDATE SET beat_at = EXCLUDED.beat_at, metrics = EXCLUDED.metrics
"""

BEAT_NOW = (
    "UPDATE envclone.replicas SET beat_at = clock_timestamp() WHERE beat_at > clock_timestamp() + interval '1 second'"
)

PRUNE = (
    ("DELETE FROM envclone.deliveries WHERE outcome = 'ignored' AND received_at < now() - %s", KEEP_IGNORED),
    ("DELETE FROM envclone.deliveries WHERE outcome IS NOT NULL AND received_at < now() - %s", KEEP_DELIVERIES),
    (
        "UPDATE envclone.deliveries SET body = '' WHERE outcome IS NOT NULL AND body <> '' AND received_at < now() - %s",
        KEEP_BODIES,
    ),
    ("DELETE FROM envclone.replicas WHERE beat_at < now() - %s", KEEP_REPLICAS),
    ("DELETE FROM envclone.steps WHERE at < now() - %s", KEEP_STEPS),
)


class PostgresStore:
    """One connection, opened again when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = noticing_silence(url)
        self._lock = threading.Lock()
        self._open: Connection | None = None
        self._held: Connection | None = None
        with self._transaction() as connection:
            connection.execute(SCHEMA)

    def append(self, deliveries: Sequence[Delivery]) -> list[bool]:
        columns = [
            [one.id for one in deliveries],
            [one.event for one in deliveries],
            [one.body for one in deliveries],
            [one.received_at for one in deliveries],
        ]
        with self._transaction() as connection:
            new = {id_ for (id_,) in connection.execute(APPEND, columns)}
        # Of two with one id in the same batch, the first was written.
        firsts = {one.id: position for position, one in reversed(list(enumerate(deliveries)))}
        return [one.id in new and firsts[one.id] == position for position, one in enumerate(deliveries)]

    def append_now(self, deliveries: Sequence[Delivery]) -> list[bool] | None:
        return None

    def settle_next(self, limit: int, settle: Callable[[Delivery], str]) -> int:
        with self._transaction() as connection:
            found = [Delivery(*row) for row in connection.execute(NEXT, (limit,))]
            outcomes = [{"outcome": settle(one), "id": one.id} for one in found]
            if outcomes:
                with connection.cursor() as cursor:
                    cursor.executemany(SETTLE, outcomes)
        return len(outcomes)

    def waiting(self) -> Waiting:
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT count(*), greatest(max(now() - received_at), interval '0') "
                "FROM envclone.deliveries WHERE outcome IS NULL"
            ).fetchone()
        assert row is not None
        return Waiting(row[0], row[1] or timedelta(0))

    def prune(self) -> None:
        with self._transaction() as connection:
            for statement, age in PRUNE:
                connection.execute(statement, (age,))

    def admits(self, author: str, comment: int, at: datetime, limit: CommandLimit) -> bool:
        with self._transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(6150285, hashtext(%s))", (author,))
            asked = {"author": author, "since": at - limit.within}
            earlier = {each for (each,) in connection.execute(COUNTED, asked)}
            if comment not in earlier and len(earlier) < limit.most:
                connection.execute("INSERT INTO envclone.commands VALUES (%s, %s, %s)", (author, comment, at))
                return True
            return comment in earlier

    def begin(self, job: str, step: str, counts: int = 1) -> None:
        with self._transaction() as connection:
            connection.execute("SET LOCAL synchronous_commit = off")
            connection.execute(BEGIN, (job, step, counts))

    def forgive(self, job: str, most: int) -> None:
        with self._transaction() as connection:
            connection.execute("SET LOCAL synchronous_commit = off")
            connection.execute("UPDATE envclone.steps SET begun = least(begun, %s) WHERE job = %s", (most, job))

    def unfinished(self, job: str, step: str) -> int:
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT begun FROM envclone.steps WHERE job = %s AND step = %s", (job, step)
            ).fetchone()
        return int(found[0]) if found is not None else 0

    def end(self, job: str) -> None:
        with self._transaction() as connection:
            connection.execute("SET LOCAL synchronous_commit = off")
            connection.execute("DELETE FROM envclone.steps WHERE job = %s", (job,))

    def beat(self, replica: str, metrics: str) -> None:
        if self._held is not None:
            self._hold_on(self._held, replica)
        with self._transaction() as connection:
            connection.execute(BEAT, (replica, metrics))
            connection.execute(BEAT_NOW)

    def replicas(self) -> list[Replica]:
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT name, clock_timestamp() - beat_at, metrics FROM envclone.replicas ORDER BY name"
            )
            return [Replica(*row) for row in rows]

    def hold(self, replica: str, patience: timedelta) -> None:
        # A session's lock: it ends with the process, or when the server notices that the host is gone.
        try:
            session = psycopg.connect(self._url, autocommit=True, connect_timeout=5, application_name="envclone name")
            deadline = time.monotonic() + patience.total_seconds()
            while not _holds(session, replica):
                if time.monotonic() > deadline:
                    session.close()
                    raise StoreUnavailable(f"another worker is already called {replica}: set ENVCLONE_REPLICA")
                time.sleep(0.1)
        except psycopg.Error as error:
            raise StoreUnavailable(f"PostgreSQL: {type(error).__name__}") from error
        self._held = session

    def _hold_on(self, held: Connection, replica: str) -> None:
        """Take our name again if the session that had it is gone, as after a restart of the database."""
        try:
            held.execute("SELECT 1")
        except psycopg.Error:
            held.close()
            self.hold(replica, timedelta(0))

    def check(self) -> None:
        with self._transaction() as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if row is None or row[0]:
            raise StoreUnavailable("PostgreSQL is a standby that can't be written")

    def close(self) -> None:
        with self._lock:
            for session in (self._open, self._held):
                if session is not None:
                    session.close()
            self._open = self._held = None

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._lock:
            try:
                if self._open is None or self._open.closed:
                    self._open = psycopg.connect(self._url, connect_timeout=5, application_name="envclone")
                with self._open.transaction():
                    yield self._open
            except psycopg.Error as error:
                if self._open is not None:
                    self._open.close()
                # The host is named, the password is not.
                host = conninfo_to_dict(self._url).get("host", "localhost")
                raise StoreUnavailable(f"PostgreSQL at {host}: {type(error).__name__}") from error


def _holds(session: Connection, replica: str) -> bool:
    row = session.execute("SELECT pg_try_advisory_lock(6150284, hashtext(%s))", (replica,)).fetchone()
    return row is not None and bool(row[0])

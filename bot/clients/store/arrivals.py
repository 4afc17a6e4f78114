"""Deliveries in SQLite: those that arrive together are one row until they are settled, and from then on each has its own.

A row for all of them, in a table without an index, has the web process and its disk write a third of what a row for each would. The worker
takes them apart. The functions take a connection, and leave transactions to whoever calls.
"""

import json
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import accumulate, pairwise, zip_longest
from typing import NamedTuple

from bot.clients.store.records import IGNORED, Delivery

SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at REAL NOT NULL,
    outcome TEXT
);
CREATE INDEX IF NOT EXISTS waiting ON deliveries (number) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS arrivals (
    number INTEGER PRIMARY KEY,
    ids TEXT NOT NULL,
    count INTEGER NOT NULL,
    received_at REAL NOT NULL,
    packed BLOB NOT NULL
);
"""

MOST_REMEMBERED = 50_000
"""Ids that a process remembers to have arrived: as many as wait at most. One that is forgotten, and comes again, is settled once all the same."""

_AMONG = "SELECT id FROM deliveries WHERE id IN "


class Taken(NamedTuple):
    """What is to be settled next, and the numbers of the arrivals that it came in."""

    deliveries: list[Delivery]
    arrivals: list[int]


class Arrivals:
    """What a process appends. It remembers where each id went, since no index does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT number, ids FROM arrivals ORDER BY number").fetchall()
        self._numbers = OrderedDict((id_, number) for number, ids in rows for id_ in ids.split())
        self._last = rows[-1][0] if rows else 0

    def append(self, connection: sqlite3.Connection, deliveries: Sequence[Delivery]) -> list[bool]:
        """Write down those that are new, by one statement; return for each whether it was."""
        known = self.known(connection, [one.id for one in deliveries])
        new = {one.id: one for one in reversed(deliveries) if one.id not in known}
        if new:
            self._write(connection, [one for one in deliveries if new.get(one.id) is one])
        return [new.pop(one.id, None) is not None for one in deliveries]

    def _write(self, connection: sqlite3.Connection, new: Sequence[Delivery]) -> None:
        # A number that no other file has had: a database that was deleted goes on in another one, under the hands of the worker.
        number = max(self._last + 1, time.time_ns())
        oldest = min(one.received_at for one in new).timestamp()
        row = (number, " ".join(one.id for one in new), len(new), oldest, packed(new))
        # One statement is its own transaction, and one step, after which this thread waits once for Python's lock.
        connection.execute("INSERT INTO arrivals VALUES (?, ?, ?, ?, ?)", row)
        self._last = number
        self._numbers.update((one.id, number) for one in new)
        while len(self._numbers) > MOST_REMEMBERED:
            self._numbers.popitem(last=False)

    def known(self, connection: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
        """Return which of the ids have arrived before, be they waiting or settled: looked up in this order, which the worker's is, too."""
        waiting = {
            id_
            for id_ in ids
            if (number := self._numbers.get(id_)) is not None
            and connection.execute("SELECT 1 FROM arrivals WHERE number = ?", (number,)).fetchone()
        }
        return waiting | _with_rows(connection, ids)


def take(connection: sqlite3.Connection, limit: int) -> Taken:
    """Return what waits longest, `limit` deliveries or somewhat more: rows of their own first, which the last half arrival left."""
    rows = connection.execute(
        "SELECT id, event, body, received_at FROM deliveries WHERE outcome IS NULL ORDER BY number LIMIT ?", (limit,)
    ).fetchall()
    taken = Taken([Delivery(id_, event, body, datetime.fromtimestamp(at, UTC)) for id_, event, body, at in rows], [])
    with closing(connection.execute("SELECT number, packed FROM arrivals ORDER BY number")) as arrivals:
        while len(taken.deliveries) < limit and (arrival := arrivals.fetchone()) is not None:
            number, content = arrival
            inside = unpacked(content)
            known = _with_rows(connection, [one.id for one in inside]) | {one.id for one in taken.deliveries}
            taken.deliveries.extend(one for one in inside if one.id not in known)
            taken.arrivals.append(number)
    return taken


def write_down(connection: sqlite3.Connection, taken: Taken, outcomes: Sequence[str]) -> None:
    """Give each delivery its row, with its outcome as far as there are outcomes, and without the body of what asked for nothing."""
    connection.executemany("DELETE FROM arrivals WHERE number = ?", [(number,) for number in taken.arrivals])
    connection.executemany(
        # Not an update: a row that only shrinks keeps its page of the file to itself; one that is replaced gives it back.
        "INSERT OR REPLACE INTO deliveries (id, event, body, received_at, outcome) VALUES (?, ?, ?, ?, ?)",
        [
            (one.id, one.event, b"" if outcome == IGNORED else one.body, one.received_at.timestamp(), outcome)
            for one, outcome in zip_longest(taken.deliveries, outcomes)
        ],
    )


def waiting(connection: sqlite3.Connection) -> tuple[int, float | None]:
    """Return how many deliveries wait, and since when the oldest does (in seconds since 1970)."""
    count, oldest = connection.execute(
        "SELECT sum(count), min(received_at) FROM (SELECT count, received_at FROM arrivals "
        "UNION ALL SELECT 1, received_at FROM deliveries WHERE outcome IS NULL)"
    ).fetchone()
    return count or 0, oldest


def carry_over(old: sqlite3.Connection, new: sqlite3.Connection) -> int:
    """Copy what one file knows of deliveries into another, which may have it already; return how many rows that was."""
    rows = old.execute("SELECT id, event, body, received_at, outcome FROM deliveries ORDER BY number").fetchall()
    columns = "(id, event, body, received_at, outcome) VALUES (?, ?, ?, ?, ?)"
    new.executemany("INSERT OR IGNORE INTO deliveries " + columns, rows)
    together = old.execute("SELECT * FROM arrivals ORDER BY number").fetchall()
    new.executemany("INSERT OR IGNORE INTO arrivals VALUES (?, ?, ?, ?, ?)", together)
    return len(rows) + len(together)


def packed(deliveries: Sequence[Delivery]) -> bytes:
    """Return deliveries as a line of JSON, which says of each its id, event, time and length, and their bodies, byte for byte."""
    heads = [(one.id, one.event, one.received_at.timestamp(), len(one.body)) for one in deliveries]
    return b"".join([json.dumps(heads).encode(), b"\n", *(one.body for one in deliveries)])


def unpacked(content: bytes) -> list[Delivery]:
    """Return what was packed."""
    line, _, bodies = content.partition(b"\n")
    heads = json.loads(line)
    ends = pairwise(accumulate((length for *_, length in heads), initial=0))
    return [
        Delivery(id_, event, bodies[start:end], datetime.fromtimestamp(received, UTC))
        for (id_, event, received, _), (start, end) in zip(heads, ends, strict=True)
    ]


def _with_rows(connection: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
    """Return which of the ids have rows of their own."""
    found = connection.execute(_AMONG + f"({', '.join('?' * len(ids))})", ids)
    return {id_ for (id_,) in found}

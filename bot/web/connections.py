"""What a connection may cost before anybody is known to be behind it: time, bytes, and its place among the others.

uvicorn bounds the size of headers and the pause between two requests, but not how long one request takes to arrive, how
many connections there are, or what all of them hold. So each connection that waits for (the rest of) a request has a
deadline from its first moment on, and when there are too many of them, or they hold too much, the one that has waited
longest goes. A real delivery arrives within milliseconds, so it is never the one, however many others are held open.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as HttpProtocol
except (
    ImportError
):  # a platform for which nobody has built httptools; h11 is Python, and takes twice as long for a request
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol  # type: ignore[assignment]

REQUEST_WITHIN = timedelta(seconds=10)
"""For headers and body together. GitHub itself gives up on a delivery after ten seconds."""

ALL_BYTES = 32 * 1024 * 1024
"""Held by all requests that are not complete yet: sixteen of the largest, thousands of the usual size."""

READ_AT_ONCE = 16 * 1024
"""Bytes that the event loop reads of one connection before it looks at the others. By itself it takes 256 KiB of each, so a flood would have
sent four times what all may hold before the first of those that were dropped for it is gone."""

HEADER_ROOM = 64 * 1024
"""Beside a body of the largest size: headers and the framing of chunks. GitHub's headers have about a kilobyte."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of one listening socket's connections; bytes are those received for requests that are not complete.

    `header_bytes` are those received while the headers are not.
    """

    connections: int
    request_bytes: int
    all_bytes: int = ALL_BYTES
    header_bytes: int = HEADER_ROOM
    request_within: timedelta = REQUEST_WITHIN


class Connections:
    """The connections of one server. Belongs to one event loop."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        # By the loop's clock. All have the same time, so whoever was given it first loses it first, and one timer does for all.
        self._deadlines: dict[BoundedProtocol, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        # Bytes of those that wait for (the rest of) a request, in order of arrival; the others are being answered.
        self._waiting: dict[BoundedProtocol, int] = {}
        self._received = 0

    def wait(self, connection: "BoundedProtocol") -> None:
        """Note that a connection waits for a request, and make room for it. One that waits already keeps its deadline."""
        if connection in self._waiting:
            return
        self._set_deadline(connection)
        self._waiting[connection] = 0
        if len(self._deadlines) > self._limits.connections:
            self._drop(next(iter(self._waiting)))

    def received(self, connection: "BoundedProtocol", size: int) -> None:
        """Count what arrived for a request that is not complete."""
        if connection not in self._waiting:
            return
        self._waiting[connection] += size
        self._received += size
        if self._waiting[connection] > self._limits.request_bytes:
            self._drop(connection)
        while self._received > self._limits.all_bytes:
            self._drop(next(iter(self._waiting)))

    def read_headers(self, connection: "BoundedProtocol") -> None:
        """Note that a request's headers are not complete; the parser bounds neither their size nor their number."""
        if self._waiting.get(connection, 0) > self._limits.header_bytes:
            self._drop(connection)

    def answer(self, connection: "BoundedProtocol") -> None:
        """Note that a connection's request is complete. It is not dropped for others now, but its peer has to read."""
        if connection in self._waiting:
            self._set_deadline(connection)
            self._received -= self._waiting.pop(connection)

    def forget(self, connection: "BoundedProtocol") -> None:
        """Forget a connection that is gone."""
        self._deadlines.pop(connection, None)
        self._received -= self._waiting.pop(connection, 0)

    def _set_deadline(self, connection: "BoundedProtocol") -> None:
        loop = connection.loop
        self._deadlines.pop(connection, None)
        self._deadlines[connection] = loop.time() + self._limits.request_within.total_seconds()
        if self._timer is None:
            self._timer = loop.call_at(self._deadlines[connection], self._drop_late, loop)

    def _drop_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drop whose time is over, and come back when the next one's is."""
        self._timer = None
        # Two connections can have their deadlines within the clock's resolution, and a timer may ring that much early.
        while self._deadlines and next(iter(self._deadlines.values())) <= loop.time():
            self._drop(next(iter(self._deadlines)))
        if self._deadlines:
            self._timer = loop.call_at(next(iter(self._deadlines.values())), self._drop_late, loop)

    def _drop(self, connection: "BoundedProtocol") -> None:
        self.forget(connection)
        # Not `close`, which would wait for a peer that does not read.
        connection.transport.abort()


class BoundedProtocol(HttpProtocol):
    """uvicorn's HTTP/1.1 connection, with the bounds of its `Connections`."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._all = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.max_size = READ_AT_ONCE  # type: ignore[attr-defined]  # of asyncio's own transports
        super().connection_made(transport)
        self._all.wait(self)

    def data_received(self, data: bytes) -> None:
        self._all.received(self, len(data))
        if not self.transport.is_closing():
            super().data_received(data)
            self._note()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._note()

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.forget(self)
        super().connection_lost(exc)

    def _note(self) -> None:
        if self.transport.is_closing() or (self.cycle is not None and self.cycle.more_body):
            return
        if self.cycle is None or self.cycle.response_complete:
            self._all.wait(self)
            self._all.read_headers(self)
        else:
            self._all.answer(self)

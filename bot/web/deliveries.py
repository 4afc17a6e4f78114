"""The connections that deliveries come on: one that is complete goes to the inbox straight away, past uvicorn's task for it and ASGI.

That saves a third of what a delivery costs the process. Everything else goes the usual way: what is refused, what is no delivery, a peer that does not read. Where uvicorn
has no httptools to read with (or another way to begin), nobody calls `_start_asgi_task` here, and deliveries go the usual way, too.
"""

from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from bot.web.connections import BoundedProtocol, Connections
from bot.web.webhook import Announced, Webhook


class DeliveryProtocol(BoundedProtocol):
    """A connection with bounds, whose complete deliveries are written down without further ado."""

    def __init__(self, connections: Connections, path: str, webhook: Webhook, **given: Any) -> None:
        super().__init__(connections, **given)
        self._path, self._webhook = path, webhook
        self._begun: tuple[Any, Any, Announced | None] | None = None

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        # The headers are complete, and what came with them is read next.
        is_delivery = cycle.scope["path"] == self._path and cycle.scope["method"] == "POST"
        self._begun = cycle, app, self._webhook.announced(cycle.scope) if is_delivery else None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._go_on()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._go_on()

    def _go_on(self) -> None:
        """Take the delivery if all of it is here, wait for the rest, or leave it to the application."""
        if self._begun is None:
            return
        cycle, app, announced = self._begun
        if announced is not None and cycle.keep_alive and not cycle.waiting_for_100_continue:
            # A body that is too long to be kept here is read by the application, which lets it go on.
            if cycle.more_body and not self.flow.read_paused and not self.transport.is_closing():
                return
            is_here = not cycle.more_body and not self.flow.write_paused
            if is_here and self._webhook.take(announced, bytes(cycle.body), partial(self._answer, cycle)):
                self._begun, cycle.body = None, bytearray()
                return
        self._begun = None
        super()._start_asgi_task(cycle, app)

    def _answer(self, cycle: Any, response: Response) -> None:
        """Write a response in one go, as `cycle.send` writes it in two."""
        if cycle.disconnected or self.transport.is_closing():
            return
        status = HTTPStatus(response.status_code)
        # A server that was told to stop takes the connection's next request away meanwhile.
        closing = [] if cycle.keep_alive else [(b"connection", b"close")]
        headers = [*cycle.default_headers, *response.raw_headers, *closing]
        self.transport.write(
            b"HTTP/1.1 %d %s\r\n%s\r\n%s"
            % (
                status,
                status.phrase.encode(),
                b"".join([b"%s: %s\r\n" % header for header in headers]),
                response.body,
            )
        )
        cycle.response_started = cycle.response_complete = True
        cycle.on_response = (
            _nothing  # it leads back here, and would keep a closed connection until Python looks for circles
        )
        if not cycle.keep_alive:
            self.transport.close()
        if self.pipeline:
            self.on_response_complete()
        else:
            # As above, but without uvicorn's timer for the pause until the next request: `Connections` bounds that, too.
            self.server_state.total_requests += 1
            self.flow.resume_reading()
            self._note()


def _nothing() -> None:
    """Do nothing."""

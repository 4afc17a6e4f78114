"""An ASGI layer that puts every exchange of the sandbox's GitHub before GitHub's own description."""

from __future__ import annotations

import threading
from collections import Counter
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.oracle.openapi import Description, Exchange

PREFIX = "/api/v3"


class Oracle:
    """Collects what GitHub's description objects to. Use as the server's `middleware`, then look at `violations`."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._lock = threading.Lock()
        self.violations: list[str] = []
        self.checked: Counter[str] = Counter()

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def checked(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
                await app(scope, receive, send)
                return
            recorder = Recorder(receive, send)
            await app(scope, recorder.receive, recorder.send)
            self.judge(recorder.exchange(scope))

        return checked

    def judge(self, exchange: Exchange) -> None:
        """Check one exchange and remember the outcome."""
        found = list(self._description.violations(exchange))
        operation = self._description.operation(exchange.method, exchange.path)
        with self._lock:
            self.violations += found
            if operation is not None:
                self.checked[f"{operation.method} {operation.template} {exchange.status}"] += 1


class Recorder:
    """Keeps a copy of what goes in and out of one request."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._request = bytearray()
        self._response = bytearray()
        self._status = 0
        self._headers = Headers()

    async def receive(self) -> Message:
        """Pass a message on to the application."""
        message = await self._receive()
        self._request += message.get("body", b"")
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on to the client."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = Headers(raw=list(message["headers"]))
        self._response += message.get("body", b"")
        await self._send(message)

    def exchange(self, scope: Scope) -> Exchange:
        """Return the whole exchange."""
        return Exchange(
            method=scope["method"],
            path=scope["path"].removeprefix(PREFIX),
            query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            request=bytes(self._request),
            status=self._status,
            content_type=self._headers.get("content-type", ""),
            response=bytes(self._response),
        )

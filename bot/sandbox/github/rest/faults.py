"""Faults to order, so that clients can be shown to survive them: errors, lost, late and cut answers, and GitHub's rate limits."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.github.rest.rates import DOCUMENTATION
from bot.sandbox.github.state import ForgeClock

SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
SECONDARY_DOCUMENTATION = f"{DOCUMENTATION}#about-secondary-rate-limits"

FaultKind = Literal["answer", "lose-answer", "lose-request", "cut-answer", "late-answer"]
Abort = Callable[[Scope], None]


@dataclass(slots=True)
class InjectedFault:
    """What happens to the next `times` requests whose method and path match (`re.search`, path without `/api/v3`)."""

    method: re.Pattern[str]
    path: re.Pattern[str]
    kind: FaultKind
    times: int
    status: int = 500
    message: str = "Server Error"
    documentation: str = "https://docs.github.com/rest"
    headers: tuple[tuple[str, str], ...] = ()
    delay: timedelta = timedelta(0)


class Faults:
    """The faults that were ordered and not yet used up, first ordered first. Safe to call from any thread."""

    def __init__(self, clock: ForgeClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ordered: list[InjectedFault] = []

    def answer(self, method: str, path: str, status: int = 500, times: int = 1, message: str = "Server Error") -> None:
        """Answer matching requests with a status (500, 502, …) and do nothing."""
        self._order(InjectedFault(re.compile(method), re.compile(path), "answer", times, status, message))

    def lose_answer(self, method: str, path: str, times: int = 1) -> None:
        """Do what matching requests ask, then close the connection without an answer."""
        self._order(InjectedFault(re.compile(method), re.compile(path), "lose-answer", times))

    def lose_request(self, method: str, path: str, times: int = 1) -> None:
        """Close the connection of matching requests, having done nothing."""
        self._order(InjectedFault(re.compile(method), re.compile(path), "lose-request", times))

    def cut_answer(self, method: str, path: str, times: int = 1) -> None:
        """Do what matching requests ask, then close the connection in the middle of the answer."""
        self._order(InjectedFault(re.compile(method), re.compile(path), "cut-answer", times))

    def late_answer(self, delay: timedelta, method: str, path: str, times: int = 1) -> None:
        """Do what matching requests ask, and answer after a delay, when the client may have given up."""
        self._order(InjectedFault(re.compile(method), re.compile(path), "late-answer", times, delay=delay))

    def primary_limit(
        self, reset_in: timedelta, method: str = "", path: str = "", times: int = 1, status: int = 403
    ) -> None:
        """Refuse matching requests as GitHub does when the hourly limit is used up (403 or 429)."""
        reset = int((self._clock() + reset_in).timestamp())
        headers = (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", str(reset)), ("X-RateLimit-Limit", "5000"))
        message = "API rate limit exceeded for installation."
        fault = InjectedFault(
            re.compile(method), re.compile(path), "answer", times, status, message, DOCUMENTATION, headers
        )
        self._order(fault)

    def secondary_limit(
        self, retry_after: timedelta, method: str = "", path: str = "", times: int = 1, status: int = 403
    ) -> None:
        """Refuse matching requests as GitHub does when they come too fast (403 or 429, with `Retry-After`)."""
        headers = (("Retry-After", str(int(retry_after.total_seconds()))),)
        self._order(
            InjectedFault(
                re.compile(method), re.compile(path), "answer", times, status,
                SECONDARY, SECONDARY_DOCUMENTATION, headers,
            )
        )  # fmt: skip

    def clear(self) -> None:
        """Forget every fault that was ordered."""
        with self._lock:
            self._ordered.clear()

    @property
    def left(self) -> int:
        """How many requests are still to fail; a test that ends with some left did not test what it meant to."""
        with self._lock:
            return sum(fault.times for fault in self._ordered)

    def take(self, method: str, path: str) -> InjectedFault | None:
        """Use up one fault for a request, if any matches."""
        with self._lock:
            for fault in self._ordered:
                if fault.method.search(method) and fault.path.search(path):
                    fault.times -= 1
                    self._ordered = [one for one in self._ordered if one.times > 0]
                    return fault
        return None

    def _order(self, fault: InjectedFault) -> None:
        with self._lock:
            self._ordered.append(fault)


class FaultMiddleware:
    """Applies ordered faults in front of everything else. `abort` closes a request's connection."""

    def __init__(self, app: ASGIApp, faults: Faults, abort: Abort) -> None:
        self._app = app
        self._faults = faults
        self._abort = abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http":
            fault = self._faults.take(scope["method"], scope["path"].removeprefix("/api/v3"))
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "answer":
            await _refusal(fault)(scope, receive, send)
        elif fault.kind == "late-answer":
            answer: list[Message] = []
            await self._app(scope, receive, _kept_in(answer))
            await asyncio.sleep(fault.delay.total_seconds())
            for message in answer:
                await send(message)
        elif fault.kind == "cut-answer":
            await self._app(scope, receive, _half(send))
            self._abort(scope)
        else:
            if fault.kind == "lose-answer":
                await self._app(scope, receive, _swallow)
            self._abort(scope)
            while (await receive())["type"] != "http.disconnect":
                pass


def _kept_in(answer: list[Message]) -> Send:
    """Return what keeps an answer instead of sending it."""

    async def keep(message: Message) -> None:
        answer.append(message)

    return keep


def _half(send: Send) -> Send:
    """Return what sends an answer with the first half of its body, as if more of it were to come."""

    async def halved(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return halved


async def _swallow(message: Message) -> None:
    """Take an answer that nobody will see."""


def _refusal(fault: InjectedFault) -> Response:
    body = {"message": fault.message, "documentation_url": fault.documentation, "status": str(fault.status)}
    headers = Headers(raw=[(name.lower().encode(), value.encode()) for name, value in fault.headers])
    return Response(json.dumps(body), fault.status, dict(headers), media_type="application/json; charset=utf-8")

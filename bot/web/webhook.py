"""`POST /webhooks/github`: check, write down, acknowledge. GitHub gives up after ten seconds and does not try again by itself,
so nothing else happens here.

The order of checks: declared size, media type, headers (event, id, form of the signature), and only then the body: its size and
signature. Whatever is refused by its headers is refused before a byte of its body is kept. Nothing is parsed before the signature
holds, and nothing after it either: the worker reads the body. Only GitHub's id makes a delivery unique here; that a comment is carried out once, though
its id be sent in other deliveries, is the job's key's doing.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import Literal, get_args

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.clients.store import Delivery, StoreUnavailable
from bot.payloads import EVENTS
from bot.web.inbox import Inbox
from bot.web.metrics import Metrics
from bot.web.problems import problem
from bot.web.signature import is_signature, is_signed

log = logging.getLogger(__name__)

_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,64}")
_EVENT = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What a delivery got: the outcome's word, and the response."""

    outcome: str
    response: Response


@dataclass(frozen=True, slots=True)
class Announced:
    """What the headers say of a delivery, each in its form, and when (by `perf_counter`); whether it is signed, its body tells."""

    id: str
    event: str
    signature: str
    at: float


class Webhook:
    """The route, as an ASGI application: FastAPI's own handling of bodies would read them unbounded.

    `announced` and `take` are the same for a protocol that has the whole request, and needs no application's task to read it.
    """

    def __init__(self, inbox: Inbox, metrics: Metrics, secrets: tuple[str, ...], max_body: int) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._secrets = secrets
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        announced = self._announced(scope)
        answer = announced if isinstance(announced, WebhookAnswer) else await self._answer(announced, receive)
        await answer.response(scope, receive, send)
        self._count(_named(scope, began), answer)

    def announced(self, scope: Scope) -> Announced | None:
        """Return what is announced, if it is worth waiting for the body."""
        found = self._announced(scope)
        return found if isinstance(found, Announced) and found.event in EVENTS else None

    def take(self, announced: Announced, body: bytes, answer: Callable[[Response], None]) -> bool:
        """Write a delivery down and answer once that is done, later in any case; return False for one that is refused."""
        if len(body) > self._max_body or not is_signed(announced.signature, body, self._secrets):
            return False

        def told(found: bool | Exception) -> None:
            given = _unwritten(announced, found) if isinstance(found, Exception) else _written(found)
            answer(given.response)
            self._count(announced, given)

        try:
            self._inbox.write(_delivery(announced, body), told)
        except StoreUnavailable:
            return False
        return True

    def _count(self, announced: Announced, answer: WebhookAnswer) -> None:
        self._metrics.acknowledged.observe(perf_counter() - announced.at)
        self._metrics.count(announced.event, answer.outcome)
        # The worker says what became of it; a line here would take as long as half of all the rest.
        if log.isEnabledFor(logging.DEBUG):
            known = announced.event if announced.event in EVENTS else "other"
            fields = {"action": "receive", "delivery": announced.id, "event": known}
            log.debug("delivery %s", answer.outcome, extra=fields)

    async def _answer(self, announced: Announced, receive: Receive) -> WebhookAnswer:
        try:
            body = await _bounded(receive, self._max_body)
        except ClientDisconnect:
            return WebhookAnswer("disconnected", problem(HTTPStatus.BAD_REQUEST, "The body is incomplete."))
        if body is None:
            return self._too_long()
        if not is_signed(announced.signature, body, self._secrets):
            return _refused(HTTPStatus.UNAUTHORIZED, "The signature does not match. Check the webhook's secret.")
        if announced.event not in EVENTS:
            return _accepted("ignored")
        try:
            return _written(await self._inbox.put(_delivery(announced, body)))
        except StoreUnavailable as error:
            return _unwritten(announced, error)

    def _announced(self, scope: Scope) -> Announced | WebhookAnswer:
        """Return what the headers say, or the refusal for which nobody has to read the body."""
        headers = _headers(scope)
        length = _text(headers, b"content-length", "0")
        if not length.isdecimal() or int(length) > self._max_body:
            return self._too_long()
        if _text(headers, b"content-type").partition(";")[0].strip().lower() != "application/json":
            return _refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Set the webhook's content type to application/json.")
        event, delivery, signature = (
            _text(headers, name) for name in (b"x-github-event", b"x-github-delivery", b"x-hub-signature-256")
        )
        if not signature:
            return _refused(HTTPStatus.UNAUTHORIZED, "X-Hub-Signature-256 is missing. Set the webhook's secret.")
        if _EVENT.fullmatch(event) is None or _DELIVERY.fullmatch(delivery) is None:
            return _refused(HTTPStatus.BAD_REQUEST, "X-GitHub-Event and X-GitHub-Delivery are required.")
        if not is_signature(signature):
            return _refused(HTTPStatus.UNAUTHORIZED, "X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits.")
        return Announced(delivery, event, signature, perf_counter())

    def _too_long(self) -> WebhookAnswer:
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A delivery can have at most {self._max_body} bytes.")


Outcome = Literal["accepted", "duplicate", "ignored"]
_ACCEPTED = {
    outcome: WebhookAnswer(outcome, JSONResponse({"delivery": outcome}, int(HTTPStatus.ACCEPTED)))
    for outcome in get_args(Outcome)
}
"""Made once: a response holds nothing of its request."""


async def _bounded(receive: Receive, most: int) -> bytes | None:
    """Read the body, or return None as soon as it is known to be too long. Raises `ClientDisconnect`."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _refused(status: HTTPStatus, detail: str) -> WebhookAnswer:
    return WebhookAnswer(f"refused_{int(status)}", problem(status, detail))


def _accepted(outcome: Outcome) -> WebhookAnswer:
    return _ACCEPTED[outcome]


def _delivery(announced: Announced, body: bytes) -> Delivery:
    return Delivery(announced.id, announced.event, body, datetime.now(UTC))


def _written(is_new: bool) -> WebhookAnswer:
    return _accepted("accepted" if is_new else "duplicate")


def _unwritten(announced: Announced, error: Exception) -> WebhookAnswer:
    # GitHub shows the refusal in the list of deliveries, from where it can be sent again.
    unexpected = None if isinstance(error, StoreUnavailable) else error
    log.error("a delivery could not be stored: %s", error, exc_info=unexpected, extra={"delivery": announced.id})
    return WebhookAnswer("unwritten", problem(HTTPStatus.SERVICE_UNAVAILABLE, "The delivery could not be stored."))


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers, as ASGI gives them: names in small letters. Of a name that is given twice the first counts."""
    return dict(reversed(scope["headers"]))


def _text(headers: dict[bytes, bytes], name: bytes, otherwise: str = "") -> str:
    found = headers.get(name)
    return otherwise if found is None else found.decode("latin-1")


def _named(scope: Scope, at: float) -> Announced:
    """Return what the figures and the log may say of a delivery, however its headers are."""
    headers = _headers(scope)
    id_ = _text(headers, b"x-github-delivery")
    return Announced(id_ if _DELIVERY.fullmatch(id_) else "", _text(headers, b"x-github-event"), "", at)

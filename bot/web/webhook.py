"""`POST /webhooks/github`: check, write down, acknowledge. GitHub gives up after ten seconds and does not try again by itself,
so nothing else happens here.

The order of checks: declared size, media type, headers (event, id, form of the signature), and only then the body: its size and
signature. Whatever is refused by its headers is refused before a byte of its body is kept. Nothing is parsed before the signature
holds, and nothing after it either: the worker reads the body. Only GitHub's id makes a delivery unique here; that a comment is carried out once, though
its id be sent in other deliveries, is the job's key's doing.
"""

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import Literal, get_args

from starlette.datastructures import Headers
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


class Webhook:
    """The route, as an ASGI application: FastAPI's own handling of bodies would read them unbounded."""

    def __init__(self, inbox: Inbox, metrics: Metrics, secrets: tuple[str, ...], max_body: int) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._secrets = secrets
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        headers = Headers(scope=scope)
        event = headers.get("x-github-event", "")
        answer = await self._answer(headers, receive)
        await answer.response(scope, receive, send)
        self._metrics.acknowledged.observe(perf_counter() - began)
        self._metrics.count(event, answer.outcome)
        # The worker says what became of it; a line here would take as long as half of all the rest.
        if log.isEnabledFor(logging.DEBUG):
            known = event if event in EVENTS else "other"
            fields = {"action": "receive", "delivery": _named(headers), "event": known}
            log.debug("delivery %s", answer.outcome, extra=fields)

    async def _answer(self, headers: Headers, receive: Receive) -> WebhookAnswer:
        refused = self._refused_unread(headers)
        if refused is not None:
            return refused
        try:
            body = await _bounded(receive, self._max_body)
        except ClientDisconnect:
            return WebhookAnswer("disconnected", problem(HTTPStatus.BAD_REQUEST, "The body is incomplete."))
        if body is None:
            return self._too_long()
        if not is_signed(headers["x-hub-signature-256"], body, self._secrets):
            return _refused(HTTPStatus.UNAUTHORIZED, "The signature does not match. Check the webhook's secret.")
        event = headers["x-github-event"]
        if event not in EVENTS:
            return _accepted("ignored")
        return await self._written(Delivery(headers["x-github-delivery"], event, body, datetime.now(UTC)))

    def _refused_unread(self, headers: Headers) -> WebhookAnswer | None:
        """Return the refusal for which nobody has to read the body."""
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._max_body:
            return self._too_long()
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Set the webhook's content type to application/json.")
        event, delivery, signature = (
            headers.get(name, "") for name in ("x-github-event", "x-github-delivery", "x-hub-signature-256")
        )
        if not signature:
            return _refused(HTTPStatus.UNAUTHORIZED, "X-Hub-Signature-256 is missing. Set the webhook's secret.")
        if _EVENT.fullmatch(event) is None or _DELIVERY.fullmatch(delivery) is None:
            return _refused(HTTPStatus.BAD_REQUEST, "X-GitHub-Event and X-GitHub-Delivery are required.")
        if not is_signature(signature):
            return _refused(HTTPStatus.UNAUTHORIZED, "X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits.")
        return None

    def _too_long(self) -> WebhookAnswer:
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A delivery can have at most {self._max_body} bytes.")

    async def _written(self, delivery: Delivery) -> WebhookAnswer:
        try:
            is_new = await self._inbox.put(delivery)
        except StoreUnavailable as error:
            # GitHub shows the refusal in the list of deliveries, from where it can be sent again.
            log.error("a delivery could not be stored: %s", error, extra={"delivery": delivery.id})
            return WebhookAnswer(
                "unwritten", problem(HTTPStatus.SERVICE_UNAVAILABLE, "The delivery could not be stored.")
            )
        return _accepted("accepted" if is_new else "duplicate")


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


def _named(headers: Headers) -> str:
    """Return the delivery's id for the log, unless it is not one."""
    name = headers.get("x-github-delivery", "")
    return name if _DELIVERY.fullmatch(name) else ""

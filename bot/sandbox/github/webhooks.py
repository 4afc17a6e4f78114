"""Deliver events: to webhooks over HTTP, signed as GitHub signs, and to subscribers in this process.

Two threads, each in the order of the events: a slow subscriber (a workflow run) does not hold up webhooks. As on GitHub,
a delivery is tried once, given ten seconds, recorded with its answer, and sent again only when asked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx

from bot.sandbox.github.forge import ForgeEvent
from bot.sandbox.github.records.accounts import InstallationRecord
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.hooks import DeliveryRecord, HookRecord
from bot.sandbox.github.state import ForgeState
from bot.sandbox.github.urls import node_id
from bot.sandbox.tls import tls

ANSWER_WITHIN = 10.0
KEPT_ANSWER = 10_000
# GitHub starts no workflow for what a workflow's own token did, except for these two.
ALWAYS_START = ("workflow_dispatch", "repository_dispatch")
# Of these GitHub tells its own Actions and nobody else.
ONLY_WORKFLOWS = ("schedule",)

Subscriber = Callable[[str, JsonObject], None]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery yet to be tried."""

    hook: HookRecord
    guid: str
    event: str
    action: str | None
    repository_id: int
    body: bytes
    redelivery: bool = False


class Worker:
    """One daemon thread that works off a queue in order; `settle` waits until it is idle.

    A task that fails does not end the thread: its error is logged at once, and raised by the next `settle`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Condition()
        self._pending = 0
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._errors: list[Exception] = []

    def put(self, task: Callable[[], None]) -> None:
        """Add a task; it waits if the worker is not running."""
        with self._idle:
            self._pending += 1
        self._tasks.put(task)

    def start(self) -> None:
        """Begin, or begin again, with what is waiting."""
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Finish the task in hand, keep the rest."""
        self._stopping = True
        self._tasks.put(None)
        if self._thread is not None:
            self._thread.join(timeout)

    def settle(self, timeout: float) -> bool:
        """Wait until nothing is left to do; say whether that came true in time. Raises what a task raised."""
        with self._idle:
            idle = self._idle.wait_for(lambda: self._pending == 0, timeout)
            if self._errors:
                raise self._errors.pop(0)
            return idle

    def _work(self) -> None:
        while not self._stopping:
            task = self._tasks.get()
            if task is None:
                continue
            try:
                task()
            except Exception as error:
                # The edge of other people's code: without this, one bad callback would silence all later events.
                log.exception("a subscriber failed", extra={"action": "announce"})
                self._errors.append(error)
            finally:
                with self._idle:
                    self._pending -= 1
                    self._idle.notify_all()


class Bus:
    """Takes events in, hands them to every webhook and subscriber, and keeps the record of deliveries."""

    def __init__(self, state: ForgeState) -> None:
        self._state = state
        self._subscribers: list[Subscriber] = []
        self._webhooks = Worker("github-webhooks")
        self._workflows = Worker("github-workflows")
        self.deliveries: dict[int, DeliveryRecord] = {}

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber(name, payload)`, off the request's thread, for every event that may start workflows."""
        self._subscribers.append(subscriber)

    def announce(self, event: ForgeEvent) -> None:
        """Queue an event for everyone who listens."""
        action = event.payload.get("action")
        for hook in list(self._state.hooks.values()):
            if event.name not in ONLY_WORKFLOWS and hook.wants(event.name, event.repository.id):
                body = json.dumps(self._addressed(hook, event)).encode()
                name = action if isinstance(action, str) else None
                self._send(Parcel(hook, str(uuid.uuid4()), event.name, name, event.repository.id, body))
        if event.by.starts_workflows or event.name in ALWAYS_START:
            for subscriber in self._subscribers:
                self._workflows.put(lambda call=subscriber: call(event.name, event.payload))  # type: ignore[misc]

    def redeliver(self, delivery_id: int) -> None:
        """Send a past delivery again, with the same `X-GitHub-Delivery`."""
        past = self.deliveries[delivery_id]
        parcel = Parcel(past.hook, past.guid, past.event, past.action, past.repository_id, past.body, redelivery=True)
        self._send(parcel)

    def start(self) -> None:
        """Begin to deliver."""
        self._webhooks.start()
        self._workflows.start()

    def stop(self) -> None:
        """Stop after what is under way."""
        self._webhooks.stop(timeout=ANSWER_WITHIN + 1)
        self._workflows.stop(timeout=ANSWER_WITHIN + 1)

    def settle(self, timeout: float) -> bool:
        """Wait until every webhook and subscriber has been served."""
        deadline = time.monotonic() + timeout
        webhooks = self._webhooks.settle(timeout)
        return self._workflows.settle(max(0.0, deadline - time.monotonic())) and webhooks

    def _send(self, parcel: Parcel) -> None:
        self._webhooks.put(lambda: self._deliver(parcel))

    def _addressed(self, hook: HookRecord, event: ForgeEvent) -> JsonObject:
        """Add the installation through which an app hears of the event."""
        if hook.app is None:
            return event.payload
        app_id = hook.app.id
        owner = event.repository.owner.id
        installed: InstallationRecord | None = next(
            (i for i in self._state.installations.values() if i.app.id == app_id and i.account.id == owner), None
        )
        if installed is None:
            return event.payload
        return {**event.payload, "installation": {"id": installed.id, "node_id": node_id("GI", installed.id)}}

    def _deliver(self, parcel: Parcel) -> None:
        headers = delivery_headers(parcel)
        begun = time.monotonic()
        status, answer = _post(parcel.hook.url, parcel.body, headers)
        delivery = DeliveryRecord(
            id=self._state.next_id(),
            guid=parcel.guid,
            hook=replace(parcel.hook),
            event=parcel.event,
            action=parcel.action,
            repository_id=parcel.repository_id,
            headers=headers,
            body=parcel.body,
            redelivery=parcel.redelivery,
            delivered_at=self._state.clock(),
            seconds=time.monotonic() - begun,
            status=status,
            response=answer[:KEPT_ANSWER],
        )
        self.deliveries[delivery.id] = delivery
        log.debug("delivered", extra={"action": "deliver", "event": parcel.event, "status": status})


def delivery_headers(parcel: Parcel) -> dict[str, str]:
    """Return the headers GitHub sends, in its spelling."""
    secret = parcel.hook.secret.encode()
    of_app = parcel.hook.app is not None
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Delivery": parcel.guid,
        "X-GitHub-Event": parcel.event,
        "X-GitHub-Hook-ID": str(parcel.hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(parcel.hook.app.id if parcel.hook.app else parcel.repository_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if of_app else "repository",
    }
    if secret:
        headers["X-Hub-Signature"] = "sha1=" + hmac.new(secret, parcel.body, hashlib.sha1).hexdigest()
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret, parcel.body, hashlib.sha256).hexdigest()
    return headers


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Send once; return (status, text), or (0, reason) when there was no answer."""
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=ANSWER_WITHIN, trust_env=False, verify=tls())
    except httpx.TimeoutException:
        return 0, "timed out"
    except httpx.HTTPError as error:
        return 0, f"failed to connect to host: {error}"
    return answer.status_code, answer.text

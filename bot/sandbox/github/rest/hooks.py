"""REST: an app's own webhook deliveries, to list and to send again what a receiver missed."""

from __future__ import annotations

import json

from bot.sandbox.github.answers import RestAnswer, not_found
from bot.sandbox.github.auth import require_app
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.hooks import DeliveryRecord
from bot.sandbox.github.rest.routing import Operations, RestCall
from bot.sandbox.github.views.common import moment

table = Operations()


def delivery_view(forge: Forge, delivery: DeliveryRecord) -> JsonObject:
    """A delivery as lists show it."""
    ok = 200 <= delivery.status < 300
    reason = delivery.response if delivery.status == 0 else f"Invalid HTTP Response: {delivery.status}"
    installed = json.loads(delivery.body).get("installation")
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": moment(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": round(delivery.seconds, 2),
        "status": "OK" if ok else reason,
        "status_code": delivery.status,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": installed["id"] if installed else None,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def full_delivery_view(forge: Forge, delivery: DeliveryRecord) -> JsonObject:
    """A delivery with its request and answer."""
    return {
        **delivery_view(forge, delivery),
        "url": delivery.hook.url,
        "request": {"headers": dict(delivery.headers), "payload": json.loads(delivery.body)},
        "response": {"headers": {}, "payload": delivery.response},
    }


def _own(call: RestCall) -> list[DeliveryRecord]:
    app = require_app(call.identity)
    # Of a copy: meanwhile others are delivered.
    return [d for d in [*call.forge.deliveries.values()] if d.hook.app is not None and d.hook.app.id == app.id]


@table.on("GET", "/app/hook/deliveries")
def list_deliveries(call: RestCall) -> RestAnswer:
    """Deliveries to the app that asks, newest first; `status` (success, failure) filters."""
    wanted = call.query.get("status")
    found = [d for d in reversed(_own(call)) if wanted in (None, "success" if 200 <= d.status < 400 else "failure")]
    return call.listing(found, lambda delivery: delivery_view(call.forge, delivery))


def _one(call: RestCall) -> DeliveryRecord:
    found = next((d for d in _own(call) if d.id == call.number("delivery")), None)
    if found is None:
        raise not_found()
    return found


@table.on("GET", "/app/hook/deliveries/{delivery}")
def get_delivery(call: RestCall) -> RestAnswer:
    """One delivery."""
    return RestAnswer(full_delivery_view(call.forge, _one(call)))


@table.on("POST", "/app/hook/deliveries/{delivery}/attempts")
def attempt_again(call: RestCall) -> RestAnswer:
    """Send a delivery again."""
    call.forge.redeliver(_one(call).id)
    return RestAnswer({}, 202)

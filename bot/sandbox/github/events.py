"""Announce what happened, with the payloads GitHub sends."""

from __future__ import annotations

from bot.sandbox.github.forge import Act, ForgeEvent
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.views.common import account_view, organization_view, repository_view


def announce(act: Act, name: str, content: JsonObject) -> None:
    """Put an event on the bus: its own content, then repository, organization and sender. Silent while no server runs."""
    if not act.forge.address:
        return
    repository = repository_view(act.forge, act.repository)
    if act.repository.owner.type == "Organization":
        repository["custom_properties"] = {}
    payload: JsonObject = {"repository": repository, **content}
    if act.repository.owner.type == "Organization":
        payload["organization"] = organization_view(act.forge, act.repository.owner)
    payload["sender"] = account_view(act.forge, act.by.account)
    act.forge.announce(ForgeEvent(name, act.repository, payload, act.by))

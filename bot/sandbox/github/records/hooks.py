"""Webhooks, and the attempts to deliver to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.github.records.accounts import AppRecord


@dataclass(frozen=True, slots=True)
class HookRecord:
    """A webhook of a repository (by id), or of an app (then payloads carry its installation). `*` is every event."""

    id: int
    url: str
    secret: str = field(repr=False)
    events: tuple[str, ...]
    repository_id: int | None
    app: AppRecord | None

    def wants(self, event: str, repository_id: int) -> bool:
        """Say whether this hook hears of an event in a repository."""
        return ("*" in self.events or event in self.events) and self.repository_id in (None, repository_id)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One attempt to deliver an event. `status` 0: no answer, and `response` says why. `guid` is X-GitHub-Delivery."""

    id: int
    guid: str
    hook: HookRecord
    event: str
    action: str | None
    repository_id: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    redelivery: bool
    delivered_at: datetime
    seconds: float
    status: int
    response: str

"""GitHub's primary rate limit: so many requests an hour for each caller, told in every answer's headers."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.github.answers import ApiError
from bot.sandbox.github.records.accounts import Caller
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.state import ForgeClock

WINDOW = 3600
DOCUMENTATION = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"


@dataclass(slots=True)
class Window:
    """What one caller has used since the window began; `reset` is in seconds since 1970."""

    reset: int
    used: int = 0


class Meter:
    """Counts requests per caller against one limit. Not locked: callers hold the forge's lock."""

    def __init__(self, limit: int, clock: ForgeClock) -> None:
        self.limit = limit
        self._clock = clock
        self._windows: dict[str, Window] = {}

    def count(self, identity: Caller | None, path: str) -> None:
        """Count one request; raise 403 when none was left. `/rate_limit` is free, as on GitHub."""
        if path.endswith("/rate_limit"):
            return
        window = self._window(identity)
        if window.used >= self.limit:
            who = "installation" if identity is not None and identity.installation_id else "user"
            id_ = 0 if identity is None else identity.installation_id or identity.account.id
            raise ApiError(403, f"API rate limit exceeded for {who} ID {id_}.", documentation=DOCUMENTATION)
        window.used += 1

    def headers(self, identity: Caller | None) -> dict[str, str]:
        """Return the `X-RateLimit-*` headers of an answer."""
        headers = {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in self.rate(identity).items()}
        return {**headers, "X-RateLimit-Resource": "core"}

    def rate(self, identity: Caller | None) -> JsonObject:
        """Return a "rate limit" as `/rate_limit` shows it."""
        window = self._window(identity)
        left = max(self.limit - window.used, 0)
        return {"limit": self.limit, "remaining": left, "reset": window.reset, "used": window.used}

    def _window(self, identity: Caller | None) -> Window:
        key = "" if identity is None else f"{identity.account.id}/{identity.installation_id}"
        now = int(self._clock().timestamp())
        window = self._windows.get(key)
        if window is None or window.reset <= now:
            window = self._windows[key] = Window(reset=now + WINDOW)
        return window

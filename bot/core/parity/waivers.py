"""Waivers: what the manifest lets pass, for a time, for a reason that somebody answers for."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.hcl.address_patterns import matches
from bot.model.environment import Waiver


def waiver_for(waivers: Sequence[Waiver], address: str, attribute: str, now: datetime) -> Waiver | None:
    """Return the waiver in force that names this finding; one that has expired names nothing.

    A finding in a file has its path as the address and its line as the attribute. The stack can't be left out: a waiver says
    exactly what it lets pass.
    """
    return next(
        (w for w in waivers if now < w.expires_at and matches(w.what, address, attribute, any_stack=False)),
        None,
    )


def expired(waivers: Sequence[Waiver], now: datetime) -> Sequence[Waiver]:
    """Return the waivers that are in force no more."""
    return [waiver for waiver in waivers if waiver.expires_at <= now]

"""Waivers: findings that the manifest accepts until they expire, each with a reason and an owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.hcl.address_patterns import matches
from bot.model.environment import Waiver


@dataclass(frozen=True, slots=True)
class Waivers:
    """What a manifest lets pass, as it is at a moment."""

    granted: Sequence[Waiver]
    now: datetime

    def naming(self, address: str, attribute: str) -> Waiver | None:
        """Return the waiver in force that names a finding; one that has expired names nothing.

        A finding in a file has its path as the address and its line as the attribute. The stack can't be left out: a waiver
        says exactly what it lets pass.
        """
        in_force = (waiver for waiver in self.granted if self.now < waiver.expires_at)
        return next((each for each in in_force if matches(each.what, address, attribute, any_stack=False)), None)


def expired(waivers: Sequence[Waiver], now: datetime) -> Sequence[Waiver]:
    """Return the waivers that are in force no more."""
    return [waiver for waiver in waivers if waiver.expires_at <= now]

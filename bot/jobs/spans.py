"""What is traced, and to whom it is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TracedSpan:
    """One thing that was done, from `began` to `ended`. Without an `id` of its own it gets a random one; without a `parent` it is the first."""

    trace: int
    name: str
    began: datetime
    ended: datetime
    attributes: Mapping[str, str]
    id: int | None = None
    parent: int | None = None
    is_failure: bool = False


class Collector(Protocol):
    """Takes spans, and sends them on some time later."""

    def take(self, span: TracedSpan) -> None:
        """Take a span; never waits."""

    def close(self, within: timedelta) -> None:
        """Send what is left, if the collector answers in time."""

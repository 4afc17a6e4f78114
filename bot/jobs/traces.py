"""Traces: the way of a delivery through its jobs and their steps, for a collector of OpenTelemetry's. Off unless its address is set.

A trace has the id of GitHub's delivery, which is a UUID: whoever has that finds the trace, and no process has to hand anything on
to another. The ids of a delivery's and a job's span follow from their names, so that steps done before a crash and after it have the same parent.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from bot.clients.store import Delivery
from bot.errors import UserError
from bot.jobs.spans import Collector, TracedSpan
from bot.service.jobs_api import JobRequest


class Traces:
    """Tells a collector what is done; without one nothing is told."""

    def __init__(self, collector: Collector | None = None) -> None:
        self._collector = collector

    def dispatched(self, delivery: Delivery, outcome: str, now: datetime) -> None:
        """Tell of a delivery, from its arrival to its job."""
        if self._collector is None:
            return
        attributes = {"envclone.delivery": delivery.id, "envclone.outcome": outcome}
        self._collector.take(
            TracedSpan(
                trace=_trace(delivery.id),
                name=f"delivery {delivery.event}",
                began=delivery.received_at,
                ended=max(now, delivery.received_at),
                attributes=attributes,
                id=_id("delivery", delivery.id),
                is_failure=outcome == "failed",
            )
        )

    def tried(self, request: JobRequest, step: str, outcome: str, began: datetime, ended: datetime) -> None:
        """Tell of an attempt at a step."""
        if self._collector is None:
            return
        self._collector.take(
            TracedSpan(
                trace=_trace(request.delivery),
                name=f"step {step}",
                began=began,
                ended=ended,
                attributes={**_of(request), "envclone.step": step, "envclone.outcome": outcome},
                parent=_id("job", request.key),
                is_failure=outcome == "broken",
            )
        )

    def ended(self, request: JobRequest, outcome: str, began: datetime, ended: datetime) -> None:
        """Tell of a job that ended."""
        if self._collector is None:
            return
        self._collector.take(
            TracedSpan(
                trace=_trace(request.delivery),
                name=f"job {request.kind}",
                began=began,
                ended=ended,
                attributes={**_of(request), "envclone.outcome": outcome},
                id=_id("job", request.key),
                parent=_id("delivery", request.delivery),
                is_failure=outcome == "failed",
            )
        )

    def close(self, within: timedelta) -> None:
        """Send what is left."""
        if self._collector is not None:
            self._collector.close(within)


def traces(url: str | None, replica: str) -> Traces:
    """Return what tells the collector at an address, or nobody. Raises `UserError` where the libraries are missing."""
    if url is None:
        return Traces()
    try:
        from bot.jobs.collector import OtlpCollector  # noqa: PLC0415 (installed only by `envclone[traces]`)
    except ImportError as error:
        raise UserError(
            "ENVCLONE_TRACES_URL is set, but the libraries for traces are missing: pip install 'envclone[traces]'."
        ) from error
    return Traces(OtlpCollector(url, replica))


def _of(request: JobRequest) -> dict[str, str]:
    return {f"envclone.{name}": value for name, value in request.log_fields.items()}


def _trace(delivery: str) -> int:
    try:
        return UUID(delivery).int or 1
    except ValueError:  # what no delivery asked for: an expiry, a rollout that is due
        return int.from_bytes(sha256(delivery.encode()).digest()[:16])


def _id(kind: str, name: str) -> int:
    return int.from_bytes(sha256(f"{kind} {name}".encode()).digest()[:8])

"""What Prometheus is told: this process's own figures, and those that the workers wrote down with their last heartbeat.

Labels have few values: GitHub's names of our events, outcomes, kinds of jobs, names of replicas.
"""

from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from bot.clients.store import JobStore, StoreUnavailable
from bot.payloads import EVENTS

OTHER = "other"


class Metrics:
    """The web process's figures, in a registry of their own."""

    def __init__(self, store: JobStore, dead_after: timedelta) -> None:
        self.registry = CollectorRegistry()
        self._deliveries = Counter(
            "envclone_deliveries",
            "Webhook deliveries by event and outcome.",
            ["event", "outcome"],
            registry=self.registry,
        )
        # Few, and looked up for every delivery.
        self._counted: dict[tuple[str, str], Counter] = {}
        self.acknowledged = Histogram(
            "envclone_acknowledgement_seconds",
            "Time from a delivery's first byte to its response.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10),
            registry=self.registry,
        )
        self.registry.register(_Stored(store, dead_after))

    def count(self, event: str, outcome: str) -> None:
        """Count a delivery. An event's name is the sender's text, so only those we know become labels."""
        of = (event if event in EVENTS else OTHER, outcome)
        if of not in self._counted:
            self._counted[of] = self._deliveries.labels(*of)
        self._counted[of].inc()


class _Stored(Collector):
    """Figures that lie in the database, read when Prometheus asks."""

    def __init__(self, store: JobStore, dead_after: timedelta) -> None:
        self._store = store
        self._dead_after = dead_after

    def collect(self) -> Iterator[Metric]:
        try:
            waiting, replicas = self._store.waiting(), self._store.replicas()
        except StoreUnavailable:
            yield _gauge("envclone_store_up", "Whether the database is reachable.", 0)
            return
        alive = [replica for replica in replicas if replica.is_alive(self._dead_after)]
        yield _gauge("envclone_store_up", "Whether the database is reachable.", 1)
        yield _gauge("envclone_inbox_depth", "Deliveries not yet turned into jobs.", waiting.count)
        yield _gauge(
            "envclone_inbox_oldest_seconds", "Age of the oldest of these deliveries.", waiting.oldest.total_seconds()
        )
        yield _gauge("envclone_workers_alive", "Workers with a recent heartbeat.", len(alive))
        yield from _merged([replica.metrics for replica in alive])

    def describe(self) -> list[Metric]:
        # Nothing is read from the database when the registry is made.
        return []


def _merged(texts: list[str]) -> Iterator[Metric]:
    """Join several processes' figures: one family each, as the format wants; they differ in their `replica` label."""
    families: dict[str, Metric] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            families.setdefault(family.name, Metric(family.name, family.documentation, family.type)).samples.extend(
                family.samples
            )
    yield from families.values()


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value)

"""The way to a collector of OpenTelemetry's: OTLP over HTTP, by the project's own library, which sends from a thread of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import local

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, set_span_in_context

from bot.jobs.spans import TracedSpan


class OtlpCollector:
    """Takes spans after the fact. Headers (`OTEL_EXPORTER_OTLP_HEADERS`) and certificates are the library's own variables."""

    def __init__(self, url: str, replica: str) -> None:
        self._ids = _Ids()
        resource = Resource.create({"service.name": "envclone", "service.instance.id": replica})
        # Sampling is the collector's business: what goes wrong once must not have been left out by chance.
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False, id_generator=self._ids
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer("envclone")

    def take(self, span: TracedSpan) -> None:
        """Take a span; if the collector is away for long, the oldest are lost."""
        context = None
        if span.parent is not None:
            parent = SpanContext(span.trace, span.parent, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            context = set_span_in_context(NonRecordingSpan(parent))
        with self._ids.given(span):
            recorded = self._tracer.start_span(
                span.name, context=context, attributes=dict(span.attributes), start_time=_nanoseconds(span.began)
            )
        if span.is_failure:
            recorded.set_status(Status(StatusCode.ERROR))
        recorded.end(end_time=_nanoseconds(span.ended))

    def close(self, within: timedelta) -> None:
        """Send what is left, if the collector answers in time."""
        self._provider.force_flush(int(within.total_seconds() * 1000))


class _Ids:
    """Gives the span that is being made in this thread the ids that it is to have."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self._now = local()

    @contextmanager
    def given(self, span: TracedSpan) -> Iterator[None]:
        self._now.span = span
        try:
            yield
        finally:
            self._now.span = None

    def generate_span_id(self) -> int:
        span: TracedSpan | None = getattr(self._now, "span", None)
        return span.id if span is not None and span.id is not None else int(self._random.generate_span_id())

    def generate_trace_id(self) -> int:
        span: TracedSpan | None = getattr(self._now, "span", None)
        return span.trace if span is not None else int(self._random.generate_trace_id())

    def is_trace_id_random(self) -> bool:
        return False


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000

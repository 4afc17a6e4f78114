"""Traces arrive at a collector of OpenTelemetry's, each with the id of GitHub's delivery; without an address nothing is sent."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot.clients.store import Delivery, SqliteStore
from bot.errors import UserError
from bot.jobs.alone import OwnProcess
from bot.jobs.attempt import Patience
from bot.jobs.dispatcher import Dispatcher
from bot.jobs.figures import Figures
from bot.jobs.runner import JobRunner, Seen
from bot.jobs.step_attempts import StepAttempts
from bot.jobs.traces import Traces, traces
from bot.service.jobs_api import JobRequest
from tests.jobs.counting import CountingWork
from tests.support.job_memory import JobMemory
from tests.web.serving import comment

DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


@dataclass
class Received:
    """What a collector has got: spans as OpenTelemetry's own protocol has them."""

    url: str
    spans: list[Any] = field(default_factory=list)

    def named(self, name: str) -> Any:
        [found] = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def collector() -> Iterator[Received]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = ExportTraceServiceRequest.FromString(body)
            received.spans += [
                span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
            ]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Received(f"http://127.0.0.1:{server.server_port}/v1/traces")
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield received
        server.shutdown()
        thread.join()


def carried_out(told: Traces, directory: Path, line: str, delivery: str = DELIVERY) -> None:
    """Dispatch a delivery, and do its job to the end."""
    work, seen = CountingWork(directory / "work"), Seen(Figures("one"), told)
    store = SqliteStore(directory / "service.sqlite3")
    runner = JobRunner(work, seen, Patience(), StepAttempts(store, OwnProcess(())))
    asked: list[JobRequest] = []
    dispatcher = Dispatcher(store, work, asked.append, seen=seen, repositories=())
    arrived = datetime.now(UTC) - timedelta(seconds=2)
    assert dispatcher.settle(Delivery(delivery, "issue_comment", comment(7, line), arrived)) == "queued"
    for request in asked:
        runner.run(request, JobMemory())
    store.close()
    told.close(timedelta(minutes=1))


def test_a_delivery_its_job_and_each_attempt_at_a_step_are_one_trace(collector: Received, tmp_path: Path) -> None:
    carried_out(traces(collector.url, "one"), tmp_path, "/work flaky")
    assert {span.trace_id for span in collector.spans} == {UUID(DELIVERY).bytes}, "GitHub's own id finds the trace"
    delivery, job = collector.named("delivery issue_comment"), collector.named("job work")
    assert (delivery.parent_span_id, job.parent_span_id) == (b"", delivery.span_id)
    steps = [span for span in collector.spans if span.name.startswith("step ")]
    assert sorted(span.name for span in steps) == ["step four", "step one", "step three", *3 * ["step two"]]
    assert {span.parent_span_id for span in steps} == {job.span_id}
    assert delivery.end_time_unix_nano - delivery.start_time_unix_nano >= 2_000_000_000, "the wait in the inbox counts"
    said = {each.key: each.value.string_value for each in job.attributes}
    assert said["envclone.job"] == "comment-7"
    assert said["envclone.request"].endswith("#issuecomment-7")
    assert said["envclone.outcome"] == "done"


def test_what_broke_is_marked_and_a_repeated_delivery_has_the_same_ids(collector: Received, tmp_path: Path) -> None:
    carried_out(traces(collector.url, "one"), tmp_path / "a", "/work broken", "sweep-1")
    carried_out(traces(collector.url, "two"), tmp_path / "b", "/work broken", "sweep-1")
    marked = {span.name for span in collector.spans if span.status.code == span.status.STATUS_CODE_ERROR}
    assert marked == {"step two", "job work"}
    assert len({span.trace_id for span in collector.spans}) == 1
    assert len({span.span_id for span in collector.spans if span.name == "job work"}) == 1


def test_without_an_address_nothing_is_loaded_or_sent(tmp_path: Path) -> None:
    carried_out(traces(None, "one"), tmp_path, "/work env")


def test_missing_libraries_are_told_with_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bot.jobs.collector", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(UserError, match=r"pip install 'envclone\[traces\]'"):
        traces("http://127.0.0.1:4318/v1/traces", "one")

"""The webhook, over HTTP, onto a real database."""

import asyncio
import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Receive, Scope, Send

from bot.clients.store import Delivery, SqliteStore
from bot.settings import Settings, read
from bot.web.app import WEBHOOK, TakesDeliveries, create_app, create_operations_app
from bot.web.health import OK
from bot.web.inbox import Inbox
from bot.web.metrics import Metrics
from tests.support.patience import PATIENCE
from tests.web.serving import SECRET, comment, headers, serving

ENVIRONMENT = {
    "ENVCLONE_WEBHOOK_SECRETS": f"{SECRET}, the-old-one",
    "ENVCLONE_GITHUB_TOKEN": "not-a-real-token",
    "ENVCLONE_MAX_BODY": "20000",
}


@pytest.fixture
def settings() -> Settings:
    return read(ENVIRONMENT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "service.sqlite3")
    yield store
    store.close()


@pytest.fixture
def metrics(settings: Settings, store: SqliteStore) -> Metrics:
    return Metrics(store, settings.dead_after)


@pytest.fixture
def client(settings: Settings, store: SqliteStore, metrics: Metrics) -> Iterator[httpx.Client]:
    with serving(create_app(settings, store, metrics)) as client:
        yield client


@pytest.fixture
def operations(settings: Settings, store: SqliteStore, metrics: Metrics) -> Iterator[httpx.Client]:
    """The port of whoever runs the service."""
    with serving(create_operations_app(settings, store, metrics, lambda: OK)) as client:
        yield client


def written(store: SqliteStore) -> list[Delivery]:
    """Take everything that waits."""
    found: list[Delivery] = []

    def settle(delivery: Delivery) -> str:
        found.append(delivery)
        return "seen"

    store.settle_next(10_000, settle)
    return found


def post(client: httpx.Client, body: bytes, given: dict[str, str] | None = None) -> httpx.Response:
    return client.post(WEBHOOK, content=body, headers=headers(body) if given is None else given)


def test_a_signed_delivery_is_written_down_then_accepted(client: httpx.Client, store: SqliteStore) -> None:
    body = comment()
    assert post(client, body, headers(body, "d-1")).status_code == 202
    (delivery,) = written(store)
    assert (delivery.id, delivery.event, delivery.body) == ("d-1", "issue_comment", body)


def test_the_old_secret_holds_while_it_is_replaced(client: httpx.Client, store: SqliteStore) -> None:
    body = comment()
    assert post(client, body, headers(body, secret="the-old-one")).status_code == 202
    assert len(written(store)) == 1


def test_a_delivery_sent_again_is_written_once(client: httpx.Client, store: SqliteStore) -> None:
    body = comment()
    answers = [post(client, body, headers(body, "d-1")).json() for _ in range(3)]
    assert answers == [{"delivery": "accepted"}, {"delivery": "duplicate"}, {"delivery": "duplicate"}]
    assert len(written(store)) == 1


def test_deliveries_that_arrive_together_are_all_written(client: httpx.Client, store: SqliteStore) -> None:
    bodies = [comment(number) for number in range(300)]
    with ThreadPoolExecutor(30) as pool:
        statuses = list(pool.map(lambda body: post(client, body).status_code, bodies))
    assert set(statuses) == {202}
    assert {delivery.body for delivery in written(store)} == set(bodies)


def test_an_answer_that_breaks_keeps_no_other_from_being_given(store: SqliteStore) -> None:
    def told(_: bool | Exception) -> None:
        raise RuntimeError("a surprise")

    async def deliver() -> list[bool]:
        inbox = Inbox(store)
        inbox.write(Delivery("one", "ping", b"", datetime.now(UTC)), told)
        found = [await inbox.put(Delivery(name, "ping", b"", datetime.now(UTC))) for name in ("two", "one")]
        await inbox.close()
        return found

    assert asyncio.run(deliver()) == [True, False]


def test_events_that_are_not_ours_are_not_kept(client: httpx.Client, store: SqliteStore) -> None:
    assert post(client, b"{}", headers(b"{}", event="watch")).json() == {"delivery": "ignored"}
    assert written(store) == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"X-Hub-Signature-256": "sha256=" + "0" * 64}, 401),
        ({"X-Hub-Signature-256": None}, 401),
        ({"X-Hub-Signature-256": "sha1=" + "0" * 40}, 401),
        ({"X-GitHub-Event": None}, 400),
        ({"X-GitHub-Event": "Issue Comment"}, 400),
        ({"X-GitHub-Delivery": None}, 400),
        ({"X-GitHub-Delivery": "a/../b"}, 400),
        ({"X-GitHub-Delivery": "d" * 65}, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": None}, 415),
    ],
)
def test_what_is_not_as_github_sends_it_is_refused(
    client: httpx.Client, store: SqliteStore, changed: dict[str, str | None], status: int
) -> None:
    body = comment()
    given = {name: value for name, value in {**headers(body), **changed}.items() if value is not None}
    answer = post(client, body, given)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert written(store) == []


def test_a_signature_of_another_body_is_refused(client: httpx.Client, store: SqliteStore) -> None:
    answer = post(client, comment(2), headers(comment(1)))
    assert answer.status_code == 401
    assert written(store) == []


def test_a_long_body_is_refused_by_its_announced_length(client: httpx.Client) -> None:
    body = b"x" * 20_001
    assert post(client, body).status_code == 413


def test_a_long_body_is_refused_without_an_announced_length(client: httpx.Client, store: SqliteStore) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 1000

    answer = client.post(WEBHOOK, content=pieces(), headers=headers(b""))
    assert answer.status_code == 413
    assert written(store) == []


def test_a_database_that_can_t_be_written_is_told_and_forgotten(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(tmp_path / "closed.sqlite3")
    metrics = Metrics(store, settings.dead_after)
    public, inside = create_app(settings, store, metrics), create_operations_app(settings, store, metrics, lambda: OK)
    with serving(public) as client, serving(inside) as operations:
        store.close()
        body = comment()
        answer = post(client, body)
        assert answer.status_code == 503
        assert client.get("/healthz").status_code == 200
        assert operations.get("/readyz").json()["checks"]["inbox"] == "the database can't be written"
        assert "envclone_store_up 0.0" in operations.get("/metrics").text
    assert SECRET not in caplog.text


def test_readiness_names_what_is_missing(operations: httpx.Client, store: SqliteStore) -> None:
    answer = operations.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["worker"]) == (503, "no worker has ever sent a heartbeat")
    store.beat("one", "")
    answer = operations.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


def test_a_silent_worker_makes_the_service_unready(store: SqliteStore) -> None:
    settings = read({**ENVIRONMENT, "ENVCLONE_HEARTBEAT": "1s", "ENVCLONE_DEAD_AFTER": "2s"})
    impatient = settings.model_copy(update={"dead_after": timedelta(0)})
    store.beat("one", "")
    with serving(create_operations_app(impatient, store, Metrics(store, timedelta(0)), lambda: OK)) as operations:
        assert operations.get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("GitHub answered 401: Bad credentials", "GitHub answered 401: Bad credentials"),
        (None, "GitHub has not answered yet"),
    ],
)
def test_what_github_says_to_our_credentials_is_part_of_readiness(
    settings: Settings, store: SqliteStore, metrics: Metrics, answer: str | None, said: str
) -> None:
    store.beat("one", "")
    with serving(create_operations_app(settings, store, metrics, lambda: answer)) as operations:
        found = operations.get("/readyz")
    assert (found.status_code, found.json()["ready"], found.json()["checks"]["github"]) == (503, False, said)


def test_without_a_secret_nothing_is_accepted_and_readiness_says_so(store: SqliteStore) -> None:
    settings = read({"ENVCLONE_GITHUB_TOKEN": "t"})
    metrics = Metrics(store, settings.dead_after)
    public, inside = create_app(settings, store, metrics), create_operations_app(settings, store, metrics, lambda: OK)
    with serving(public) as client, serving(inside) as operations:
        body = comment()
        assert post(client, body, headers(body, secret="")).status_code == 401
        assert "no webhook secret" in operations.get("/readyz").json()["checks"]["webhook"]


def test_metrics_count_outcomes_and_bound_their_labels(
    client: httpx.Client, operations: httpx.Client, store: SqliteStore
) -> None:
    body = comment()
    post(client, body)
    for number in range(20):
        post(client, body, headers(body, event=f"made_up_{'x' * number}", secret="wrong"))
    store.beat("one", '# TYPE envclone_jobs_total counter\nenvclone_jobs_total{kind="clone",replica="one"} 3.0\n')
    store.beat("two", '# TYPE envclone_jobs_total counter\nenvclone_jobs_total{kind="clone",replica="two"} 4.0\n')
    text = operations.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    deliveries = {
        (s.labels["event"], s.labels["outcome"]): s.value
        for s in families["envclone_deliveries"].samples
        if s.name.endswith("_total")
    }
    assert deliveries == {("issue_comment", "accepted"): 1, ("other", "refused_401"): 20}
    assert families["envclone_inbox_depth"].samples[0].value == 1
    assert [s.value for s in families["envclone_jobs"].samples] == [3, 4]
    assert text.count("# TYPE envclone_jobs_total") == 1


def test_other_paths_and_methods_are_problems_too(client: httpx.Client) -> None:
    assert client.get(WEBHOOK).status_code == 405
    answer = client.get("/openapi.json")
    assert (answer.status_code, json.loads(answer.text)["title"]) == (404, "Not Found")


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_the_public_port_tells_nothing_about_the_installation(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/healthz/", f"{WEBHOOK}/", "//evil.example/healthz/", "/readyz/"])
def test_no_redirect_repeats_a_host(client: httpx.Client, operations: httpx.Client, path: str) -> None:
    for each in (client, operations):
        for method in ("GET", "POST"):
            answer = each.request(method, path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
            assert answer.status_code in {404, 405}
            assert "evil.example" not in str(answer.headers) + answer.text


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"X-Hub-Signature-256": None}, 401),
        ({"X-Hub-Signature-256": "sha256=short"}, 401),
        ({"X-GitHub-Event": "Issue Comment"}, 400),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Length": "20001"}, 413),
    ],
)
def test_a_refusal_by_headers_does_not_wait_for_the_body(
    client: httpx.Client, changed: dict[str, str | None], status: int
) -> None:
    given = {**headers(b""), "Content-Length": "1000", "Host": "bot", **changed}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 30) as connection:
        connection.sendall(f"POST {WEBHOOK} HTTP/1.1\r\n{lines}\r\n".encode())
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == status


def test_deliveries_are_written_however_they_come_over_the_wire(client: httpx.Client, store: SqliteStore) -> None:
    body = comment(body="/help " + "x" * 18_000)
    bodies = {
        "in one piece": (f"Content-Length: {len(body)}\r\n", body),
        "asked whether to go on": (f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n", body),
        "in chunks": (
            "Transfer-Encoding: chunked\r\n",
            b"5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (body[:5], len(body) - 5, body[5:]),
        ),
        "the last": (f"Content-Length: {len(body)}\r\nConnection: close\r\n", body),
    }
    sent = b""
    for name, (framing, text) in bodies.items():
        lines = "".join(f"{key}: {value}\r\n" for key, value in headers(body, name.replace(" ", "-")).items())
        sent += f"POST {WEBHOOK} HTTP/1.1\r\nHost: bot\r\n{lines}{framing}\r\n".encode() + text
        # A refusal between them goes another way, and may not be answered out of turn.
        if name != "the last":
            sent += f"POST {WEBHOOK} HTTP/1.1\r\nHost: bot\r\n{lines}Content-Length: 2\r\n\r\n{{}}".encode()
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), PATIENCE) as connection:
        connection.sendall(sent)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", received.replace(b"HTTP/1.1 100", b"")) == [b"202", b"401"] * 3 + [b"202"]
    found = written(store)
    assert [each.id for each in found] == [name.replace(" ", "-") for name in bodies]
    assert {each.body for each in found} == {body}


def test_a_delivery_that_breaks_off_is_counted_and_not_kept(
    client: httpx.Client, operations: httpx.Client, store: SqliteStore
) -> None:
    body = comment()
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers(body).items())
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), PATIENCE) as connection:
        connection.sendall(
            f"POST {WEBHOOK} HTTP/1.1\r\nHost: bot\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode()
        )
        connection.sendall(body[:-1])
    deadline = time.monotonic() + PATIENCE
    while 'outcome="disconnected"' not in operations.get("/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert written(store) == []


class Listed(TakesDeliveries):
    """An application that lists what came to it."""

    def __init__(self, app: TakesDeliveries) -> None:
        self.webhook, self._app = app.webhook, app
        self.came: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.came.append(scope["type"])
        await self._app(scope, receive, send)


def test_an_ordinary_delivery_needs_no_application(settings: Settings, store: SqliteStore, metrics: Metrics) -> None:
    app = Listed(create_app(settings, store, metrics))
    with serving(app) as client:
        assert [post(client, comment()).status_code for _ in range(3)] == [202] * 3
        assert app.came == ["lifespan"]
        assert post(client, comment(2), headers(comment())).status_code == 401
        assert app.came == ["lifespan", "http"]
    assert len(written(store)) == 3

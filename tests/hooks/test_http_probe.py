"""`http.probe` against a server of this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network, IPv6Network

import pytest

from bot.hooks.http_probe import HttpProbe, ProbeInputs
from bot.hooks.kind import HookFailed, VerifyFailed
from bot.names import ParameterName
from tests.hooks.conftest import Surroundings

KIND = HttpProbe()
LOOPBACK = (IPv4Network("127.0.0.0/8"),)


class Server(ThreadingHTTPServer):
    """Fails `failures` times, then answers."""

    daemon_threads = True
    failures = 0
    asked: list[str]
    hosts: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.hosts.append(str(self.headers["Host"]))
        if self.server.failures > 0:
            self.server.failures -= 1
            self.send_error(503)
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/")
            self.end_headers()
            return
        body = (
            b"x" * 3_000_000 if self.path == "/large" else json.dumps({"status": "ok", "parts": [{"a/b": 1}]}).encode()
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asked, server.hosts = [], []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def probe(url: str, **more: object) -> ProbeInputs:
    return ProbeInputs.model_validate({"url": url, "interval": "1s", "within": "1m", **more})


def test_a_good_answer_is_evidence(around: Surroundings, server: Server) -> None:
    inputs = probe(
        server.url,
        headers={"Content-Type": "application/json"},
        body_contains='"ok"',
        json_values={"/status": "ok", "/parts/0/a~1b": 1},
    )
    for _ in range(2):
        applied = KIND.apply(inputs, around.context())
        assert applied.outputs[ParameterName("status")] == 200
        assert applied.evidence == f"GET {server.url} answered 200"
        assert applied.undo is None
    assert KIND.verify(inputs, around.context()) == f"GET {server.url} answers 200"
    assert KIND.check(inputs, around.context(networks=LOOPBACK)).result == "already_so"


def test_it_waits_until_the_answer_is_right(around: Surroundings, server: Server) -> None:
    server.failures = 2
    assert KIND.apply(probe(server.url), around.context()).evidence.endswith("answered 200 at try 3")
    assert around.lines == [f"{server.url}: status 503 instead of 200"]


def test_it_gives_up_when_the_time_is_over(around: Surroundings, server: Server) -> None:
    server.failures = 100
    with pytest.raises(VerifyFailed, match="status 503 instead of 200"):
        KIND.apply(probe(server.url), around.context(seconds=0.5))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"status": 204}, "status 200 instead of 204"),
        ({"headers": {"X-A": "b"}}, "header `X-A` is not `b`"),
        ({"body_contains": "absent"}, "does not contain `absent`"),
        ({"json_values": {"/status": "bad"}}, "`/status` is something else instead of"),
        ({"json_values": {"/none/0": 1}}, "is nothing instead of `1`"),
    ],
)
def test_a_wrong_answer_is_named(around: Surroundings, server: Server, more: dict[str, object], complaint: str) -> None:
    with pytest.raises(VerifyFailed, match=complaint):
        KIND.verify(probe(server.url, **more), around.context())
    found = KIND.check(probe(server.url, **more), around.context(networks=LOOPBACK))
    assert (found.result, found.text) == ("would_change", f"{server.url} does not respond as expected yet")


def test_no_redirect_is_followed_unless_told(around: Surroundings, server: Server) -> None:
    with pytest.raises(VerifyFailed, match="status 302"):
        KIND.verify(probe(f"{server.url}/moved"), around.context())
    assert KIND.verify(probe(f"{server.url}/moved", follow_redirects=True), around.context())


def test_a_post_sends_its_json_and_is_never_sent_by_a_check(around: Surroundings, server: Server) -> None:
    inputs = probe(server.url, method="POST", request_json={"a": [1]}, status=201, json_values={"/a/0": 1})
    assert KIND.apply(inputs, around.context()).evidence == f"POST {server.url} answered 201"
    assert KIND.check(inputs, around.context()).result == "unknown"


def test_a_pointer_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="json_values"):
        probe("http://x", json_values={"status": "ok"})


def test_a_large_body_is_read_in_part(around: Surroundings, server: Server) -> None:
    assert KIND.verify(probe(f"{server.url}/large", body_contains="xxx"), around.context())


def test_nobody_there_is_a_complaint_and_no_crash(around: Surroundings) -> None:
    with pytest.raises(VerifyFailed, match="no answer"):
        KIND.verify(probe("http://127.0.0.1:9"), around.context())


def test_the_proxy_of_the_environment_is_used(
    around: Surroundings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert KIND.verify(probe("http://shop.example/health"), around.context())
    assert server.asked == ["http://shop.example/health"]


@pytest.mark.parametrize("url", ["ftp://x", "http://user:pass@x/", "http:///x", "file:///etc/passwd", "http://a b/"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        ProbeInputs.model_validate({"url": url})


def test_a_plan_asks_no_private_address_that_the_policy_does_not_name(around: Surroundings, server: Server) -> None:
    with pytest.raises(HookFailed, match=r"`127\.0\.0\.1` is a private address"):
        KIND.check(probe(server.url), around.context())
    assert server.asked == []


def test_a_plan_follows_no_redirect(around: Surroundings, server: Server) -> None:
    found = KIND.check(probe(f"{server.url}/moved", follow_redirects=True), around.context(networks=LOOPBACK))
    assert (found.result, server.asked) == ("unknown", [])


def test_a_plan_asks_the_address_that_it_looked_at_in_the_name_of_the_host(
    around: Surroundings, server: Server
) -> None:
    networks = (*LOOPBACK, IPv6Network("::1/128"))
    inputs = probe(f"http://localhost:{server.server_port}/where")
    assert KIND.check(inputs, around.context(networks=networks)).result in {"already_so", "would_change"}
    assert server.hosts[:1] in ([f"localhost:{server.server_port}"], [])

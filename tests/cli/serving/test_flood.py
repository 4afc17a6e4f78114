"""Connections that are held open by somebody who has no secret: what they cost, and for how long."""

import resource
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.web.app import WEBHOOK
from tests.cli.serving.test_serve import Service, serving
from tests.support.patience import PATIENCE
from tests.web.serving import comment, headers

pytestmark = pytest.mark.e2e

HEADERS = f"POST {WEBHOOK} HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\n"
HALF_HEADERS = f"{HEADERS}X-GitHub-Event: issue_comment\r\nX-Padding: {'x' * 8_000}".encode()
UNSIGNED = f"{HEADERS}Content-Length: 2000000\r\n\r\n".encode() + b"x" * 1_000_000
FORGED = (
    f"{HEADERS}X-GitHub-Event: issue_comment\r\nX-GitHub-Delivery: d\r\nX-Hub-Signature-256: sha256={'0' * 64}\r\n"
    "Content-Length: 2000000\r\n\r\n"
).encode() + b"x" * 1_900_000

MEMORY = 150 * 1024
"""KiB that the web process may have had resident at any time."""

CLOSED_WITHIN = 180
"""Seconds: an idle machine takes fifteen, a busy one with the same processes half a minute and more; without bounds it would be for ever."""


@pytest.fixture(autouse=True)
def files() -> Iterator[None]:
    """Allow as many open files as the flood has connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Flood:
    """Open connections, each with something to send and no hurry."""

    def __init__(self, url: str, texts: list[bytes], stack: ExitStack) -> None:
        parts = urlsplit(url)
        self.selector = stack.enter_context(selectors.DefaultSelector())
        for text in texts:
            connection = stack.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex((parts.hostname, parts.port))
            self.selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, memoryview(text))

    @property
    def open(self) -> int:
        return len(self.selector.get_map())

    def push(self, seconds: float) -> None:
        """Send what can be sent, and note who was closed, for so long or until none is open."""
        deadline = time.monotonic() + seconds
        while self.open and time.monotonic() < deadline:
            for key, _ in self.selector.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                self._push(key.fileobj, key.data)

    def _push(self, connection: socket.socket, rest: memoryview) -> None:
        try:
            sent = connection.send(rest[:65_536]) if rest else 0
            self.selector.modify(
                connection,
                selectors.EVENT_READ | (selectors.EVENT_WRITE if rest[sent:] else 0),
                rest[sent:],
            )
            is_over = connection.recv(65_536) == b""
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self.selector.unregister(connection)


@contextmanager
def flooded(service: Service, texts: list[bytes]) -> Iterator[Flood]:
    with ExitStack() as stack:
        yield Flood(service.url, texts, stack)


def peak_memory(pid: int) -> int:
    """Return the most KiB that a process ever had resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


@pytest.mark.parametrize(
    "texts",
    [[UNSIGNED] * 300 + [HALF_HEADERS] * 1_500, [FORGED] * 300 + [HALF_HEADERS] * 1_500],
    ids=["unsigned", "forged"],
)
def test_a_flood_of_half_requests_costs_little_and_ends(tmp_path: Path, texts: list[bytes]) -> None:
    with serving(tmp_path, "--web-only") as service:
        assert httpx.get(f"{service.url}/healthz", timeout=PATIENCE).is_success
        began = time.monotonic()
        with flooded(service, texts) as flood:
            flood.push(3)
            body = comment()
            with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
                assert client.post(WEBHOOK, content=body, headers=headers(body, "good")).status_code == 202
            assert httpx.get(f"{service.operations_url}/metrics", timeout=PATIENCE).is_success
            flood.push(CLOSED_WITHIN - (time.monotonic() - began))
            assert flood.open == 0
        peak = peak_memory(service.child("web"))
        print(f"{len(texts)} connections: {peak / 1024:.0f} MiB at most")
        assert peak < MEMORY
        assert [delivery.id for delivery in service.deliveries()] == ["good"]

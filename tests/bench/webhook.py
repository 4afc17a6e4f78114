"""How fast a delivery is acknowledged, durably.

Baselines, in the same run: a plain FastAPI route that checks the signature and commits each delivery by itself to SQLite in WAL,
and, where there is npm, Probot, which checks the signature, reads the body and keeps nothing. Each runs in a process of its own, the
first two with the same database settings. The client is wrk where it is installed, and else this process, which takes as long for a request as
a server, and so hides differences. Ratios above 1 are ours being faster. Figures of two runs can't be compared, ratios can.
"""

import asyncio
import os
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response

from bot.web.app import WEBHOOK
from bot.web.signature import is_signed, signature
from tests import ROOT

SECRET = "bench-webhook-secret"
BODY = b'{"action":"created","comment":{"body":"' + b"x" * 6_400 + b'"}}'
HEAD = (
    f"POST {WEBHOOK} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-GitHub-Event: issue_comment\r\n"
    f"X-Hub-Signature-256: {signature(SECRET, BODY)}\r\nContent-Length: {len(BODY)}\r\nX-GitHub-Delivery: "
)
REQUESTS = 3_000
ROUNDS = 3
BASELINES = {"baseline": "a plain FastAPI route", "probot": "Probot, which keeps nothing"}
PROBOT = "probot@14.3.2"
SERVED = ROOT / "tests" / "bench" / "probot.mjs"
INSTALLED = ROOT / ".cache" / "bench-probot"
SECONDS = 3
"""How long wrk sends."""
OPEN_LOOP = 50
"""Requests per second, sent whether or not the one before was answered."""


@dataclass(frozen=True)
class Figures:
    """Requests per second with 1 and 16 connections, milliseconds of the processor for each of the latter; milliseconds at 50 a second."""

    one: float
    sixteen: float
    busy: float
    median: float
    p99: float


def baseline(database: Path) -> FastAPI:
    """What one writes first."""
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE deliveries (id TEXT PRIMARY KEY, event TEXT, body BLOB)")
    app = FastAPI()

    @app.post(WEBHOOK, status_code=202)
    async def receive(request: Request) -> Response:
        body = await request.body()
        if not is_signed(request.headers["x-hub-signature-256"], body, [SECRET]):
            return Response(status_code=401)
        row = (request.headers["x-github-delivery"], request.headers["x-github-event"], body)
        connection.execute("INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?)", row)
        return Response(status_code=202)

    return app


class Connection:
    """One kept-alive HTTP connection; just enough of HTTP for the answers at hand, and cheap."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self) -> None:
        """Send a delivery; return once it is acknowledged."""
        self._writer.write(f"{HEAD}{uuid.uuid4()}\r\n\r\n".encode() + BODY)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 20"), head  # Probot says 200
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


async def loaded(port: int, process: int) -> Figures:
    """Load a server; what else the machine does weighs on all its figures but on that of the processor."""
    first = await Connection.to(port)
    for _ in range(200):
        await first.post()
    many = [await Connection.to(port) for _ in range(16)]
    if shutil.which("wrk"):
        one, _ = await asyncio.to_thread(by_wrk, port, 1)
        before = processor_time(process)
        sixteen, sent = await asyncio.to_thread(by_wrk, port, 16)
    else:
        one = await rate([first], REQUESTS // 2)
        before = processor_time(process)
        sixteen, sent = await rate(many, REQUESTS), REQUESTS
    busy = (processor_time(process) - before) / sent * 1e3
    latencies = await open_loop(many, 10)
    for connection in (first, *many):
        connection.close()
    p99 = statistics.quantiles(latencies, n=100)[98]
    return Figures(one, sixteen, busy, statistics.median(latencies) * 1e3, p99 * 1e3)


def processor_time(process: int) -> float:
    """Return the seconds of the processor that a process and its threads have had."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def by_wrk(port: int, connections: int) -> tuple[float, int]:
    """Return requests per second, and how many they were, each with an id of its own."""
    fields = [line.split(": ") for line in HEAD.splitlines()[1:-1] if not line.startswith(("Host", "Content-Length"))]
    headers = ", ".join(f"['{name}'] = '{value}'" for name, value in fields)
    script = [
        f"local headers = {{ {headers} }}",
        f"local body, base, sent = [[{BODY.decode()}]], '{uuid.uuid4()}', 0",
        "function request() sent = sent + 1; headers['X-GitHub-Delivery'] = base .. '-' .. sent",
        f"return wrk.format('POST', '{WEBHOOK}', headers, body) end",
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write("\n".join(script))
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "-s", file.name, f"http://127.0.0.1:{port}/"]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS + 60).stdout
    assert "Non-2xx" not in said, said
    [(sent, seconds)] = re.findall(r"(\d+) requests in ([\d.]+)s", said)
    return int(sent) / float(seconds), int(sent)


async def rate(connections: list[Connection], requests: int) -> float:
    """Return requests per second, each connection sending the next when it was answered."""
    left = iter(range(requests))

    async def send(connection: Connection) -> None:
        for _ in left:
            await connection.post()

    began = time.perf_counter()
    await asyncio.gather(*(send(connection) for connection in connections))
    return requests / (time.perf_counter() - began)


async def open_loop(connections: list[Connection], seconds: int) -> list[float]:
    """Return latencies at a steady rate, each request on a connection that waits for nothing else."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for each in connections:
        free.put_nowait(each)

    async def post() -> float:
        # Counted from here: that all connections wait is the server's doing.
        began = time.perf_counter()
        connection = await free.get()
        await connection.post()
        free.put_nowait(connection)
        return time.perf_counter() - began

    sent = []
    for _ in range(OPEN_LOOP * seconds):
        sent.append(asyncio.create_task(post()))
        await asyncio.sleep(1 / OPEN_LOOP)
    return await asyncio.gather(*sent)


@contextmanager
def running(name: str, directory: Path) -> Iterator[tuple[int, int]]:
    """Run a server in its own process; yield its port and the process' id."""
    ours = [sys.executable, "-m", "tests.bench.webhook", name, str(directory)]
    command = ["node", str(INSTALLED / SERVED.name)] if name == "probot" else ours
    environment = {**os.environ, "ENVCLONE_WEBHOOK_SECRET": SECRET, "ENVCLONE_DATA_DIR": str(directory)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()
            process.wait()


def serve(name: str, directory: Path) -> None:
    """Be one of the two servers."""
    if name == "ours":
        from bot.cli.serving.web import bounded_server  # noqa: PLC0415 - the baseline must not carry our imports
        from bot.clients.store import open_store  # noqa: PLC0415
        from bot.logs import set_up  # noqa: PLC0415
        from bot.settings import read  # noqa: PLC0415
        from bot.web.app import create_app  # noqa: PLC0415
        from bot.web.connections import HEADER_ROOM, ConnectionLimits  # noqa: PLC0415
        from bot.web.metrics import Metrics  # noqa: PLC0415

        settings, store = read({"ENVCLONE_WEBHOOK_SECRET": SECRET}), open_store(None, directory, takes_deliveries=True)
        set_up(settings.log_level)
        app = create_app(settings, store, Metrics(store, settings.dead_after))
        limits = ConnectionLimits(settings.max_connections, settings.max_body + HEADER_ROOM)
        server = bounded_server(app, limits, settings)
    else:
        server = uvicorn.Server(
            uvicorn.Config(baseline(directory / "baseline.sqlite3"), log_level="warning", access_log=False)
        )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    # Taken in turns, so that what else the machine does meanwhile weighs on both alike.
    names = ["ours", "baseline", *(["probot"] if has_probot() else [])]
    taken: dict[str, list[Figures]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, figures in taken.items():
            with tempfile.TemporaryDirectory() as directory, running(name, Path(directory)) as (port, process):
                figures.append(asyncio.run(loaded(port, process)))
    rows = []
    for label, field, is_rate in (
        ("1 connection: {:.0f} requests/s", "one", True),
        ("16 connections: {:.0f} requests/s", "sixteen", True),
        ("16 connections: {:.2f} ms of the processor each", "busy", False),
        (f"{OPEN_LOOP}/s: median {{:.1f}} ms", "median", False),
        (f"{OPEN_LOOP}/s: 99th percentile {{:.1f}} ms", "p99", False),
    ):
        median = {name: statistics.median(getattr(one, field) for one in taken[name]) for name in taken}
        ours = median.pop("ours")
        for name, theirs in median.items():
            baseline = f"{BASELINES[name]} ({theirs:.2f})"
            rows.append((label.format(ours), ours / theirs if is_rate else theirs / ours, baseline))
    return rows


def has_probot() -> bool:
    """Install Probot beside the caches, once; say whether it is there."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    INSTALLED.mkdir(parents=True, exist_ok=True)
    shutil.copy(SERVED, INSTALLED)
    if not (INSTALLED / "node_modules" / "probot").is_dir():
        install = ["npm", "install", "--no-fund", "--no-audit", "--silent", "--prefix", str(INSTALLED), PROBOT]
        return subprocess.run(install, check=False, timeout=600, stdout=subprocess.DEVNULL).returncode == 0
    return True


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))

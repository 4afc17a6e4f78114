"""`make soak`: the service under a steady load, and whether its memory, files, answers and databases stay as they are.

Every second 50 signed deliveries come, each with a comment that asks for nothing; now and then somebody asks for a clone and closes it.
A line each half minute; the last one compares the end with the beginning.
"""

import argparse
import itertools
import math
import os
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import httpx

from bot.sandbox.tls import tls
from tests.chaos.lives import Close, Life, Say
from tests.support.needs import allowed
from tests.support.serving import Serving, serving
from tests.web.serving import comment, headers

A_SECOND = 50
EVERY = 30.0
"""Seconds between two lines."""
A_CLONE = 20.0
"""Seconds between two clones."""
CONNECTIONS = 8
MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Line:
    """What is measured: memory (PSS) of all processes, their open files, what lies on the disk, and how fast deliveries are acknowledged."""

    minutes: float
    deliveries: int
    memory_mb: float
    files: int
    databases_mb: float
    mirror_mb: float
    median_ms: float
    p99_ms: float


def main() -> int:
    """Send deliveries for some minutes, and print what it costs."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=…", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and end what was started
    kept = Path(tempfile.mkdtemp(prefix="envclone-soak-"))
    try:
        with allowed({"e2e"}), serving(kept / "service") as service:
            lines = list(_lines(service, kept / "service" / "data", given.minutes))
        print(_compared(lines))
    finally:
        shutil.rmtree(kept)
    return 0


def _lines(service: Serving, data: Path, minutes: float) -> Iterator[Line]:
    times: list[float] = []
    over = threading.Event()
    began = time.monotonic()
    print(" ".join(f"{each.name:>12}" for each in fields(Line)), flush=True)
    with ThreadPoolExecutor(CONNECTIONS + 2) as threads:
        sending = [threads.submit(_send, service, number, times, over) for number in range(CONNECTIONS)]
        living = threads.submit(_live, service, over)
        try:
            while time.monotonic() < began + minutes * 60:
                over.wait(EVERY)
                taken, times[:] = sorted(times), []
                line = _measured(service, data, (time.monotonic() - began) / 60, taken)
                print(" ".join(f"{getattr(line, each.name):12.2f}" for each in fields(Line)), flush=True)
                yield line
                for each in (*sending, living):
                    if each.done():
                        each.result()
        finally:
            over.set()


def _send(service: Serving, number: int, times: list[float], over: threading.Event) -> None:
    """Send one connection's share of the deliveries, whether or not the one before was fast."""
    secret = service.environment["ENVCLONE_WEBHOOK_SECRET"]
    every, due = CONNECTIONS / A_SECOND, time.monotonic()
    with httpx.Client(trust_env=False, verify=tls(), timeout=60) as client:
        for count in itertools.count():
            due += every
            if over.wait(max(0.0, due - time.monotonic())):
                return
            body = comment(10**9 + count * CONNECTIONS + number, f"Looks good to me. {uuid.uuid4().hex * 100}")
            began = time.perf_counter()
            answer = client.post(f"{service.url}/webhooks/github", content=body, headers=headers(body, secret=secret))
            times.append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()


def _live(service: Serving, over: threading.Event) -> None:
    """Ask for a clone and close it, again and again."""
    for number in itertools.count():
        name = f"soak-{number}"
        life = Life(name, (Say(f"/clone production as {name} for demo"), Say("/list"), Close(f"envclone/{name}")))
        while life.goes_on(service):
            if over.wait(0.2):
                return
        if over.wait(A_CLONE):
            return


def _measured(service: Serving, data: Path, minutes: float, taken: Sequence[float]) -> Line:
    processes = [Path(f"/proc/{pid}") for pid in _family(service)]
    memory = sum(_pss(each) for each in processes) / 1024
    files = sum(len(os.listdir(each / "fd")) for each in processes)
    databases = sum(each.stat().st_size for each in data.glob("*sqlite3*")) / MEGABYTE
    mirror = sum(each.stat().st_size for each in data.rglob("*.git/**/*") if each.is_file()) / MEGABYTE
    p99 = taken[math.ceil(len(taken) * 0.99) - 1]
    return Line(minutes, len(taken), memory, files, databases, mirror, statistics.median(taken), p99)


def _family(service: Serving) -> list[int]:
    """Return the supervisor, the web process and the worker."""
    assert service.process is not None
    parent = service.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


def _pss(process: Path) -> int:
    rollup = (process / "smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _compared(lines: Sequence[Line]) -> str:
    """Say what the last quarter is of the second one: in the first, what is needed is still being loaded."""
    quarter = max(1, len(lines) // 4)
    before, after = lines[quarter : 2 * quarter] or lines[:1], lines[-quarter:]
    ratios = [
        f"{each.name} {statistics.mean(getattr(x, each.name) for x in after) / max(1e-9, statistics.mean(getattr(x, each.name) for x in before)):.2f}"
        for each in fields(Line)[2:]
    ]
    return f"last quarter ÷ second quarter: {', '.join(ratios)}; {sum(each.deliveries for each in lines)} deliveries"


if __name__ == "__main__":
    sys.exit(main())

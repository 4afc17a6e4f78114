"""From the comment to the pull request, as whoever asked waits for it: through GitHub's delivery, the web process and the worker.

Against git's own quickest way in the same run (a partial clone with a sparse checkout, commit and push, which opens no pull request), and
against the fewest environments. `GITHUB_SECONDS=0.15` lets GitHub take that long for each request, git's included; else it takes no time.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.bench.monorepo import WAYS, Took, by_git, grow
from tests.support.needs import allowed
from tests.support.serving import Serving, serving
from tests.support.small_monorepo import REPOSITORY

SIZES = (10, 1_000)
LATER = 20
IDLE = 0.05
"""Seconds of the processor in a second, of a service that only asks its database for work."""
MOST_MEMORY = 400
"""Megabytes that each process is to stay below."""
ROLES = ("web", "worker")
_SESSION, _TIMES = 3, slice(11, 15)
"""Where `/proc/PID/stat` has the session, and the processor time of the process and of its children that ended, after the name."""


def measure(sizes: Sequence[int] = SIZES) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    with allowed({"e2e"}):
        found = [_measure(size) for size in sizes]
    fewest = found[0]
    return [row for each in found for row in _rows(each, fewest)]


@dataclass(frozen=True, slots=True)
class _Served:
    """What was measured among so many environments. The processor time is that of the service's processes and their git alone."""

    size: int
    waits: dict[str, Took]
    later: Took
    memory: dict[str, int]
    by_git: Took
    load: float


def _rows(found: _Served, fewest: _Served) -> Iterator[tuple[str, float, str]]:
    among = f"among {found.size:,} environments"
    for which, took in {**found.waits, "later ones": found.later}.items():
        yield f"{which} {among}: {took}", took.seconds / found.by_git.seconds, f"{[*WAYS][-1]} ({found.by_git})"
    if found is not fewest:
        other = f"among {fewest.size:,}"
        yield f"later ones {among}, load {found.load:.0f}", found.later.seconds / fewest.later.seconds, other
        yield f"their processor time {among}", found.later.busy / fewest.later.busy, other
    for role, most in found.memory.items():
        yield f"most memory of the {role} {among}: {most} MB", most / MOST_MEMORY, f"{MOST_MEMORY} MB"


def _measure(size: int) -> _Served:
    way = [*WAYS][-1]
    with tempfile.TemporaryDirectory() as scratch, serving(Path(scratch), _slowed) as service:
        service.server.add_user("admin", REPOSITORY, "admin")
        grow(service.server, size)
        base = by_git(service.server, Path(scratch) / "work", *WAYS[way])
        first = _waited(service, 0)
        later = [_waited(service, number) for number in range(1, 1 + LATER)]
        memory, load = _memory(service), os.getloadavg()[0]
        service.kill()
        service.start()
        anew = _waited(service, 1 + LATER)
        service.kill()
        service.start()
        _rest(service)
        rested = _waited(service, 2 + LATER)
    typical = Took(median(each.seconds for each in later), sum(each.busy for each in later) / LATER)
    waits = {
        "first clone": first,
        "first after a restart, with the worker's start": anew,
        "first after a restart, once the worker is up": rested,
    }
    return _Served(size, waits, typical, memory, base, load)


def _slowed(app: ASGIApp) -> ASGIApp:
    seconds = float(os.environ.get("GITHUB_SECONDS", "0"))

    async def slowed(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await app(scope, receive, send)

    return slowed


def _waited(service: Serving, number: int) -> Took:
    """Ask for a clone; return how long its pull request takes, to a twentieth of a second, and wait until nothing more is done for it."""
    branch, began, busy = f"envclone/new-{number}", time.perf_counter(), _busy(service)
    comment = service.comment(f"/clone production as new-{number} for demo")
    service.until(
        lambda: any(each.pull is not None and each.pull.head_ref == branch for each in service.server.pulls(REPOSITORY))
    )
    took = time.perf_counter() - began
    service.until(lambda: service.replies(comment) and _is_answered(service, comment))
    return Took(took, _busy(service) - busy)


def _rest(service: Serving) -> None:
    """Wait until the service has nothing more to do: a second in which it takes next to nothing of the processor."""
    before = float("-inf")
    while (now := _busy(service)) - before > IDLE:
        before = now
        time.sleep(1)


def _is_answered(service: Serving, comment: int) -> bool:
    return any(each.content == "rocket" for each in service.server.reactions(comment))


def _busy(service: Serving) -> float:
    """Return the seconds of the processor that the service has taken, with what it started and what of that ended."""
    ticks = sum(int(each) for _, stat in _processes(service) for each in stat[_TIMES])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory(service: Serving) -> dict[str, int]:
    """Return the most memory that each process of the service ever had, in megabytes."""
    found: dict[str, int] = {}
    for process, _ in _processes(service):
        role = (process / "cmdline").read_text().split("\0")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        found |= {each: int(status["VmHWM"].split()[0]) // 1024 for each in ROLES if each in role}
    return found


def _processes(service: Serving) -> Iterator[tuple[Path, list[str]]]:
    """Yield the directories in `/proc` of the processes in the service's session, with what `stat` says of them after the name."""
    assert service.process is not None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        if int(stat[_SESSION]) == service.process.pid:
            yield process, stat

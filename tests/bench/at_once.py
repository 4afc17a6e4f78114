"""200 clones asked for at once among 1,000 environments, under GitHub's limits: all proposed, no value twice. Time is made up."""

import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clients.git.claims import CLAIMS
from bot.clients.github import GitHub, Token
from bot.clients.github.pacing import GITHUB_COM
from bot.clients.transient import RateLimited, Transient
from bot.events import CommentCreated
from bot.service.jobs_api import R
from tests.bench.monorepo import grow
from tests.support import example
from tests.support.small_monorepo import BOT, REPOSITORY, SmallMonorepo, small_monorepo

CLONES, AMONG, JOBS = 200, 1_000, 8
"""What is asked for, how many environments there are, and how many jobs a worker does side by side."""


@dataclass
class _Made:
    """Time that only waiting moves, for all jobs alike."""

    now: datetime
    waits: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def until(self, moment: datetime) -> None:
        with self._lock:
            self.now, self.waits = max(self.now, moment), self.waits + 1


class _Content:
    """Counts the content that is created on GitHub (pull requests and comments, which its limits are about), as its middleware."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if (
                scope["type"] == "http"
                and scope["method"] == "POST"
                and scope["path"].endswith(("/pulls", "/comments"))
            ):
                self.count += 1
            await app(scope, receive, send)

        return counted


class _Remembered:
    """The steps of a job that goes on where it had to wait."""

    are_answered = False

    def __init__(self) -> None:
        self._results: dict[str, object] = {}

    def run(self, name: str, result: TypeAdapter[R], act: Callable[[], R]) -> R:
        if name not in self._results:
            self._results[name] = act()
        return result.validate_python(self._results[name])


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to a baseline, the baseline)."""
    content = _Content()
    with tempfile.TemporaryDirectory() as scratch, small_monorepo(Path(scratch), content) as place:
        place.server.add_user("admin", REPOSITORY, "admin")
        grow(place.server, AMONG)
        made = _Made(example.NOW)
        _under_limits(place, made)
        events = [place.event(place.comment(text), text) for text in _wishes()]
        content.count, began, busy = 0, made.now, time.process_time()
        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(lambda event: _worked(place, event, made), events))
        busy = time.process_time() - busy
        open_now = [each for each in place.server.pulls(REPOSITORY) if each.state == "open"]
        refs = place.service.context.mirror(REPOSITORY).refs()
        networks = {ref for ref in refs if ref.startswith(f"{CLAIMS}/vpc_cidr/")}
        place.written()
        for pull in open_now:
            place.written(pull.number)
    took, least = made.now - began, _least(content.count)
    return [
        (
            f"{CLONES} clones asked for at once among {AMONG:,}: pull requests that are open",
            len(open_now) / CLONES,
            "one each",
        ),
        ("networks", len(networks) / CLONES, "one each"),
        (
            f"made-up time: {took}, {content.count} pull requests and comments, {made.waits} waits",
            took / least,
            f"the limits: {least}",
        ),
        (
            f"processor time of a clone, with the sandbox's GitHub and without git's processes: {busy / CLONES * 1000:.0f} ms",
            1.0,
            "itself",
        ),
    ]


def _wishes() -> list[str]:
    return [f"/clone production as demo-{number:03} for demo" for number in range(CLONES)]


def _under_limits(place: SmallMonorepo, made: _Made) -> None:
    """Let the service pace as on github.com, by the made-up time, and never wait in place."""
    pacing = replace(GITHUB_COM, longest_wait=timedelta(0))
    context = place.service.context
    address = f"{place.server.url}/api/v3"
    context.github = GitHub(Token(place.server.token(BOT)), api_url=address, pacing=pacing, clock=lambda: made.now)


def _worked(place: SmallMonorepo, event: CommentCreated, made: _Made) -> None:
    """Do the job of a comment to its end; wait, in made-up time, as long as GitHub's limits ask."""
    request, steps = place.service.plan_of("delivery-1", event), _Remembered()
    assert request is not None
    while True:
        try:
            place.service.run(request, steps)
        except RateLimited as limited:
            made.until(limited.until)
        except Transient:  # it lost a race for a value: another job was faster
            made.until(made.now)
        else:
            return


def _least(content: int) -> timedelta:
    """Return how long it takes at least to create so much on GitHub, from the first piece to the last."""
    assert GITHUB_COM.per_hour is not None
    assert GITHUB_COM.per_minute is not None
    hours, left = divmod(content - 1, GITHUB_COM.per_hour)
    return timedelta(hours=hours, minutes=left // GITHUB_COM.per_minute)

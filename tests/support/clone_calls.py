"""What one `/clone` costs in calls, counted from outside: no time, so it is the same on every machine."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clients.git.remote import Remote
from bot.commands.grammar import parse
from bot.core.parity.by_code.compare import compare
from bot.model.environment import Manifest
from tests.support.small_monorepo import small_monorepo


@dataclass(frozen=True)
class CloneCalls:
    """How often each was done for one `/clone`."""

    parses: int
    fetches: int
    comparisons: int
    github: int
    validations: int


MOST = CloneCalls(parses=2, fetches=2, comparisons=1, github=8, validations=2)
"""What is allowed: the line is read by the dispatcher and again before it is trusted, the repository then and again for the draft.

Two of the calls to GitHub are after the answer: the 👀 becomes 🚀, which nobody waits for.
"""


class _Requests:
    """Counts the requests to GitHub's API, as middleware of the server."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"].startswith("/api/v3/"):
                self.counts["github"] += 1
            await app(scope, receive, send)

        return counted


@contextmanager
def _calls() -> Iterator[Counter[str]]:
    """Count calls of this thread by the interpreter's own profiling hook, so that nothing is replaced."""
    watched: dict[CodeType, str] = {parse.__code__: "parses", compare.__code__: "comparisons"}
    git, counts = Remote.fetch.__code__, Counter[str]()

    def look(frame: FrameType, event: str, called: object) -> None:
        if event == "call" and frame.f_code in watched:
            counts[watched[frame.f_code]] += 1
        elif event == "call" and frame.f_code is git:
            counts["fetches"] += 1
        elif event == "c_call" and getattr(called, "__self__", None) is Manifest.__pydantic_validator__:
            counts["validations"] += 1

    sys.setprofile(look)
    try:
        yield counts
    finally:
        sys.setprofile(None)


def clone_calls(directory: Path) -> CloneCalls:
    """Carry out one `/clone` on a fresh small monorepo, by a service that has just started, and return its counts."""
    requests = _Requests()
    with small_monorepo(directory, requests) as found:
        found.service.context.github.identity()  # as the service asks when it starts
        body = "/clone production as demo-x for demo"
        comment = found.comment(body)
        event = found.event(comment, body)
        requests.counts.clear()
        with _calls() as calls:
            found.work(event)
        counts = calls + requests.counts
        assert "`demo-x` is being planned" in (found.reply(comment) or "")
    return CloneCalls(**{name: counts[name] for name in ("parses", "fetches", "comparisons", "github", "validations")})

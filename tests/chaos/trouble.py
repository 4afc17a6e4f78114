"""What goes wrong: processes killed (-9), requests to GitHub that fail or whose answers are lost, deliveries lost, doubled and late."""

import os
import random
import signal
import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path

from tests.support.forwarder import Forward, ForwardedAnswer, ForwardedRequest
from tests.support.serving import Serving

DELIVERY_FAULTS = 0.15
"""The part of deliveries that are lost, and as much that are doubled, and as much that come late."""
PAUSES = (0.2, 3.0)
"""Seconds between two troubles."""
LATE = (0.5, 5.0)
"""Seconds by which a delivery is late, so that others overtake it."""


class Deliveries:
    """Stands between GitHub and the service's webhook. `between` is for `tests.support.forwarder`."""

    def __init__(self, chance: random.Random, counted: "Counter[str]") -> None:
        self._chance, self._counted = chance, counted
        self._lock = threading.Lock()
        self.is_calm = False

    def between(self, request: ForwardedRequest, forward: Forward) -> ForwardedAnswer | None:
        with self._lock:
            fate, late = self._chance.random(), self._chance.uniform(*LATE)
        if self.is_calm or fate > 3 * DELIVERY_FAULTS:
            return _tried(request, forward)
        if fate < DELIVERY_FAULTS:
            self._counted["deliveries lost"] += 1
            return None
        if fate < 2 * DELIVERY_FAULTS:
            self._counted["deliveries doubled"] += 1
            _tried(request, forward)
            return _tried(request, forward)
        self._counted["deliveries late"] += 1
        threading.Timer(late, _tried, (request, forward)).start()
        return None  # GitHub did not wait so long


def _tried(request: ForwardedRequest, forward: Forward) -> ForwardedAnswer | None:
    """Hand a delivery on; None when nobody is there to take it."""
    with suppress(OSError, HTTPException):
        return forward(request)
    return None


class Trouble:
    """Kills and faults, one after the other, by a seed. Runs in the thread that also drives the lives."""

    def __init__(self, service: Serving, chance: random.Random, counted: "Counter[str]") -> None:
        self._service, self._chance, self._counted = service, chance, counted

    def strike(self) -> float:
        """Make one trouble; return the seconds until the next."""
        kind = self._chance.choice(
            (self._kill_all, self._kill_one, self._kill_one, self._fault, self._fault, self._limit)
        )
        kind()
        return self._chance.uniform(*PAUSES)

    def _kill_all(self) -> None:
        self._counted["kills of all processes"] += 1
        self._service.kill()
        self._service.server.faults.clear()  # a start without GitHub is refused, and then somebody else starts it again
        self._service.start()

    def _kill_one(self) -> None:
        process = self._service.process
        assert process is not None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            self._counted["kills of one process"] += 1
            with suppress(ProcessLookupError):
                os.kill(int(self._chance.choice(children)), signal.SIGKILL)

    def _fault(self) -> None:
        faults = self._service.server.faults
        method, path = (
            self._chance.choice(("GET", "POST", "PATCH", "")),
            self._chance.choice(("/repos/", "\\.git/", "/pulls", "/comments", "")),
        )
        match self._chance.choice(("500", "502", "lose answer", "lose request")):
            case "lose answer":
                faults.lose_answer(method, path)
            case "lose request":
                faults.lose_request(method, path)
            case status:
                faults.answer(method, path, int(status), times=self._chance.randint(1, 3))
        self._counted["faults of GitHub"] += 1

    def _limit(self) -> None:
        self._service.server.faults.secondary_limit(timedelta(seconds=1), self._chance.choice(("POST", "")), "/repos/")
        self._counted["limits of GitHub"] += 1

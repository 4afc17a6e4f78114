"""What goes wrong: processes killed (-9), requests to GitHub that fail or whose answers are lost, deliveries lost, doubled and late."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path

from tests.chaos.fleet import Fleet
from tests.support.forwarder import Forward, ForwardedAnswer, ForwardedRequest, forwarded

DELIVERY_FAULTS = 0.15
"""The part of deliveries that are lost, and as much that are doubled, and as much that come late."""
PAUSES = (0.2, 3.0)
"""Seconds between two troubles."""
LATE = (0.5, 5.0)
"""Seconds by which a delivery is late, so that others overtake it."""


TOO_LATE = (2, 25)
"""Seconds by which an answer of GitHub is late: the client waits for twenty."""
GIVES_UP = 10.0
"""Seconds after which GitHub gives a delivery up."""
FULL = 3.0
"""Seconds for which the disk has no room."""
SILENCE = 12.0
"""Seconds for which a replica is paused or cut off: twice as long as it may be silent."""


class Deliveries:
    """Stands between GitHub and the doors of the service, of which any takes a delivery. `between` is for `tests.support.forwarder`."""

    def __init__(self, chance: random.Random, counted: "Counter[str]") -> None:
        self._chance, self._counted = chance, counted
        self._lock = threading.Lock()
        self.is_calm = False
        self.doors: Sequence[str] = ()

    def between(self, request: ForwardedRequest, _: Forward) -> ForwardedAnswer | None:
        with self._lock:
            fate, late = self._chance.random(), self._chance.uniform(*LATE)
        if self.is_calm or fate > 3 * DELIVERY_FAULTS:
            return self._tried(request)
        if fate < DELIVERY_FAULTS:
            self._counted["deliveries lost"] += 1
            return None
        if fate < 2 * DELIVERY_FAULTS:
            self._counted["deliveries doubled"] += 1
            self._tried(request)
            return self._tried(request)
        self._counted["deliveries late"] += 1
        threading.Timer(late, self._tried, [request]).start()
        return None  # GitHub did not wait so long

    def _tried(self, request: ForwardedRequest) -> ForwardedAnswer | None:
        """Hand a delivery on; None when nobody is there to take it."""
        with self._lock:
            doors = self._chance.sample(self.doors, len(self.doors))
        for door in doors:
            with suppress(OSError, HTTPException):
                return forwarded(request, door, GIVES_UP)
        return None


class Trouble:
    """Kills and faults, one after the other, by a seed. Runs in the thread that also drives the lives."""

    def __init__(self, fleet: Fleet, chance: random.Random, counted: "Counter[str]") -> None:
        self._fleet, self._chance, self._counted = fleet, chance, counted
        self._faults = fleet.replicas[0].server.faults

    def strike(self) -> float:
        """Make one trouble; return the seconds until the next."""
        kinds = [self._kill_all, self._kill_one, self._kill_one, self._fault, self._fault, self._limit]
        if self._fleet.cluster is not None:
            kinds += [self._pause, self._cut, self._restart_database]
        if self._fleet.disk is not None:
            kinds += [self._fill_disk, self._lock_disk]
        self._chance.choice(kinds)()
        return self._chance.uniform(*PAUSES)

    def _kill_all(self) -> None:
        service = self._chance.choice(self._fleet.replicas)
        self._counted["kills of all processes of a replica"] += 1
        service.kill()
        self._faults.clear()  # a start without GitHub is refused, and then somebody else starts it again
        service.start()

    def _kill_one(self) -> None:
        process = self._chance.choice(self._fleet.replicas).process
        assert process is not None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            self._counted["kills of one process"] += 1
            with suppress(ProcessLookupError):
                os.kill(int(self._chance.choice(children)), signal.SIGKILL)

    def _pause(self) -> None:
        service = self._chance.choice(self._fleet.replicas)
        self._counted["pauses of a replica"] += 1
        service.pause()
        threading.Timer(SILENCE, service.go_on).start()

    def _cut(self) -> None:
        network = self._chance.choice(self._fleet.networks)
        self._counted["cuts between a replica and the database"] += 1
        network.cut()
        threading.Timer(SILENCE, network.mend).start()

    def _restart_database(self) -> None:
        assert self._fleet.cluster is not None
        self._counted["restarts of the database"] += 1
        self._fleet.cluster.restart()

    def _fill_disk(self) -> None:
        assert self._fleet.disk is not None
        self._counted["times that the disk was full"] += 1
        self._fleet.disk.fill()
        threading.Timer(FULL, self._fleet.disk.free).start()

    def _lock_disk(self) -> None:
        """Start the service on a disk that can't be written: with a database open on it no system makes it so."""
        disk, service = self._fleet.disk, self._fleet.first
        assert disk is not None
        disk.free()
        service.kill()
        if disk.be_read_only(True):
            self._counted["starts on a disk that is read-only"] += 1
            service.launch()
            time.sleep(FULL)
            service.kill()
            while not disk.be_read_only(False):
                time.sleep(0.1)
        self._faults.clear()
        service.start()

    def _fault(self) -> None:
        faults = self._faults
        method, path = (
            self._chance.choice(("GET", "POST", "PATCH", "")),
            self._chance.choice(("/repos/", "\\.git/", "/pulls", "/comments", "")),
        )
        kind = self._chance.choice(("500", "502", "lose answer", "lose request", "cut answer", "late answer"))
        match kind:
            case "lose answer":
                faults.lose_answer(method, path)
            case "lose request":
                faults.lose_request(method, path)
            case "cut answer":
                faults.cut_answer(method, path)
            case "late answer":
                faults.late_answer(timedelta(seconds=self._chance.choice(TOO_LATE)), method, path)
            case status:
                faults.answer(method, path, int(status), times=self._chance.randint(1, 3))
        self._counted[f"faults of GitHub: {kind}"] += 1

    def _limit(self) -> None:
        self._faults.secondary_limit(timedelta(seconds=1), self._chance.choice(("POST", "")), "/repos/")
        self._counted["limits of GitHub"] += 1

"""Who is alive, and the jobs of who is not.

Each worker writes a heartbeat; one that was silent for too long is dead, and any other puts its jobs back into the queue. That may
be done by several at once, and wrongly, to one that was only paused: then a step may run twice, which steps bear.
"""

import logging
import threading
from datetime import timedelta

from bot.clients.store import JobStore
from bot.jobs.engine import Engine
from bot.jobs.figures import Figures
from bot.service.jobs_api import JobsApi

log = logging.getLogger(__name__)

PRUNE_EVERY = 720
"""Heartbeats between two clearings of what is too old: about an hour."""


class Heart:
    """Beats in a thread of its own."""

    def __init__(self, store: JobStore, engine: Engine, work: JobsApi, figures: Figures) -> None:
        self._store = store
        self._engine = engine
        self._figures = figures
        self._replica = figures.replica
        self._work = work

    def run(self, stop: threading.Event, every: timedelta, dead_after: timedelta) -> None:
        """Beat until told to stop. A database that goes away for a while is logged and borne."""
        beats = 0
        while not stop.is_set():
            try:
                self.beat(dead_after)
                if beats % PRUNE_EVERY == 0:
                    # After the beat: a replica's name must not be forgotten before its jobs were taken over.
                    self._store.prune()
                    self._engine.prune()
                beats += 1
            except Exception:
                log.exception("heartbeat failed", extra={"action": "beat"})
            stop.wait(every.total_seconds())

    def beat(self, dead_after: timedelta) -> None:
        """Say that we are alive, and take over from those that are not."""
        self._figures.now(self._engine.jobs_now())
        self._figures.remaining(self._work.remaining_requests())
        self._store.beat(self._replica, self._figures.text())
        if revived := self._engine.revive():
            log.warning("%d jobs that the database cut off start over", revived, extra={"action": "revive"})
        dead = [
            replica.name
            for replica in self._store.replicas()
            if replica.name != self._replica and replica.silent_for > dead_after
        ]
        if dead and (jobs := self._engine.recover(dead)):
            self._figures.recovered(jobs)
            log.warning(
                "%d jobs taken over from dead replicas", jobs, extra={"action": "recover", "replicas": ",".join(dead)}
            )

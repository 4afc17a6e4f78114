"""What a slow look at something said lately: asked again when that is old, and never waited for longer than a probe waits."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

FRESH = timedelta(seconds=15)
"""How long an answer serves without another look: probes that come every second cost four looks a minute."""
USABLE = timedelta(minutes=1)
"""How long the last answer serves while the next look takes its time."""
PATIENCE = timedelta(milliseconds=500)
"""How long one who asks waits; the probes of most platforms give up after a second."""


@dataclass(frozen=True, slots=True)
class _Answer:
    said: str
    at: float


class LastSaid:
    """One look at a time, in a thread of its own. Safe to call from any thread."""

    def __init__(self, look: Callable[[], str], *, fresh: timedelta = FRESH, usable: timedelta = USABLE) -> None:
        """Take a look that raises nothing and ends some time."""
        self._look = look
        self._fresh, self._usable = fresh.total_seconds(), usable.total_seconds()
        self._lock = threading.Lock()
        self._answer: _Answer | None = None
        self._running: threading.Event | None = None

    def __call__(self, patience: timedelta = PATIENCE) -> str | None:
        """Return what the last look said; None if there is none yet, or its answer is too old."""
        with self._lock:
            if self._answer is not None and time.monotonic() - self._answer.at < self._fresh:
                return self._answer.said
            running = self._running or self._begin()
        running.wait(patience.total_seconds())
        with self._lock:
            answer = self._answer
        return answer.said if answer is not None and time.monotonic() - answer.at < self._usable else None

    def _begin(self) -> threading.Event:
        done = self._running = threading.Event()
        threading.Thread(target=self._run, args=(done,), name="look", daemon=True).start()
        return done

    def _run(self, done: threading.Event) -> None:
        try:
            answer = _Answer(self._look(), time.monotonic())
            with self._lock:
                self._answer = answer
        finally:
            with self._lock:
                self._running = None
            done.set()

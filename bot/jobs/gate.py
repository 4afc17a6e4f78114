"""A graceful stop: no new step starts, and running steps may finish.

A job between two steps is parked, not failed: its thread waits for the end of the process, and the next start goes on with it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta


class StepGate:
    """Lets steps through until it is closed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0
        self._is_closed = False

    @property
    def running(self) -> int:
        """How many steps run."""
        return self._running

    @contextmanager
    def step(self) -> Iterator[None]:
        """Hold the process while a step runs. Never returns once the gate is closed."""
        with self._changed:
            while self._is_closed:
                self._changed.wait()
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def close(self, within: timedelta) -> bool:
        """Let no more steps begin; wait until none runs. Say whether that came about in time."""
        deadline = time.monotonic() + within.total_seconds()
        with self._changed:
            self._is_closed = True
            while self._running and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return self._running == 0

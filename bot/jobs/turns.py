"""Who runs beside whom: a suspect step is the only one of its worker, for as long as the others may be asked to wait."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HELD = 10.0
"""Seconds that a suspect waits for the others to end, and that others then wait for it. What fills the memory does so in less."""


class Turns:
    """Lets one step be the only one. Safe to use from any thread."""

    def __init__(self, held: float = HELD) -> None:
        self._changed = threading.Condition()
        self._held = held
        self._running = 0
        self._is_claimed = False
        self._only: str | None = None

    @contextmanager
    def among_others(self, accompany: Callable[[str], None]) -> Iterator[None]:
        """Do a step beside others; `accompany` is told of the job that was the only one, if it takes longer than anybody waits."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_claimed, self._held)
            if self._only is not None:
                accompany(self._only)
            self._only, self._is_claimed = None, False
            self._running += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    @contextmanager
    def by_itself(self, job: str) -> Iterator[bool]:
        """Do a step, and say whether it is the only one at its beginning. One at a time."""
        with self._changed:
            self._is_claimed = True
            is_only = self._changed.wait_for(lambda: not self._running, self._held)
            self._only = job if is_only else None
        try:
            yield is_only
        finally:
            with self._changed:
                self._is_claimed, self._only = False, None
                self._changed.notify_all()

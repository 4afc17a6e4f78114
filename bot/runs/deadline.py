"""The time that an attempt at a step may take."""

import time
from datetime import timedelta


class Deadline:
    """When an attempt is over."""

    def __init__(self, length: timedelta) -> None:
        self._until = time.monotonic() + length.total_seconds()

    def remaining(self) -> timedelta:
        """Return how long is left: one second at least, so that what is started can still say what is wrong."""
        return timedelta(seconds=max(1.0, self._until - time.monotonic()))

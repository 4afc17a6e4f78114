"""What may go right when it is done again: the only errors that the jobs retry."""

from datetime import datetime


class Transient(Exception):
    """The other side failed or could not be reached; nothing is wrong with what was asked."""


class RateLimited(Transient):
    """The other side asks to be left alone until a moment by the steady clock; a durable job sleeps until then, a thread does not wait."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(f"{reason}: no further requests before {until.isoformat(timespec='seconds')}")
        self.until = until
        self.reason = reason

"""How many commands of one account are answered in an hour, so that nobody uses up what GitHub lets us write for everybody.

It is counted in the service's database: replicas share it, a restart forgives nothing, and a comment whose job runs again counts once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.clients.store.records import CommandLimit, StoreUnavailable
from bot.clients.transient import Transient

WINDOW = timedelta(hours=1)

COMMANDS = 100
"""GitHub takes about 500 pieces of content in an hour, and a command makes one to three."""


class CommandCounts(Protocol):
    """What is needed of the database (`JobStore`)."""

    def admits(self, author: str, comment: int, at: datetime, limit: CommandLimit) -> bool:
        """Say whether one more command of an author is answered, and count it if so."""


@dataclass(frozen=True, slots=True)
class AuthorLimit:
    """Counts the commands of each author. Safe to use from any thread."""

    counts: CommandCounts
    most: int = COMMANDS

    def admits(self, author: str, comment: int, now: datetime) -> bool:
        """Say whether one more command of an author is answered, and count it if so. Raises `Transient`."""
        try:
            return self.counts.admits(author.lower(), comment, now, CommandLimit(self.most, WINDOW))
        except StoreUnavailable as error:
            raise Transient(str(error)) from error

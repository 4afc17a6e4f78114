"""How many commands of one account are answered in an hour, so that nobody uses up what GitHub lets us write for everybody.

It is counted in the service's database: replicas share it, a restart forgives nothing, and a comment whose job runs again counts once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.clients.github.records import Comment
from bot.clients.store.records import CommandLimit, StoreUnavailable
from bot.clients.transient import Transient
from bot.commands.comment import command_lines

WINDOW = timedelta(hours=1)

COMMANDS = 100
"""GitHub takes about 500 pieces of content in an hour, and a command makes one to three."""


class CommandCounts(Protocol):
    """What is needed of the database (`JobStore`)."""

    def admits(self, author: str, comment: int, at: datetime, limit: CommandLimit) -> bool:
        """Say whether one more command of an author is answered, and count it if so."""


@dataclass(frozen=True, slots=True)
class CommentsCounted:
    """Counts the comments themselves, where there is no database.

    `since` lists those that were written from a moment on, with the texts that issues and pull requests were opened with.
    """

    since: Callable[[datetime], Sequence[Comment]]

    def admits(self, author: str, comment: int, at: datetime, limit: CommandLimit) -> bool:
        """Say whether an author has written no more commands than the limit takes, up to this one."""
        written = [each for each in self.since(at - limit.within) if each.author.lower() == author]
        # Ids say nothing of the order of comments and opening texts. Among those of one second they only have to say the same each time.
        this = next(((each.created_at, each.id) for each in written if each.id == comment), (at, comment))
        earlier = (each for each in written if (each.created_at, each.id) <= this)
        return sum(bool(list(command_lines(each.body))) for each in earlier) <= limit.most


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

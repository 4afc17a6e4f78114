"""How many commands of one account are answered in an hour, so that nobody uses up what GitHub lets us write for everybody.

It is counted in memory, in each worker: a restart forgives, and a comment whose job runs again is counted once.
"""

import threading
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)

COMMANDS = 100
"""GitHub takes about 500 pieces of content in an hour, and a command makes one to three."""

MOST_AUTHORS = 10_000
"""Accounts that are remembered; those of the last hour, unless there are more."""


class AuthorLimit:
    """Counts the commands of each author. Safe to use from any thread."""

    def __init__(self, commands: int = COMMANDS) -> None:
        self._most = commands
        self._lock = threading.Lock()
        # By author, and of each the comments of the last hour with their times, oldest first.
        self._counted: dict[str, dict[int, datetime]] = {}

    def admits(self, author: str, comment: int, now: datetime) -> bool:
        """Say whether one more command of an author is answered, and count it if so."""
        with self._lock:
            # Taken out and put back, so that whoever was quiet for longest is forgotten first.
            earlier = self._counted.pop(author.lower(), {})
            recent = {each: at for each, at in earlier.items() if at > now - WINDOW}
            self._counted[author.lower()] = recent
            if len(self._counted) > MOST_AUTHORS:
                del self._counted[next(iter(self._counted))]
            if comment not in recent and len(recent) >= self._most:
                return False
            recent.setdefault(comment, now)
            return True

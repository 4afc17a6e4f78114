"""SQLite behind a journal: what takes deliveries waits for a small write to a file, and a thread moves them to the database, many at once.

A commit of SQLite costs the processor more than all else that sixteen deliveries need, whereas a write to the journal costs nearly nothing. So they
are written as they come, and those that come meanwhile are read while the disk works.

Nothing is lost: a half of the journal is cleared when all of it is in the database. Nothing is there twice: the database knows the ids.
While the database takes nothing (its disk is full, say), nothing more is taken here. Where the journal can't be made, or another process has it,
deliveries go straight to the database, and the thread tries again to get the journal: with what a process that died left in it.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.clients.store.journal import HALF, Journal
from bot.clients.store.records import Delivery, StoreUnavailable, Waiting
from bot.clients.store.sqlite import SqliteStore

log = logging.getLogger(__name__)

PAUSE = timedelta(milliseconds=50)
"""From one move to the next, so that few large commits are made. Whoever waits for an answer to a comment waits for seconds."""

AGAIN = timedelta(seconds=1)
"""From a move that failed to the next attempt, and from one look whether another process has the journal to the next."""

AGAIN_TO_MAKE = timedelta(minutes=1)
"""From one attempt to make the journal to the next: each may fill what a disk has left, for a moment."""

PATIENCE = timedelta(seconds=5)
"""For room in the journal. GitHub waits for ten."""

MOST_IN_ONE = 200
"""Deliveries in one row: the worker takes a hundred at a time, and writes down again what it leaves of them."""


class JournaledStore(SqliteStore):
    """For the process that takes deliveries. Where another one has the journal, it appends as every store does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._journal_path = path.with_name(f"{path.name}.arrivals")
        # Each has a connection of its own: whoever asks whether an id is known waits for no commit.
        self._index, self._database = self.another(), self.another()
        # Held while the journal is written, and while anything below changes.
        self._changing = threading.Condition()
        self._unmoved: dict[str, Delivery] = {}
        self._trouble: Exception | None = None
        self._is_closing = False
        self._next_look = 0.0
        self._journal = self._opened_journal()
        self._mover = threading.Thread(target=self._move_all, name="journal", daemon=True)
        self._mover.start()

    def append(self, deliveries: Sequence[Delivery]) -> list[bool]:
        with self._changing:
            new, found = self._new(deliveries)
            if new:
                self._write(new)
            return found

    def append_now(self, deliveries: Sequence[Delivery]) -> list[bool] | None:
        with self._changing:
            if self._journal is None or self._reason_not_to_write() or not self._journal.is_there():
                return None
            new, found = self._new(deliveries)
            return found if not new or self._journaled(self._journal, new) else None

    def waiting(self) -> Waiting:
        moved = super().waiting()
        with self._changing:
            times = [one.received_at for one in self._unmoved.values()]
        oldest = max([moved.oldest, *(datetime.now(UTC) - at for at in times)])
        return Waiting(moved.count + len(times), oldest)

    def check(self) -> None:
        with self._changing:
            if reason := self._reason_not_to_write():
                raise StoreUnavailable(reason)
        super().check()

    def close(self) -> None:
        with self._changing:
            self._is_closing = True
            self._changing.notify_all()
        self._mover.join()
        with self._changing:
            if self._journal is not None:
                self._journal.close(is_empty=not self._unmoved)
                self._journal = None
        self._index.close()
        self._database.close()
        super().close()

    def _new(self, deliveries: Sequence[Delivery]) -> tuple[list[Delivery], list[bool]]:
        """Return which deliveries are new, and of each whether it is."""
        known = self._index.known([one.id for one in deliveries if one.id not in self._unmoved])
        new: dict[str, Delivery] = {}
        found = []
        for one in deliveries:
            is_new = one.id not in self._unmoved and one.id not in known and one.id not in new
            found.append(is_new)
            if is_new:
                new[one.id] = one
        return list(new.values()), found

    def _write(self, new: Sequence[Delivery]) -> None:
        """Write new deliveries down as soon as there is room."""
        if reason := self._reason_not_to_write():
            raise StoreUnavailable(reason)
        is_large = sum(len(one.body) for one in new) > HALF // 2
        # Asked for again after each wait, during which another thread may have replaced it.
        while not is_large and (journal := self._journal_at_hand()) is not None:
            if self._journaled(journal, new):
                return
            self._wait_for_turn(journal)
        self._database.append(new)

    def _journaled(self, journal: Journal, new: Sequence[Delivery]) -> bool:
        """Write new deliveries into the journal, or return False if there is no room."""
        try:
            is_written = journal.write(new)
        except OSError as error:
            raise StoreUnavailable(f"{self._journal_path}: {error}") from error
        if not self._unmoved or journal.is_half_full:
            self._changing.notify_all()
        if is_written:
            self._unmoved.update((one.id, one) for one in new)
        return is_written

    def _reason_not_to_write(self) -> str:
        if self._is_closing or not self._mover.is_alive():
            return "nothing is moved to the database any more"
        return "" if self._trouble is None else f"the database takes nothing: {self._trouble}"

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        """Let the mover work until something is so."""
        if not self._changing.wait_for(lambda: self._reason_not_to_write() or is_so(), PATIENCE.total_seconds()):
            raise StoreUnavailable("deliveries come faster than the database takes them")
        if reason := self._reason_not_to_write():
            raise StoreUnavailable(reason)

    def _wait_for_turn(self, journal: Journal) -> None:
        """Wait until the other half is written: into an empty one fits whatever may be in the journal."""
        full = journal.number
        self._wait_until(lambda: journal.number != full)

    def _journal_at_hand(self) -> Journal | None:
        """Return the journal, a new one if somebody has deleted it, or None for as long as there is none."""
        while (journal := self._journal) is not None and not journal.is_there():
            self._wait_until(lambda: not self._unmoved)
            if self._journal is journal:
                log.error("the journal was deleted: created again", extra={"action": "reopen"})
                journal.close(is_empty=True)
                self._journal = self._opened_journal()
        return journal

    def _opened_journal(self) -> Journal | None:
        """Open the journal, and move what a process that died left in it; None if another process has it, or it can't be made."""
        try:
            return self._ready(Journal(self._journal_path))
        except BlockingIOError:
            self._next_look = time.monotonic() + AGAIN.total_seconds()
        except (OSError, StoreUnavailable) as error:
            # What is left in it stays there. No reason to take no more: the database may do.
            self._next_look = time.monotonic() + AGAIN_TO_MAKE.total_seconds()
            message = "no journal, so deliveries go straight to the database: %s: %s"
            log.error(message, self._journal_path, error, extra={"action": "journal"})
        return None

    def _ready(self, journal: Journal) -> Journal:
        """Move what was left in a journal, and make room in it."""
        is_moved = False
        try:
            if left := journal.left():
                self._move(left)
                fields = {"action": "journal", "deliveries": len(left)}
                log.warning("what a process that died had acknowledged is in the database", extra=fields)
            is_moved = True
            journal.begin()
        except BaseException:
            journal.close(is_empty=is_moved)
            raise
        return journal

    def _move_all(self) -> None:
        """Move what is held, half by half, until the store is closed."""
        while self._move_next():
            pass

    def _move_next(self) -> bool:
        """Move what one half holds, or look for a journal; return False when there is nothing more to do."""
        with self._changing:
            patience = max(self._next_look - time.monotonic(), 0) if self._journal is None else None
            is_due = self._changing.wait_for(lambda: self._unmoved or self._is_closing, patience)
            if is_due and (self._journal is None or not self._unmoved):
                return False
        if is_due:
            return self._move_half()
        # Nothing is held meanwhile: to move what was left, and to make room, takes its time, and deliveries go to the database.
        opened = self._opened_journal()
        with self._changing:
            self._journal = opened
        return True

    def _move_half(self) -> bool:
        """Move what the half that is written holds; return False if the store is closed before that could be done."""
        with self._changing:
            assert self._journal is not None
            journal, half, moving = self._journal, self._journal.turn(), list(self._unmoved.values())
            self._changing.notify_all()
        while (trouble := self._tried(moving)) is not None:
            with self._changing:
                self._trouble = trouble
                self._changing.notify_all()
                if self._changing.wait_for(lambda: self._is_closing, AGAIN.total_seconds()):
                    return False
        with suppress(OSError):  # then it is found again by the next process, and known to the database
            journal.clear(half)
        with self._changing:
            self._trouble = None
            for one in moving:
                del self._unmoved[one.id]
            self._changing.notify_all()
            self._changing.wait_for(lambda: self._is_closing or journal.is_half_full, PAUSE.total_seconds())
        return True

    def _tried(self, deliveries: Sequence[Delivery]) -> Exception | None:
        """Move deliveries; return why that failed."""
        try:
            self._move(deliveries)
        except (OSError, StoreUnavailable) as error:
            log.error("deliveries wait in the journal: %s", error, extra={"action": "move"})
            return error
        return None

    def _move(self, deliveries: Sequence[Delivery]) -> None:
        """Write deliveries into the database by one commit, which waits for the disk once."""
        self._database.append_all(
            [deliveries[first : first + MOST_IN_ONE] for first in range(0, len(deliveries), MOST_IN_ONE)]
        )

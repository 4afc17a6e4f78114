"""Deliveries are on the disk before they are acknowledged; those that arrive together share one write.

Where the store can do with one small write, it is made right here: a disk takes less time for it than two threads need to take turns. While a disk is slow, and
where the store has to wait for more than a disk (for a worker that has the database, or for a server), a thread waits, whatever arrives meanwhile forms
the next batch, and the event loop goes on.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from queue import SimpleQueue
from typing import TypeAlias

from bot.clients.store import Delivery, JobStore, StoreUnavailable

log = logging.getLogger(__name__)

LARGEST_BATCH = 200
MOST_WAITING = 2_000
"""More than this waiting means that the disk hangs; a refusal now is better than GitHub's time-out later."""

QUICK = timedelta(milliseconds=50)
"""For one write to the disk, all connections may wait; for that of a disk that took longer, the thread does."""

SLOW_FOR = timedelta(seconds=5)
"""For so long a disk that was slow counts as slow."""

Told: TypeAlias = Callable[[bool | Exception], None]
"""Hears that a delivery is on the disk (True if it was new), or why it is not."""

Batch: TypeAlias = list[tuple[Delivery, Told]]


class Inbox:
    """Writes deliveries down. Belongs to one event loop."""

    def __init__(self, store: JobStore, quick: timedelta = QUICK) -> None:
        self._store, self._quick = store, quick
        self._waiting: Batch = []
        self._is_committing = False
        self._slow_until = 0.0
        # No executor: its futures cost as much as the commit of one delivery.
        self._batches: SimpleQueue[tuple[asyncio.AbstractEventLoop, Batch] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._append, name="inbox", daemon=True)
        self._thread.start()

    def write(self, delivery: Delivery, told: Told) -> None:
        """Write a delivery down, and call `told` from the event loop once that is done. Raises `StoreUnavailable`."""
        if len(self._waiting) >= MOST_WAITING:
            raise StoreUnavailable("too many deliveries are waiting to be stored")
        self._waiting.append((delivery, told))
        if not self._is_committing:
            self._is_committing = True
            # Not now: what else has arrived is read first, and shares the commit.
            loop = asyncio.get_running_loop()
            loop.call_soon(self._gather, loop, 0)

    async def put(self, delivery: Delivery) -> bool:
        """Return when the delivery is on the disk: True if it was new. Raises `StoreUnavailable`."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def told(found: bool | Exception) -> None:
            # A client that went away has cancelled its wait; its delivery is written all the same.
            if written.done():
                return
            if isinstance(found, Exception):
                written.set_exception(found)
            else:
                written.set_result(found)

        self.write(delivery, told)
        return await written

    async def close(self) -> None:
        """Finish what waits."""
        while self._is_committing:
            await asyncio.sleep(0.01)
        self._batches.put(None)
        self._thread.join()

    def _gather(self, loop: asyncio.AbstractEventLoop, before: int) -> None:
        """Commit as soon as a look at all connections brings nothing more; few large batches cost less than many small ones."""
        if before < len(self._waiting) < LARGEST_BATCH:
            loop.call_soon(self._gather, loop, len(self._waiting))
        else:
            self._commit(loop)

    def _commit(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
        found = self._written_now(loop, batch)
        if found is None:
            self._batches.put((loop, batch))
        else:
            self._tell(loop, batch, found)

    def _written_now(self, loop: asyncio.AbstractEventLoop, batch: Batch) -> Sequence[bool | Exception] | None:
        """Write a batch from here if the disk is quick: the thread's turns cost twice as much as the write."""
        began = loop.time()
        if began < self._slow_until:
            return None
        try:
            return self._store.append_now([one for one, _ in batch])
        except Exception as error:  # noqa: BLE001 - as below
            return [error] * len(batch)
        finally:
            if loop.time() - began > self._quick.total_seconds():
                self._slow_until = loop.time() + SLOW_FOR.total_seconds()

    def _append(self) -> None:
        """Commit one batch after the other, in the thread that waits for the disk."""
        while (given := self._batches.get()) is not None:
            loop, batch = given
            found: Sequence[bool | Exception]
            try:
                found = self._store.append([one for one, _ in batch])
            except Exception as error:  # noqa: BLE001 - whoever waits is told, and the next batch gets its own chance
                found = [error] * len(batch)
            loop.call_soon_threadsafe(self._tell, loop, batch, found)

    def _tell(self, loop: asyncio.AbstractEventLoop, batch: Batch, found: Sequence[bool | Exception]) -> None:
        for (_, told), one in zip(batch, found, strict=True):
            try:
                told(one)
            except Exception:  # one connection's surprise keeps no other from its answer
                log.exception("an answer could not be given", extra={"action": "receive"})
        if self._waiting:
            loop.call_soon(self._gather, loop, 0)
        else:
            self._is_committing = False

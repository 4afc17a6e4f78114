"""Deliveries are on the disk before they are acknowledged; those that arrive together share one commit.

While one batch is being committed (a thread waits for the disk), whatever arrives forms the next batch. So a lone delivery
waits for one commit, and many at once wait for two at most.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bot.clients.store import Delivery, JobStore, StoreUnavailable

LARGEST_BATCH = 200
MOST_WAITING = 2_000
"""More than this waiting means that the disk hangs; a refusal now is better than GitHub's time-out later."""


class Inbox:
    """Writes deliveries down. Belongs to one event loop."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._waiting: list[tuple[Delivery, asyncio.Future[bool]]] = []
        self._committer: asyncio.Task[None] | None = None

    async def put(self, delivery: Delivery) -> bool:
        """Return when the delivery is on the disk: True if it was new. Raises `StoreUnavailable`."""
        if len(self._waiting) >= MOST_WAITING:
            raise StoreUnavailable("too many deliveries are waiting to be stored")
        loop = asyncio.get_running_loop()
        written: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((delivery, written))
        if self._committer is None or self._committer.done():
            self._committer = loop.create_task(self._commit())
        return await written

    async def close(self) -> None:
        """Finish what waits."""
        if self._committer is not None:
            await self._committer
        self._thread.shutdown()

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            try:
                new = await loop.run_in_executor(self._thread, self._store.append, [one for one, _ in batch])
            except Exception as error:  # noqa: BLE001 - whoever waits is told, and the next batch gets its own chance
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
            else:
                for (_, written), is_new in zip(batch, new, strict=True):
                    # A client that went away has cancelled its wait; its delivery is written all the same.
                    if not written.done():
                        written.set_result(is_new)

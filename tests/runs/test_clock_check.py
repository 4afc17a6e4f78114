"""A run on a machine whose clock is wrong begins nothing, and takes nothing from a run that is at work."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.ledger import LeaseHeld, LedgerFile
from bot.clients.objects.directory import DirectoryStore
from bot.core.ledger.lease import LENGTH
from bot.core.ledger.ledger import Lease
from bot.runs.clock_check import WrongClock
from tests.support.forwarder import ForwardedAnswer, forwarding
from tests.support.hooked import DEMO, Hooked

HOOKS = """hooks:
  record:
    description: Writes down that it ran.
    run: {apply: [python3, hooks/step.py], undo: [python3, hooks/step.py]}
    with: {name: {value: record}}
"""
DAY = timedelta(days=1)


class Served(DirectoryStore):
    """Objects that somebody else keeps."""

    def __init__(self, path: Path, server: str) -> None:
        super().__init__(path)
        self._server = server

    @property
    def server(self) -> str:
        return self._server


def test_a_day_ahead_or_behind_nothing_is_begun_and_a_run_at_work_keeps_its_lease(hooked: Hooked) -> None:
    hooked.declare(HOOKS)
    now = datetime.now(UTC)
    LedgerFile(hooked.store, DEMO).acquire(Lease(lock_owner="alive", until=now + LENGTH, since=now), now)
    before = hooked.ledger
    # Whoever asks without credentials is refused, and learns the time all the same.
    with forwarding("http://127.0.0.1:9", lambda request, forward: ForwardedAnswer(403, {}, b"")) as server:
        store = Served(hooked.store.path, server)
        for ahead, said in (
            (DAY, r"864\d\d s ahead of that of http://"),
            (-DAY, r"86[34]\d\d s behind that of http://"),
        ):
            with pytest.raises(WrongClock, match=f"{said}.*nothing was begun.*NTP"):
                hooked.apply(store, ahead)
        with pytest.raises(LeaseHeld, match="locked by alive"):
            hooked.apply(store)
    with pytest.raises(LeaseHeld):
        hooked.apply(store)  # nobody answers any more
    assert hooked.ledger == before
    assert not (hooked.root / "told").exists()

"""Which hooks are to make their data anew: those that ran before somebody asked for that, and those whose undo for it did not end."""

from datetime import datetime

from bot.core.ledger.ledger import LedgerEntry


def is_due(entry: LedgerEntry | None, asked_at: datetime | None) -> bool:
    """Say whether what a data hook made is to be undone before it runs again."""
    if entry is None or asked_at is None or entry.result == "undone":
        return False
    if entry.verb == "undo":
        return True
    # Two machines' clocks may differ, so what counts is the reset that the run knew of.
    return entry.data_reset_at < asked_at if entry.data_reset_at else entry.started_at < asked_at


def is_part_of_one(entry: LedgerEntry) -> bool:
    """Say whether an undo is that of a reset, after which the hook runs anew; any other is of the environment's end."""
    return entry.verb == "undo" and entry.data_reset_at is not None

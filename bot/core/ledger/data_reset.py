"""Which hooks are to make their data anew: those that ran before somebody asked for that, and those whose undo for it did not end."""

from datetime import datetime

from bot.core.ledger.ledger import LedgerEntry


def is_due(entry: LedgerEntry | None, asked_at: datetime | None) -> bool:
    """Say whether what a data hook made is to be undone before it runs again."""
    if entry is None or asked_at is None or entry.result == "undone":
        return False
    return entry.started_at < asked_at or entry.verb == "undo"

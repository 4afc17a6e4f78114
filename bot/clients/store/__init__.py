"""The service's own database: deliveries that wait to become jobs, and which workers are alive.

Nothing else is kept here: what should exist is in git, what does exist is in Terraform's state, and jobs under way are the
engine's. SQLite serves one web process and one worker; PostgreSQL serves as many as one likes.
"""

from pathlib import Path

from bot.clients.store.postgres import PostgresStore
from bot.clients.store.records import Delivery, JobStore, Replica, StoreUnavailable, Waiting
from bot.clients.store.sqlite import SqliteStore

__all__ = [
    "Delivery",
    "JobStore",
    "PostgresStore",
    "Replica",
    "SqliteStore",
    "StoreUnavailable",
    "Waiting",
    "open_store",
]


def open_store(url: str | None, directory: Path) -> JobStore:
    """Open PostgreSQL at `url`, or SQLite in `directory`; make what is missing. Raises `StoreUnavailable`."""
    if url is not None:
        return PostgresStore(url)
    directory.mkdir(parents=True, exist_ok=True)
    return SqliteStore(directory / "service.sqlite3")

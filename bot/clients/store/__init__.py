"""The service's own database: deliveries that wait to become jobs, which workers are alive, and what must be counted over all of them.

Nothing else is kept here: what should exist is in git, what does exist is in Terraform's state, and jobs under way are the
engine's. SQLite serves one web process and one worker; PostgreSQL serves as many as one likes.
"""

import os
from pathlib import Path

from bot.clients.store.journaled import JournaledStore
from bot.clients.store.records import IGNORED, CommandLimit, Delivery, JobStore, Replica, StoreUnavailable, Waiting
from bot.clients.store.sqlite import SqliteStore

__all__ = [
    "IGNORED",
    "SQLITE_FILE",
    "CommandLimit",
    "Delivery",
    "JobStore",
    "Replica",
    "SqliteStore",
    "StoreUnavailable",
    "Waiting",
    "open_store",
]


SQLITE_FILE = "service.sqlite3"


def open_store(url: str | None, directory: Path, *, takes_deliveries: bool = False) -> JobStore:
    """Open PostgreSQL at `url`, or SQLite in `directory`; make what is missing. Raises `StoreUnavailable`.

    The process that takes deliveries writes them into a journal beside SQLite first.
    """
    if url is not None:
        from bot.clients.store.postgres import PostgresStore  # noqa: PLC0415 (its driver is for whoever has PostgreSQL)

        return PostgresStore(url)
    path = directory / SQLITE_FILE
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made here, since SQLite would make it as the umask says; its journals get the mode of the database.
        path.touch(mode=0o600)
        _keep_private(directory)
    except OSError as error:
        raise StoreUnavailable(f"{error.filename}: {error.strerror}") from error
    return JournaledStore(path) if takes_deliveries else SqliteStore(path)


def _keep_private(directory: Path) -> None:
    """Close a directory, and the databases in it, to other users."""
    for each, mode in ((directory, 0o700), *((file, 0o600) for file in directory.glob("*.sqlite3*"))):
        # Deliveries hold what people wrote in private repositories, and older versions left the files open to others.
        # A mounted volume may be another user's: its mode is for whoever mounted it to set.
        if each.stat().st_uid == os.geteuid():
            each.chmod(mode)

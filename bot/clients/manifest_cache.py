"""Manifests that were read once, kept across restarts by the id of the tree that they are in: ids never change their content.

It is a cache and no more: losing it costs a second look at git. What is in it is validated like any other document when it is read
back, so nothing is believed that would be refused elsewhere; a file that can't be read is thrown away.
"""

import gc
import logging
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ValidationError

from bot.model.environment import Manifest

log = logging.getLogger(__name__)

MOST = 50_000
"""Manifests that are kept: five times the environments that we measure with, two kilobytes each."""
AT_ONCE = 500
"""Trees in one question; SQLite takes 999 values, where it is old."""


@contextmanager
def many_made() -> Iterator[None]:
    """Make many manifests, which are kept, without Python's search for garbage: it would look through all of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class ManifestCache:
    """One file. Safe to use from several threads and processes."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        self._path, self._most = path, most

    def read(self, trees: Collection[str]) -> dict[str, Manifest]:
        """Return those of the manifests that are known."""
        wanted, known = list(trees), list[tuple[str, str]]()
        try:
            with closing(self._open()) as connection:
                for start in range(0, len(wanted), AT_ONCE):
                    part = wanted[start : start + AT_ONCE]
                    marks = ",".join("?" * len(part))
                    known += connection.execute(f"SELECT tree, manifest FROM manifests WHERE tree IN ({marks})", part)  # noqa: S608 - marks alone
        except (sqlite3.Error, OSError) as error:
            self._lose(error)
            return {}
        return {tree: found for tree, text in known if (found := _manifest(text)) is not None}

    def write(self, manifests: Mapping[str, Manifest]) -> None:
        """Keep these, and of all the newest."""
        rows = [(tree, manifest.model_dump_json(by_alias=True)) for tree, manifest in manifests.items()]
        try:
            with closing(self._open()) as connection, connection:
                connection.executemany("INSERT OR IGNORE INTO manifests (tree, manifest) VALUES (?, ?)", rows)
                connection.execute(
                    "DELETE FROM manifests WHERE id <= (SELECT max(id) FROM manifests) - ?", (self._most,)
                )
        except (sqlite3.Error, OSError) as error:
            self._lose(error)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        connection = sqlite3.connect(self._path, timeout=10)
        connection.execute("PRAGMA synchronous=OFF")  # a power cut may take it
        connection.execute(
            "CREATE TABLE IF NOT EXISTS manifests (id INTEGER PRIMARY KEY, tree TEXT NOT NULL UNIQUE, manifest TEXT NOT NULL)"
        )
        return connection

    def _lose(self, error: sqlite3.Error | OSError) -> None:
        """Go on without: the next look at git is a slow one."""
        log.warning("the manifests that were kept are lost: %s", error, extra={"action": "cache"})
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            self._path.unlink(missing_ok=True)  # not a database, or damaged; a busy or full disk is an OperationalError


def _manifest(text: str) -> Manifest | None:
    """Return a manifest, or None if this version of the product reads such a document no more: git is asked again."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError:
        return None

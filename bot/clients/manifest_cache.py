"""What was made once of a tree (its manifest, its comparison), kept across restarts by the tree's id: ids never change their content.

It is a cache and no more: losing it costs a second look at git. What is in it is validated like any other document when it is read
back, so nothing is believed that would be refused elsewhere; a file that can't be read is thrown away.
"""

import gc
import logging
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Generic, Literal, TypeVar

from pydantic import ValidationError

from bot.model.base import Document
from bot.model.environment import Manifest

D = TypeVar("D", bound=Document)

log = logging.getLogger(__name__)

MOST = 50_000
"""Manifests that are kept: five times the environments that we measure with, two kilobytes each."""
MANY = 50_000
"""Objects of Python's; a manifest has twenty."""
AT_ONCE = 500
"""Trees in one question; SQLite takes 999 values, where it is old."""


@contextmanager
def many_made() -> Iterator[None]:
    """Make many manifests, which are kept, without Python's search for garbage: it would look through all of them again and again.

    Nor does it look through them later, if they were many: what is garbage at that moment is kept with them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if gc.get_count()[0] > MANY:
                gc.freeze()
            gc.enable()


class TreeCache(Generic[D]):
    """One file of documents of one kind. Safe to use from several threads and processes."""

    def __init__(self, path: Path, kind: type[D], most: int = MOST) -> None:
        self._path, self._kind, self._most = path, kind, most

    def read(self, trees: Collection[str]) -> dict[str, D]:
        """Return those of the documents that are known."""
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
        return {tree: found for tree, text in known if (found := self._document(text)) is not None}

    def write(self, documents: Mapping[str, D]) -> None:
        """Keep these, and of all the newest."""
        self._write(documents, "IGNORE")

    def replace(self, documents: Mapping[str, D]) -> None:
        """Keep these in place of what was known, for what is made of a tree and of more than that; and of all the newest."""
        self._write(documents, "REPLACE")

    def _write(self, documents: Mapping[str, D], known: Literal["IGNORE", "REPLACE"]) -> None:
        rows = [(tree, document.model_dump_json(by_alias=True)) for tree, document in documents.items()]
        try:
            with closing(self._open()) as connection, connection:
                connection.executemany(f"INSERT OR {known} INTO manifests (tree, manifest) VALUES (?, ?)", rows)  # noqa: S608 - one of two words
                connection.execute(
                    "DELETE FROM manifests WHERE id <= (SELECT max(id) FROM manifests) - ?", (self._most,)
                )
        except (sqlite3.Error, OSError) as error:
            self._lose(error)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        connection = sqlite3.connect(self._path, timeout=10)
        with ExitStack() as unless_ready:
            unless_ready.callback(connection.close)
            connection.execute("PRAGMA synchronous=OFF")  # a power cut may take it
            connection.execute(
                "CREATE TABLE IF NOT EXISTS manifests (id INTEGER PRIMARY KEY, tree TEXT NOT NULL UNIQUE, manifest TEXT NOT NULL)"
            )
            unless_ready.pop_all()
        return connection

    def _lose(self, error: sqlite3.Error | OSError) -> None:
        """Go on without: the next look at git is a slow one."""
        log.warning("the cache %s can't be used and is left out: %s", self._path.name, error, extra={"action": "cache"})
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            self._path.unlink(missing_ok=True)  # not a database, or damaged; a busy or full disk is an OperationalError

    def _document(self, text: str) -> D | None:
        """Return a document, or None if this version of the product reads such a one no more: git is asked again."""
        try:
            return self._kind.model_validate_json(text)
        except ValidationError:
            return None


class ManifestCache(TreeCache[Manifest]):
    """Manifests, by the trees that they are in."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        super().__init__(path, Manifest, most)

"""Objects in a directory, for the sandbox and for one machine alone; a lock on the directory decides every race.

A key is a path below it, so `a` and `a/b` can't both be there. There is no bucket that could be missing: it is made when it
is first written to. Files whose names begin with a dot are the store's own.
"""

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.clients.objects.store import DENIED, StoredObject, checked_key, conflict, relative, unverifiable

_ABSENT: Final = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
_REASONS: Final = {
    errno.EACCES: DENIED,
    errno.EISDIR: "there are objects below it, and in a directory a name can't be both",
    errno.EEXIST: "there is an object above it, and in a directory a name can't be both",
    errno.ENOTDIR: "there is an object above it, and in a directory a name can't be both",
}


class DirectoryStore:
    """Objects in a directory of this machine, readable by its owner alone; safe between threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def server(self) -> str:
        return ""

    def read(self, key: str) -> StoredObject | None:
        with self._asking("read", key):
            return self._present(key)

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        with self._asking("written", key), self._locked():
            present = self._present(key)
            if if_absent and present is not None:
                raise conflict(self._shown(key))
            self._hold(key, present, if_match)
            target = self.path / key
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, scratch = tempfile.mkstemp(dir=self.path, prefix=".writing-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(scratch).replace(target)
            finally:
                Path(scratch).unlink(missing_ok=True)
        return _tag(data)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        with self._asking("deleted", key), self._locked():
            present = self._present(key)
            self._hold(key, present, if_match)
            if present is not None:
                (self.path / key).unlink()

    def keys(self, below: str = "") -> Sequence[str]:
        start = self.path / checked_key(below) if below else self.path
        with self._asking("listed", below):
            found = [
                (Path(directory) / name).relative_to(self.path).as_posix()
                for directory, _, names in os.walk(start, onerror=_raise)
                for name in names
            ]
        return relative(found, "")

    def _present(self, key: str) -> StoredObject | None:
        try:
            data = (self.path / checked_key(key)).read_bytes()
        except _ABSENT:
            return None
        return StoredObject(data, _tag(data))

    def _hold(self, key: str, present: StoredObject | None, if_match: str | None) -> None:
        if if_match is not None and (present is None or present.etag != if_match):
            raise conflict(self._shown(key))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _asking(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__
            raise unverifiable(verb, self._shown(key), reason) from error

    def _shown(self, key: str) -> str:
        return f"file://{self.path / key}"


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _raise(error: OSError) -> None:
    if not isinstance(error, _ABSENT):
        raise error

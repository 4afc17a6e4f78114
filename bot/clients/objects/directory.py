"""Objects in a directory, for the sandbox and for one machine alone; a lock on the directory decides every race."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.clients.objects.store import Conflict, StoredObject, checked_key
from bot.errors import Unverifiable


class DirectoryStore:
    """Objects in a directory of this machine, readable by its owner alone; safe between processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, key: str) -> StoredObject | None:
        try:
            data = (self.path / checked_key(key)).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unverifiable(f"{key} could not be read: {error.strerror}") from error
        return StoredObject(data, _tag(data))

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        target = self.path / checked_key(key)
        with self._locked():
            present = self.read(key)
            if if_absent and present is not None:
                raise Conflict(f"{key} already exists")
            if if_match is not None and (present is None or present.etag != if_match):
                raise Conflict(f"{key} was written by somebody else")
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

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

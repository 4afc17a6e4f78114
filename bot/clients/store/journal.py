"""Deliveries on the disk, before they are in the database: a file of two halves, one of which is written while the other is moved.

What `write` has returned from survives the process and the machine; of what it hasn't, nothing or all is found again. Each record has its
half's number, its length and a checksum, so the first that is torn, or older than its half, ends what is found. The file keeps its size and its
blocks: writing over them waits for the disk once, and not for the file system's own journal as well.

One process writes it, and holds its lock.
"""

import errno
import fcntl
import io
import os
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.clients.store.arrivals import packed, unpacked
from bot.clients.store.records import Delivery

HALF = 4 * 1024 * 1024
"""Bytes: six hundred usual deliveries, which is more than arrive while a half is moved. Another size needs another name for the file: what an
earlier version left in the second half would not be found."""

_NUMBER_AND_LENGTH = struct.Struct(">QI")
_CHECKSUM = struct.Struct(">I")
_HEAD = _NUMBER_AND_LENGTH.size + _CHECKSUM.size


class Journal:
    """The file. Raises `OSError`, of which `BlockingIOError` means that another process has it."""

    def __init__(self, path: Path, half: int = HALF) -> None:
        self._path, self._half = path, half
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DSYNC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self.is_there():
                # Between our two calls its owner ended and deleted it: what is written there is found by nobody.
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
            self._halves = sorted(_records(half) for half in self._read())
        except BaseException:
            os.close(self._file)
            raise
        self._at, self._end, self._number = 0, 0, max(number for number, _ in self._halves)

    def left(self) -> list[Delivery]:
        """Return what an earlier process wrote and did not move, oldest first."""
        return [one for _, contents in self._halves for content in contents for one in unpacked(content)]

    def begin(self) -> None:
        """Forget what was left, and make room."""
        whole = bytes(2 * self._half)
        if os.pwrite(self._file, whole, 0) < len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        self._halves.clear()
        self._at, self._end, self._number = 0, 0, self._next()

    def write(self, deliveries: Sequence[Delivery]) -> bool:
        """Write deliveries down, or return False if there is no room for them. On return they are on the disk."""
        content = packed(deliveries)
        if self._end + _HEAD + len(content) > self._half:
            return False
        record = _record(self._number, content)
        if os.pwrite(self._file, record, self._at * self._half + self._end) < len(record):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._end += len(record)
        return True

    def turn(self) -> int:
        """Go on in the other half, which has been cleared; return the one that was written until now."""
        written, self._at = self._at, 1 - self._at
        self._end, self._number = 0, self._next()
        return written

    def clear(self, half: int) -> None:
        """Forget a half that has been moved."""
        os.pwrite(self._file, bytes(_HEAD), half * self._half)

    @property
    def number(self) -> int:
        """Return the number of the half that is written, another one after each turn."""
        return self._number

    @property
    def is_half_full(self) -> bool:
        """Say whether it is time to go on in the other half."""
        return self._end > self._half // 2

    def is_there(self) -> bool:
        """Say whether the file is still where it was made."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def close(self, *, is_empty: bool) -> None:
        """Let go of the file; delete it if all that was in it has been moved."""
        if is_empty and self.is_there():
            self._path.unlink()
        os.close(self._file)

    def _read(self) -> Iterator[bytes]:
        whole = io.FileIO(self._file, closefd=False).readall()
        for half in (0, 1):
            yield whole[half * self._half : (half + 1) * self._half]

    def _next(self) -> int:
        # Also after the clock was put back, and no number that whoever sends a delivery could know.
        return max(self._number + 1, time.time_ns())


def _record(number: int, content: bytes) -> bytes:
    head = _NUMBER_AND_LENGTH.pack(number, len(content))
    return b"".join([head, _CHECKSUM.pack(zlib.crc32(content, zlib.crc32(head))), content])


def _records(half: bytes) -> tuple[int, list[bytes]]:
    """Return the number of a half (0 if nothing is in it) and the contents of its records."""
    first, at, found = 0, 0, []
    while at + _HEAD <= len(half):
        number, length = _NUMBER_AND_LENGTH.unpack_from(half, at)
        content = half[at + _HEAD : at + _HEAD + length]
        if number == 0 or number != (first or number) or half[at : at + _HEAD + length] != _record(number, content):
            break
        first, at = number, at + _HEAD + length
        found.append(content)
    return first, found

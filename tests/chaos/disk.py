"""A disk of the service's own, which can be full: a small file system in memory, where this user may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZE = "64m"
PIECE = bytes(1024**2)


class Disk:
    """The file system at a directory. It can't be made read-only while a database on it is open: the system refuses that."""

    def __init__(self, place: Path) -> None:
        self._place, self._ballast = place, place / "ballast"

    def fill(self) -> None:
        """Leave no room."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while file.write(PIECE) == len(PIECE):
                pass

    def free(self) -> None:
        """Give the room back."""
        with suppress(OSError):  # it can't be written now, and is as it was when it can be
            self._ballast.unlink(missing_ok=True)

    def be_read_only(self, is_so: bool) -> bool:
        """Let nothing be written from now on, or anything again; say whether the system lets it."""
        mount = ["mount", "-o", f"remount,{'ro' if is_so else 'rw'}", str(self._place)]
        return subprocess.run(mount, check=False, capture_output=True, timeout=60).returncode == 0


@contextmanager
def disk(place: Path) -> Iterator[Disk | None]:
    """Mount a disk at a directory; None where that needs a right that we lack."""
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "chaos", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True, timeout=60).returncode != 0:
        yield None
        return
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True, capture_output=True, timeout=60)

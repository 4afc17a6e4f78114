"""Files of a sparse checkout that git has and did not write. They are part of the commit like all others, so they are read from git.

A job checks out without the environments, of which there may be thousands. One that is not written must not count as one that is not
there: whatever it holds would be free for others to take.
"""

import os
import posixpath
from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from bot.clients.git.batch import answers
from bot.clients.git.command import git
from bot.core.tree import UNSAVED_STATE
from bot.errors import Unverifiable, UserError
from bot.names import shown

_SUBMODULE = "160000"
LINK = "120000"
EXECUTABLE = "100755"


class LeftOut:
    """The files that a checkout's index has and that were left out of the work tree at `root`; each with its mode and git's id."""

    def __init__(self, root: Path, entries: Mapping[str, tuple[str, str]]) -> None:
        self._root = root
        self._entries = entries
        self._paths = sorted(entries)
        self._read: dict[str, bytes] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __contains__(self, path: str) -> bool:
        return path in self._entries and not os.path.lexists(self._root / path)

    def directories(self, place: str) -> Iterator[str]:
        """Yield the names of the directories in a directory that hold such files."""
        above = f"{place}/"
        at = bisect_left(self._paths, above)
        while at < len(self._paths) and self._paths[at].startswith(above):
            name, slash, _ = self._paths[at].removeprefix(above).partition("/")
            if slash:
                yield name
            at = bisect_left(self._paths, f"{above}{name}0", at) if slash else at + 1  # `0` is what follows `/`

    def below(self, directory: str) -> Sequence[str]:
        """Return the paths of such files in a directory, with all below it."""
        start = bisect_left(self._paths, f"{directory}/")
        return [path for path in self._paths[start : bisect_left(self._paths, f"{directory}0", start)] if path in self]

    def files(self, directory: str, most: int) -> Iterator[tuple[str, str, bytes]]:
        """Yield path, mode and content of such files in a directory.

        Raises `UserError` for a submodule, and where they have more than `most` bytes; `Unverifiable` where git lacks one of them.
        """
        self._must_be_no_link(directory)
        paths = self.below(directory)
        for path in paths:
            if self._entries[path][0] == _SUBMODULE:
                inside = path.removeprefix(f"{directory}/")
                raise UserError(f"{directory}: {shown(inside)} is a submodule: put the files themselves there.")
        ids = "".join(f"{self._entries[path][1]}\n" for path in paths)
        sizes = self._git("cat-file", "--batch-check=%(objectsize)", given=ids).split() if paths else []
        if sum(int(size) for size in sizes if size.isdigit()) > most:
            raise UserError(
                f"{directory} holds more than {most // 1024**2} MiB, and all of it is read and reviewed: move what is not part of it elsewhere."
            )
        for path, data in zip(paths, self._contents(paths), strict=True):
            if data or path.rpartition("/")[2] != UNSAVED_STATE:
                yield path, self._entries[path][0], data

    def file(self, path: str) -> bytes:
        """Return the content of such a file; all of its name are read with it, as of manifests.

        Raises `UserError` for a symlink, `Unverifiable` where git lacks it.
        """
        self._must_be_no_link(path)
        if path not in self._read:
            name = f"/{path.rpartition('/')[2]}"
            others = (each for each in self._paths if each.endswith(name) and each in self)
            wanted = list(dict.fromkeys([path, *others]))
            self._read |= zip(wanted, self._contents(wanted), strict=True)
        return self._read[path]

    def called(self, directory: str, names: Container[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of such files of these names in a directory and the directories in it; of a symlink, of the file it leads to."""
        for path in self.below(directory):
            inside = path.removeprefix(f"{directory}/")
            if inside.rpartition("/")[2] in names and inside.count("/") < 2:
                there = path
                if self._entries[path][0] == LINK:
                    (said,) = self._contents([path])
                    there = posixpath.normpath(f"{posixpath.dirname(path)}/{said.decode('utf-8', 'surrogateescape')}")
                if self._entries.get(there, (LINK,))[0] not in {LINK, _SUBMODULE}:
                    yield inside, self.file(there)

    def _must_be_no_link(self, path: str) -> None:
        """Raise `UserError` for what `must_lie_here` refuses of the work tree."""
        for end in (*(at for at, letter in enumerate(path) if letter == "/"), len(path)):
            if self._entries.get(path[:end], ("",))[0] == LINK:
                raise UserError(f"{path[:end]} is a symlink: delete it, and commit what it leads to in its place.")

    def _contents(self, paths: Sequence[str]) -> Iterator[bytes]:
        if not paths:
            return
        out = self._git(
            "cat-file", "--batch", "--buffer", given="".join(f"{self._entries[path][1]}\n" for path in paths)
        )
        for path, data in zip(paths, answers(out, len(paths)), strict=True):
            if data is None:
                raise Unverifiable(
                    f"git has no content of {shown(path)}, which this sparse checkout leaves out: fetch it, `git sparse-checkout disable`."
                )
            yield data

    def _git(self, *arguments: str, given: str) -> bytes:
        return git(self._root, *arguments, given=given.encode())


def left_out(root: Path) -> LeftOut:
    """Return what the checkout at `root` leaves out: nothing unless it is sparse. Raises `Unverifiable` if git can't tell."""
    own = _own_directory(root)
    if own is None or not (own / "info" / "sparse-checkout").is_file():
        return LeftOut(root, {})
    try:
        look = os.stat(own / "index")
    except FileNotFoundError:
        return LeftOut(root, {})  # nothing is checked out yet
    # Git replaces its index as a whole. Some hundred thousand lines are not read again for each flow that looks at the work tree.
    return _listed(root, (look.st_ino, look.st_mtime_ns, look.st_size))


@lru_cache(maxsize=2)
def _listed(root: Path, _index: tuple[int, int, int]) -> LeftOut:
    found = {}
    for line in git(root, "ls-files", "-t", "--stage", "-z").split(b"\0"):
        if line.startswith(b"S "):
            about, _, path = line.partition(b"\t")
            _, mode, name, _ = about.decode().split(" ")
            found[path.decode("utf-8", "surrogateescape")] = mode, name
    return LeftOut(root, found)


def _own_directory(root: Path) -> Path | None:
    """Return where git keeps what belongs to this work tree alone; None where there is no repository."""
    place = root / ".git"
    if place.is_dir():
        return place
    if not place.is_file():
        return None
    return root / place.read_text("utf-8").removeprefix("gitdir:").strip()

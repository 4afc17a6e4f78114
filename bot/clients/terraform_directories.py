"""Directories of Terraform code on disk as values: of any repository, with the modules elsewhere that they call.

Only reads, below one root: a symlink is followed as long as it stays there, since many repositories share files in that way.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.checks.files.by_name import is_state
from bot.core.hcl.local_modules import code_files, directories_read, is_outside, local_calls
from bot.core.hcl.value_files import VALUES
from bot.core.parity.directories.report import Note
from bot.core.tree import CODE, File
from bot.errors import UserError

MOST_OF_A_FILE = 1024 * 1024
"""Bytes of a file that is read: code and values are far smaller, and what `file()` reads is compared by its name beyond that."""
MOST_FILES = 50_000
_SKIPPED = frozenset({".git", ".terraform", ".terragrunt-cache", "node_modules", "__pycache__", ".venv"})


@dataclass(slots=True)
class DirectoryReader:
    """Reads directories below `root`, each file once. `files` are by their paths from there; `notes` say what was not read."""

    root: Path
    files: dict[str, File] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def read_code(self, directory: str) -> None:
        """Read a directory with all below it, and the modules elsewhere that its code calls, and those that these call."""
        self._below(directory, ())
        while left := self._unread_modules():
            for each in sorted(left):
                if posixpath.normpath(each).startswith(".."):
                    self.read.add(each)
                    self.notes.append(Note("is a module outside of the repository, which is not read", each))
                else:
                    self._below(each, ())

    def _unread_modules(self) -> set[str]:
        called = {call.directory for each in code_files(self.files) for call in local_calls(self.files, each)}
        read = {each for each in directories_read(self.files, list(code_files(self.files))) if not is_outside(each)}
        return {each for each in called | (read - {"."}) if not self._is_read(each)}

    def _is_read(self, directory: str) -> bool:
        return any(not each or directory == each or directory.startswith(f"{each}/") for each in self.read)

    def _below(self, directory: str, above: tuple[Path, ...]) -> None:
        self.read.add(directory)
        place = self.root / directory
        real = place.resolve()
        if not place.is_dir() or real in above:
            return
        if not real.is_relative_to(
            self.root.resolve()
        ):  # a module's path may lead through a symlink that no listing showed
            self.notes.append(
                Note("lies behind a symlink that leads out of the repository, which is not followed", directory)
            )
            return
        try:
            entries = sorted(place.iterdir())
        except OSError as error:
            self._unread(directory, error)
            return
        for entry in entries:
            path = posixpath.join(directory, entry.name)
            try:
                self._entry(entry, path, (*above, real))
            except OSError as error:
                self._unread(path, error)

    def _entry(self, entry: Path, path: str, above: tuple[Path, ...]) -> None:
        if entry.is_symlink() and not entry.resolve().is_relative_to(self.root.resolve()):
            self.notes.append(Note("is a symlink that leads out of the repository, which is not followed", path))
        elif entry.is_dir():
            if entry.name not in _SKIPPED:
                self._below(path, above)
        elif is_state(path):
            self.notes.append(Note("is a state, which is not code and may hold secrets: it is not read", path))
        elif entry.is_file() and path not in self.files:
            self._file(entry, path)

    def _file(self, entry: Path, path: str) -> None:
        if len(self.files) >= MOST_FILES:
            raise UserError(f"There are more than {MOST_FILES:,} files: name a directory with fewer of them.")
        if entry.stat().st_size <= MOST_OF_A_FILE:
            self.files[path] = File(entry.read_bytes())
        elif path.endswith((*CODE, *VALUES)):
            self.notes.append(Note(f"has more than {MOST_OF_A_FILE // 1024} KiB and is not read", path, is_unread=True))

    def _unread(self, path: str, error: OSError) -> None:
        self.notes.append(Note(f"could not be read: {error.strerror}", path, is_unread=True))


def root_of(here: Path, places: Sequence[Path]) -> Path:
    """Return the directory below which everything is read: the work tree that holds all places, or `here`, or what holds them all."""
    real = [place.resolve() for place in places]
    for each in (real[0], *real[0].parents):  # a `.git` that is a file is a work tree's
        if (each / ".git").exists() and all(place.is_relative_to(each) for place in real):
            return each
    common = here.resolve()
    while not all(place.is_relative_to(common) for place in real):
        common = common.parent
    return common


def directory_of_values(path: Path, root: Path) -> Path:
    """Return the nearest directory with code at or above a file of values. Raises `UserError` when there is none."""
    for each in (path.resolve().parent, *path.resolve().parents):
        if any(path.name.endswith(CODE) for path in each.glob("*.t*")):
            return each
        if each == root.resolve():
            break
    raise UserError(
        f"There is no Terraform code at or above {path}: name the directory, and the file with `--var-file`."
    )


def directories_called(name: str, root: Path) -> Iterator[str]:
    """Yield the directories below `root` with that name, outermost first, by their paths from there."""
    left = [root]
    while left:
        for each in _directories(left.pop(0)):
            if each.name == name:
                yield each.relative_to(root).as_posix()
            else:
                left.append(each)


def _directories(place: Path) -> list[Path]:
    """Return the directories in a directory that code may lie in; none where it can't be read, which reading it says."""
    try:
        return sorted(
            each for each in place.iterdir() if each.is_dir() and not each.is_symlink() and each.name not in _SKIPPED
        )
    except OSError:
        return []

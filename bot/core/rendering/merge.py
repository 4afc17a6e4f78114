"""Bring a directory to a newer rendering without losing what was edited by hand: a three-way merge, file by file (law 8).

Properties: a file that nobody edited becomes the new rendering, byte for byte; a file that the template did not change stays as it is;
where both changed the same lines, the file holds both versions between git's conflict markers and the conflict is named. Nothing is
ever decided in silence. Lines are merged by git, which is handed in; what git can't merge by lines keeps the version in the directory.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.tree import File, Tree, check_tree, with_links
from bot.errors import InvalidInput, UserError

BEGINS, ENDS = "<<<<<<< ", ">>>>>>> "
"""How the first and the last line of a conflict begin, as git writes them."""


@dataclass(frozen=True, slots=True)
class TextSides:
    """A text as it is in the directory, as it was rendered once, and as it is rendered now."""

    ours: bytes
    base: bytes
    theirs: bytes


TextMerger: TypeAlias = Callable[[TextSides], bytes]
"""Returns the merged text; where both sides changed the same lines, both versions between conflict markers."""


@dataclass(frozen=True, slots=True)
class EditedDirectory:
    """A directory as it is, without what lies outside of it, and who merges its texts."""

    files: Tree
    merge_text: TextMerger


@dataclass(frozen=True, slots=True)
class FileTaken:
    """The newer rendering of a file that nobody edited; None where the template renders it no more."""

    file: File | None


@dataclass(frozen=True, slots=True)
class FileKept:
    """A file as it is in the directory, since the template did not change it; None where it is missing there."""

    file: File | None


@dataclass(frozen=True, slots=True)
class FileMerged:
    """A file with the changes of both sides."""

    file: File | None


@dataclass(frozen=True, slots=True)
class FileConflict:
    """A file that both sides changed in the same place. `lines` are the first and last line of each conflict in `file`.

    There are none where the file can't be merged by lines: it is kept as it is in the directory.
    """

    file: File | None
    lines: tuple[tuple[int, int], ...] = ()


MergedFile: TypeAlias = FileTaken | FileKept | FileMerged | FileConflict


def merge(base: Tree, ours: Tree, theirs: Tree, merge_text: TextMerger) -> dict[str, MergedFile]:
    """Return what becomes of each file: `base` and `theirs` are the two renderings, `ours` is the directory."""
    paths = sorted(base.keys() | ours.keys() | theirs.keys())
    return {path: _merged(base.get(path), ours.get(path), theirs.get(path), merge_text) for path in paths}


def merged_tree(merged: Mapping[str, MergedFile], where: str) -> dict[str, File]:
    """Return the files of a merged directory; `where` is the directory, for messages.

    Raises `UserError` for links that lead nowhere, and for files that can't lie beside each other.
    """
    files = {path: each.file for path, each in merged.items() if each.file is not None}
    links = {path: file.link for path, file in files.items() if file.link}
    found = with_links({path: file for path, file in files.items() if not file.link}, links, where)
    try:
        check_tree(found)
    except InvalidInput as error:
        raise UserError(f"{where}: {error}") from error
    return found


def conflict_lines(text: str, template: str = "") -> Sequence[tuple[int, int]]:
    """Return the first and last line of each conflict that is in a text between git's markers.

    What `template` says itself is none: a text may explain how conflicts look.
    """
    return list(_conflicts(text, _begins(template).keys()))


def same_file(one: File | None, other: File | None) -> bool:
    """Say whether git would keep the same of both: what a symlink leads to is not its own."""
    if one is None or other is None:
        return one is other
    return (one.stored, one.executable, bool(one.link)) == (other.stored, other.executable, bool(other.link))


def _begins(text: str) -> Counter[str]:
    return Counter(line.rstrip("\r") for line in text.split("\n") if line.startswith(BEGINS))


def _made(text: str, sides: Sequence[File]) -> Sequence[tuple[int, int]]:
    """Return the conflicts that a merge of these sides has made: a side may have had some, and say of itself how they look."""
    had = [_begins(side.data.decode("utf-8", "replace")) for side in sides]
    return list(_conflicts(text, {line for line, n in _begins(text).items() if any(n <= each[line] for each in had)}))


def _conflicts(text: str, own: Collection[str]) -> Iterator[tuple[int, int]]:
    began = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(BEGINS) and line.rstrip("\r") not in own:
            began = began or number
        elif line.startswith(ENDS) and began:
            yield began, number
            began = 0


def _merged(base: File | None, ours: File | None, theirs: File | None, merge_text: TextMerger) -> MergedFile:
    if same_file(base, theirs) or same_file(ours, theirs):
        return FileKept(ours)
    if same_file(ours, base):
        return FileTaken(theirs)
    files = [file for file in (base, ours, theirs) if file is not None]
    if any(file.link or b"\0" in file.data for file in files):
        return FileConflict(ours)
    text = merge_text(TextSides(*(file.data if file is not None else b"" for file in (ours, base, theirs))))
    lines = tuple(_made(text.decode("utf-8", "replace"), files))
    if ours is None or theirs is None:
        # One side removed it. What git merges without a conflict is an empty file that the other side filled.
        return FileConflict(File(text, _is_executable(base, ours, theirs)), lines) if lines else _gone(ours, text)
    whole = File(text, _is_executable(base, ours, theirs))
    return FileConflict(whole, lines) if lines else FileMerged(whole)


def _gone(ours: File | None, text: bytes) -> MergedFile:
    return FileConflict(ours) if text else FileMerged(None)


def _is_executable(base: File | None, ours: File | None, theirs: File | None) -> bool:
    was, is_now, becomes = (file.executable if file is not None else None for file in (base, ours, theirs))
    chosen = becomes if is_now in (was, None) else is_now
    return bool(is_now if chosen is None else chosen)

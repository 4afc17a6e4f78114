"""Compare two directories of a repository that may know nothing of us: find them, read them, hold them against each other."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.clients.terraform_directories import DirectoryReader, directories_called, directory_of_values, root_of
from bot.clouds.registry import FACTS
from bot.core.hcl.value_files import VALUES
from bot.core.parity.directories.compare import compared
from bot.core.parity.directories.report import DirectoryParity
from bot.core.parity.directories.sides import Side, side_of
from bot.core.tree import File
from bot.errors import Unverifiable

_COMPARE = "envclone parity infra/staging --against infra/production"
ADOPT = "envclone adopt infra/production --with infra/staging"


@dataclass(frozen=True, slots=True)
class AskedSide:
    """What a person named: a directory, a file of values or a name, with further files of values, and a workspace."""

    text: str
    variable_files: tuple[Path, ...] = ()
    workspace: str = ""

    def at(self, here: Path) -> Path:
        """Return the path that is meant if the text is one."""
        return here / self.text


def is_directory_pair(here: Path, ours: str, theirs: str) -> bool:
    """Say whether two texts name directories or files, and not environments by their names."""
    if any("/" in text or (here / text).exists() for text in (ours, theirs) if text):
        return True
    return bool(theirs) and bool(_common_parents(here, ours, theirs))


def compare_directories(here: Path, ours: AskedSide, theirs: AskedSide) -> DirectoryParity:
    """Return how one differs from the other. Raises `Unverifiable` when one is not there or holds no code."""
    _, sides = read_pair(here, ours, theirs)
    return compared(sides[0], sides[1], FACTS)


def read_pair(
    here: Path, ours: AskedSide, theirs: AskedSide, example: str = _COMPARE
) -> tuple[Path, tuple[Side, Side]]:
    """Return the root of the repository and both sides. Raises `Unverifiable`, with an `example` of what to type, when one is not
    there or holds no code."""
    there = [side.at(here).exists() for side in (ours, theirs)]
    if not any(there):
        root, sides = root_of(here, [here]), _by_name(here, ours, theirs, example)
    else:
        for side, exists in zip((ours, theirs), there, strict=True):
            if not exists:
                raise Unverifiable(f"{side.text} does not exist. {_usage(here, example)}")
        root = root_of(here, [ours.at(here), theirs.at(here)])
        sides = _read(root, here, ours, _label(ours, theirs)), _read(root, here, theirs, _label(theirs, ours))
    for found, asked in zip(sides, (ours, theirs), strict=True):
        if not found.roots:
            raise Unverifiable(f"{_no_code(asked.at(here), found.label)} {_usage(here, example)}")
    return root, sides


def _no_code(place: Path, label: str) -> str:
    """Return why there is nothing to compare."""
    if any(place.rglob("terragrunt.hcl")):
        return (
            f"The code of {label} is named in Terragrunt's configuration (terragrunt.hcl), which is not read: name "
            "directories of the Terraform code itself."
        )
    return f"There is no Terraform code in {label}, or only modules that nothing calls."


def _label(side: AskedSide, other: AskedSide) -> str:
    """Return what a side is called: its text, with what tells it from the other one where both are the same directory."""
    if side.text != other.text:
        return posixpath.normpath(side.text)
    more = [*(each.name for each in side.variable_files), *([f"workspace {side.workspace}"] if side.workspace else [])]
    return f"{posixpath.normpath(side.text)} ({', '.join(more)})" if more else posixpath.normpath(side.text)


def _read(root: Path, here: Path, asked: AskedSide, label: str) -> Side:
    place, named = asked.at(here), [here / each for each in asked.variable_files]
    if place.is_file():
        if not place.name.endswith(VALUES):
            raise Unverifiable(
                f"{asked.text} is neither a directory nor a `.tfvars` file: name the directory with the Terraform code."
            )
        named, place = [place, *named], directory_of_values(place, root)
    reader = DirectoryReader(root)
    directory = _inside(root, place)
    reader.read_code(directory)
    files = {_inside(root, each): File(_bytes(each)) for each in named}
    side = side_of(label, directory, reader.files)
    roots = [
        replace(each, files={**each.files, **files}, variable_files=tuple(files), workspace=asked.workspace)
        for each in side.roots
    ]
    return replace(side, roots=roots, notes=(*reader.notes, *side.notes))


def _by_name(here: Path, ours: AskedSide, theirs: AskedSide, example: str) -> tuple[Side, Side]:
    """Return the sides of two names: all directories of these names that lie beside each other."""
    root = root_of(here, [here])
    parents = _common_parents(here, ours.text, theirs.text)
    if not parents:
        missing = (
            f"{ours.text} does not exist."
            if ours.text == theirs.text
            else f"No directories called {ours.text} and {theirs.text} lie beside each other here."
        )
        raise Unverifiable(f"{missing} {_usage(here, example)}")
    sides: list[Side] = []
    for asked in (ours, theirs):
        read = [
            _read(root, root, replace(asked, text=posixpath.join(each, asked.text)), asked.text) for each in parents
        ]
        roots = [
            replace(one, name=posixpath.normpath(posixpath.join(parent, one.name)) if len(parents) > 1 else one.name)
            for parent, side in zip(parents, read, strict=True)
            for one in side.roots
        ]
        sides.append(Side(asked.text, roots, tuple(note for side in read for note in side.notes)))
    return sides[0], sides[1]


def _common_parents(here: Path, ours: str, theirs: str) -> Sequence[str]:
    """Return the directories, from the repository's root, in which both names lie with code below them."""
    root = root_of(here, [here])
    below = here.resolve().relative_to(root).as_posix()
    parents: list[set[str]] = []
    for name in (ours, theirs):
        found = [each for each in directories_called(name, here) if any((here / each).rglob("*.tf"))]
        parents.append({posixpath.normpath(posixpath.join(below, posixpath.dirname(each))) for each in found})
    return sorted(parents[0] & parents[1])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unverifiable(
            f"{path} could not be read: {error.strerror}. Name a file of values that is there."
        ) from error


def _inside(root: Path, place: Path) -> str:
    real = place.resolve()
    if not real.is_relative_to(root):
        raise Unverifiable(f"{place} lies outside of {root}: both sides must be of one repository.")
    found = real.relative_to(root).as_posix()
    return "" if found == "." else found


def _usage(here: Path, example: str) -> str:
    """Return what to type, with directories that are there."""
    code = (
        path.relative_to(here).parent.as_posix() for pattern in ("*/*.tf", "*/*/*.tf") for path in here.glob(pattern)
    )
    names = sorted(set(code))
    listed = f" With code here: {', '.join(names[:8])}." if names else ""
    return f"For example: `{example}`.{listed}"

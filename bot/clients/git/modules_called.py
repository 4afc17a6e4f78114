"""Of which directories outside environments are made, at a commit, without reading every environment's files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from bot.clients.git.command import git
from bot.core.hcl.local_modules import modules_outside, places_outside
from bot.core.tree import CODE, File, Tree
from bot.errors import UserError
from bot.model.roots import Roots

ReadModule: TypeAlias = Callable[[str, str], Tree]
"""Returns the files of a directory that is named relative to an environment's, whose name comes second."""


def modules_called(repository: Path, roots: Roots, commit: str, read: ReadModule) -> Mapping[str, Sequence[str]]:
    """Return the directories outside that each environment at `commit` is made of, by their paths in the repository. Raises `Unverifiable`.

    Environments of one template have the same code, so each content is read once, whatever the number of environments.
    """
    listed = _code_files(repository, roots, commit)
    contents = _contents(repository, sorted({blob for files in listed.values() for blob in files.values()}))
    known: dict[tuple[str, frozenset[tuple[str, str]]], Sequence[str]] = {}
    found = {}
    for name, files in listed.items():
        key = roots.pair(name), frozenset(files.items())
        if key not in known:
            known[key] = _places(name, {path: File(contents[blob]) for path, blob in files.items()}, roots, read)
        found[name] = known[key]
    return found


def is_below(path: str, places: Sequence[str]) -> bool:
    """Say whether a path lies in one of these directories."""
    return any(path.startswith(f"{place}/") for place in places)


def _places(name: str, files: Tree, roots: Roots, read: ReadModule) -> Sequence[str]:
    unreadable: list[str] = []

    def there(directory: str) -> Tree:
        try:
            return read(directory, name)
        except UserError:  # whoever plans this environment hears why; all others go on
            unreadable.append(directory)
            return {}

    code = {**files, **modules_outside(files, there)}
    return [path for place in (*places_outside(code), *unreadable) if (path := roots.module(place, name)) is not None]


def _code_files(repository: Path, roots: Roots, commit: str) -> Mapping[str, Mapping[str, str]]:
    """Return the Terraform files of each environment, by path relative to its directory, with git's ids of their contents.

    A symlink leads to a file of the same directory, which is among them.
    """
    found: dict[str, dict[str, str]] = {}
    places = [f"{root}/" for root in roots.of_environments]
    for line in git(repository, "ls-tree", "-r", "-z", "--full-tree", commit, *places).split(b"\0"):
        about, _, named = line.partition(b"\t")
        path = named.decode("utf-8", "surrogateescape")
        if path.endswith(CODE) and b" blob " in about and not about.startswith(b"120000"):
            owner, name = roots.owner(path), roots.environment_in(path)
            if owner is not None and name is not None:
                found.setdefault(name, {})[path.removeprefix(f"{owner}/")] = about.split()[2].decode()
    return found


def _contents(repository: Path, blobs: Sequence[str]) -> Mapping[str, bytes]:
    answer, found, at = (
        git(repository, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode()),
        {},
        0,
    )
    for blob in blobs:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[2])
        found[blob] = answer[end + 1 : end + 1 + size]
        at = end + size + 2
    return found

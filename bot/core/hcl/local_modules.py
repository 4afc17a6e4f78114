"""Modules of the repository itself: which directories a root module is made of, and how the code of an environment is one tree.

An environment's *code* is its own files and those of the modules outside its directory that they call, directly or not. All paths
are relative to the environment's directory, so those of the modules outside begin with `../` (`../../modules/logs/main.tf`), and a
module's source is joined to the directory of its caller like any path. A template's directory is as deep as an environment's, so
the same holds for a template.
"""

import hashlib
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.hcl.ast import Block
from bot.core.hcl.parser import blocks
from bot.core.tree import CODE, File, Tree, blob_id, is_code, tree_id
from bot.errors import InvalidInput

OUTSIDE = "../"
MOST_MODULES = 200
"""Module directories of one environment that are read. The largest public root modules have some 60; this ends a chain without an end."""

_SOURCE = re.compile(r'\bsource\s*=\s*"(\.\.?/[^"$%\\\n]*)"')

ReadDirectory: TypeAlias = Callable[[str], Tree]
"""Returns the files of a directory that is named relative to an environment's (`../../modules/logs`), none if there is none."""


def nothing_outside(directory: str) -> Tree:
    """Return no files: for code whose modules all lie in its own directory."""
    return {}


@dataclass(frozen=True, slots=True)
class ModuleCall:
    """A call of a module of the repository: where it stands, and the directory that it names."""

    path: str
    line: int
    source: str
    directory: str


def local_directory(caller: str, source: str) -> str | None:
    """Return the directory that a module's source names when it is called in `caller`; None for a source that is not local."""
    if not source.startswith(("./", "../")):
        return None
    found = posixpath.normpath(posixpath.join(caller, source))
    return "" if found == "." else found


def local_calls(code: Tree, directory: str) -> Sequence[ModuleCall]:
    """Return the calls of local modules in the files of one directory; what can't be read has none."""
    return _calls(code, code_files(code), directory)


def code_files(code: Tree) -> Mapping[str, Sequence[str]]:
    """Return the paths of the files with code that is read by directory, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for path in code if is_code(path, code)):
        found[path.rpartition("/")[0]].append(path)
    return found


def with_shadowed(code: Tree) -> Mapping[str, Sequence[str]]:
    """Return the paths of all files with code by directory, in order, also of those that OpenTofu reads another file for."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for path in code if path.endswith(CODE)):
        found[path.rpartition("/")[0]].append(path)
    return found


def _calls(code: Tree, files: Mapping[str, Sequence[str]], directory: str) -> Sequence[ModuleCall]:
    return [call for path in files.get(directory, ()) for call in _calls_in(path, directory, code[path])]


def _calls_in(path: str, directory: str, file: File) -> Iterator[ModuleCall]:
    try:
        top: Sequence[Block] = blocks(path, file.data)
    except (InvalidInput, ValueError):
        return
    for block in top:
        source = block.text("source") if block.type == "module" else None
        target = local_directory(directory, source) if source is not None else None
        if source is not None and target is not None:
            yield ModuleCall(path, block.line, source, target)


def reached(code: Tree, directory: str) -> tuple[str, ...]:
    """Return the directories that a module is made of: its own first, then those of the modules that it calls, each once."""
    return _reached(code, code_files(code), directory)


def _reached(code: Tree, files: Mapping[str, Sequence[str]], directory: str) -> tuple[str, ...]:
    found = {directory: None}
    left = [directory]
    while left:
        caller = left.pop(0)
        for call in _calls(code, files, caller):
            if call.directory not in found:
                found[call.directory] = None
                left.append(call.directory)
    return tuple(found)


def modules_outside(files: Tree, read: ReadDirectory) -> dict[str, File]:
    """Return the files of the modules outside a directory that its `files` call, by paths that begin with `../`.

    Where a file is yet to be rendered, whatever looks like a module's source counts: too much read is no harm, and what
    was not read is refused.
    """
    found: dict[str, File] = {}
    seen: set[str] = set()
    left = list(dict.fromkeys(_called(files)))
    while left and len(seen) < MOST_MODULES:
        directory = left.pop(0)
        if directory in seen or not is_outside(directory):
            continue
        seen.add(directory)
        found |= {posixpath.normpath(f"{directory}/{path}"): file for path, file in read(directory).items()}
        files_by_directory = code_files(found)
        for inner in _reached(found, files_by_directory, directory):
            left += [call.directory for call in _calls(found, files_by_directory, inner)]
    return found


def _called(files: Tree) -> Iterator[str]:
    for path, file in sorted(files.items()):
        directory = posixpath.dirname(path)
        if is_code(path, files):
            yield from (call.directory for call in _calls_in(path, directory, file))
        elif path.endswith((".tf.j2", ".tofu.j2")):
            sources = _SOURCE.findall(file.data.decode("utf-8", "replace"))
            yield from filter(None, (local_directory(directory, source) for source in sources))


def is_outside(path: str) -> bool:
    """Say whether a path of an environment's code lies outside its directory."""
    return path == ".." or path.startswith(OUTSIDE)


def own(code: Tree) -> dict[str, File]:
    """Return the files of the environment's directory itself."""
    return {path: file for path, file in code.items() if not is_outside(path)}


def outside(code: Tree) -> dict[str, File]:
    """Return the files of the modules outside the environment's directory."""
    return {path: file for path, file in code.items() if is_outside(path)}


def code_id(code: Tree) -> str:
    """Return the id of an environment's code: git's id of its directory, and where modules outside are part of it, one of both."""
    modules = outside(code)
    if not modules:
        return tree_id(code)
    modes = {path: "link" if file.link else f"{file.executable:d}" for path, file in modules.items()}
    lines = (f"{blob_id(file.stored)} {modes[path]} {path}\n" for path, file in sorted(modules.items()))
    text = f"{tree_id(own(code))}\n{''.join(lines)}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def places_outside(code: Tree) -> Sequence[str]:
    """Return the directories outside that an environment's code is made of, none of them inside another of them."""
    files = code_files(code)
    called = {call.directory for directory in files for call in _calls(code, files, directory)}
    found = sorted(directory for directory in called if is_outside(directory))
    return [each for each in found if not any(f"{each}/".startswith(f"{other}/") for other in found if other != each)]


def beside(code: Tree, directory: str) -> dict[str, File]:
    """Return the files of the modules that the root module in `directory` calls outside itself, with all that lies below them."""
    places = tuple(f"{place}/" for place in reached(code, directory) if not f"{place}/".startswith(f"{directory}/"))
    if not places:
        return {}  # of most stacks, and this is asked for each parameter of each clone
    return {path: file for path, file in code.items() if f"{path.rpartition('/')[0]}/".startswith(places)}

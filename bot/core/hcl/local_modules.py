"""Modules of the repository itself: which directories a root module is made of, and how the code of an environment is one tree.

An environment's *code* is its own files, those of the modules outside its directory that they call, directly or not, and the directories
of which any of these read files (`file("${path.module}/../../policies/x.json")`). What is read is no module: nothing in it is called. All paths
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
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from bot.core.hcl.functions.read_paths import locals_in, paths_read
from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import Block, Expression
from bot.core.tree import CODE, File, Tree, blob_id, is_code, tree_id
from bot.errors import InvalidInput

OUTSIDE = "../"
MOST_MODULES = 200
"""Module directories of one environment that are read. The largest public root modules have some 60; this ends a chain without an end."""

_SOURCE = re.compile(r'\bsource\s*=\s*"(\.\.?/[^"$%\\\n]*)"')
_READ = re.compile(
    r'(?:\b(?:file|templatefile)\w*\(\s*+"|"\$\{path\.(?:module|root)\}/)(?:\$\{path\.(?:module|root)\}/)?(\.\./[^"$%{\\\n]*)'
)

_TO_RENDER = (".tf.j2", ".tofu.j2")
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


def calls_elsewhere(code: Tree, directory: str) -> bool:
    """Say whether code of one directory calls a module that isn't local, or has files that can't be read."""
    for path in code_files(code).get(directory, ()):
        try:
            found = blocks(path, code[path].data)
        except (InvalidInput, ValueError):
            return True
        sources = [block.text("source") for block in found if block.type == "module"]
        if any(source is None or local_directory(directory, source) is None for source in sources):
            return True
    return False


def code_files(code: Tree) -> Mapping[str, Sequence[str]]:
    """Return the paths of the files with code that is read by directory, in order."""
    return _code_files(tuple(code))


@lru_cache(maxsize=32)  # each stack is evaluated again for each parameter that is put back, and few files come or go
def _code_files(paths: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    among = frozenset(paths)
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for path in paths if is_code(path, among)):
        found[path.rpartition("/")[0]].append(path)
    return MappingProxyType(dict(found))


def with_shadowed(code: Tree) -> Mapping[str, Sequence[str]]:
    """Return the paths of all files with code by directory, in order, also of those that OpenTofu reads another file for."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for path in code if path.endswith(CODE)):
        found[path.rpartition("/")[0]].append(path)
    return found


def _calls(code: Tree, files: Mapping[str, Sequence[str]], directory: str) -> Sequence[ModuleCall]:
    return [call for path in files.get(directory, ()) for call in _calls_in(path, directory, code[path])]


def _calls_in(path: str, directory: str, file: File) -> Iterator[ModuleCall]:
    for block in _blocks_in(path, file):
        source = block.text("source") if block.type == "module" else None
        target = local_directory(directory, source) if source is not None else None
        if source is not None and target is not None:
            yield ModuleCall(path, block.line, source, target)


def locals_of(code: Tree, directory: str) -> Mapping[str, Expression]:
    """Return the locals of a module as they are written, by their names in expressions."""
    return locals_in(_blocks(code, code_files(code), directory))


def directories_read(code: Tree, directories: Sequence[str]) -> tuple[str, ...]:
    """Return the directories of which the code in these reads files elsewhere than below itself, each once.

    What is read by a path from where Terraform runs is taken for the stack's own reading: a module that reads so is refused.
    """
    return _read(code, code_files(code), directories)


def _read(code: Tree, files: Mapping[str, Sequence[str]], directories: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for directory in directories:
        paths = paths_read(_blocks(code, files, directory))
        found |= dict.fromkeys(each for path in paths if (each := _elsewhere(directory, path)) is not None)
    return tuple(found)


def _elsewhere(directory: str, path: str) -> str | None:
    """Return the directory that a path leads to if it lies elsewhere than below `directory`."""
    found = posixpath.normpath(posixpath.join(directory, path))
    is_below = f"{found}/".startswith(f"{directory}/") if directory else not is_outside(found)
    return None if is_below else found


def _blocks(code: Tree, files: Mapping[str, Sequence[str]], directory: str) -> Sequence[Block]:
    """Return the blocks of the files of one directory; what can't be read has none."""
    return [block for path in files.get(directory, ()) for block in _blocks_in(path, code[path])]


def _blocks_in(path: str, file: File) -> Sequence[Block]:
    try:
        return blocks(path, file.data)
    except (InvalidInput, ValueError):
        return ()


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
    """Return the files of the modules outside a directory that its `files` call, and of the directories that these read, by paths that begin with `../`.

    Where a file is yet to be rendered, whatever looks like a module's source or a path counts: too much read is no harm, and what
    was not read is refused.
    """
    found: dict[str, File] = {}
    for directory, inside in _directories_outside(files, read):
        found |= {posixpath.normpath(f"{directory}/{path}"): file for path, file in inside.items()}
    return found


def _directories_outside(files: Tree, read: ReadDirectory) -> Iterator[tuple[str, Tree]]:
    """Yield the directories outside that the code is made of, each once, with the files in it."""
    found: dict[str, File] = {}
    seen: set[str] = set()
    called: set[str] = set()
    own_files = code_files(files)
    left = [(each, True) for each in _called(files)] + [
        (each, False) for each in (*_read(files, own_files, list(own_files)), *_maybe_read(files))
    ]
    while left and len(seen) < MOST_MODULES:
        directory, is_module = left.pop(0)
        if not is_outside(directory) or directory in (called if is_module else seen):
            continue
        if directory not in seen:
            seen.add(directory)
            inside = read(directory)
            yield directory, inside
            found |= {posixpath.normpath(f"{directory}/{path}"): file for path, file in inside.items()}
        if is_module:
            called.add(directory)
            files_by_directory = code_files(found)
            inner = _reached(found, files_by_directory, directory)
            left += [(call.directory, True) for each in inner for call in _calls(found, files_by_directory, each)]
            left += [(each, False) for each in _read(found, files_by_directory, inner)]


def _called(files: Tree) -> Iterator[str]:
    for path, file in sorted(files.items()):
        directory = posixpath.dirname(path)
        if is_code(path, files):
            yield from (call.directory for call in _calls_in(path, directory, file))
        elif path.endswith(_TO_RENDER):
            sources = _SOURCE.findall(file.data.decode("utf-8", "replace"))
            yield from filter(None, (local_directory(directory, source) for source in sources))


def _maybe_read(files: Tree) -> Iterator[str]:
    """Yield the directories that a file which is yet to be rendered may read: of a path whose end has a dot, what holds it."""
    for path in sorted(path for path in files if path.endswith(_TO_RENDER)):
        for text in _READ.findall(files[path].data.decode("utf-8", "replace")):
            above, _, last = text.rpartition("/")
            found = _elsewhere(posixpath.dirname(path), above if "." in last.strip(".") else text)
            yield from () if found is None else (found,)


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

    def read(directory: str) -> Tree:
        inside = f"{directory}/"
        return {path.removeprefix(inside): file for path, file in code.items() if path.startswith(inside)}

    found = sorted(directory for directory, _ in _directories_outside(own(code), read))
    return [each for each in found if not any(f"{each}/".startswith(f"{other}/") for other in found if other != each)]


def beside(code: Tree, directory: str) -> dict[str, File]:
    """Return the files of the modules that the root module in `directory` calls outside itself, and what these read, with all below them."""
    called = reached(code, directory)
    elsewhere = (*called, *directories_read(code, called))
    places = tuple(f"{place}/" for place in elsewhere if not f"{place}/".startswith(f"{directory}/"))
    if not places:
        return {}  # of most stacks, and this is asked for each parameter of each clone
    return {path: file for path, file in code.items() if f"{path.rpartition('/')[0]}/".startswith(places)}

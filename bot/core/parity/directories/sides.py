"""A side of the comparison: the root modules below a directory, each with the files that it is made of.

A root module is a directory with code that no other code calls. Its files are held by their paths from that directory, so that
what both sides write alike (`${path.module}/policy.json`) is alike.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.hcl.local_modules import code_files, directories_read, local_calls, reached
from bot.core.parity.directories.report import CodePlace, Note
from bot.core.tree import OPENTOFU, Tree, is_code, is_override

_NO_ROOTS = frozenset({"modules", "module", "examples", "example", "test", "tests"})
_TERRAGRUNT = "terragrunt.hcl"


@dataclass(frozen=True, slots=True)
class RootSource:
    """A root module at `directory` of the repository. `name` says which one it is on its side, empty for the only one.

    `variable_files` are those that are named beside what Terraform reads by itself, by their paths in the repository, with
    their bytes in `files` under the same name.
    """

    name: str
    directory: str
    files: Tree
    variable_files: tuple[str, ...] = ()
    workspace: str = ""

    def place(self, path: str, line: int) -> CodePlace:
        """Return where in the repository a line of a file of this module is."""
        if path in self.variable_files:
            return CodePlace(path, max(line, 1))
        return CodePlace(posixpath.normpath(posixpath.join(self.directory, path)), max(line, 1))


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared: what it is called, and what it is made of."""

    label: str
    roots: Sequence[RootSource]
    notes: Sequence[Note] = ()


def side_of(label: str, directory: str, files: Tree) -> Side:
    """Return the root modules at or below a directory. `files` are by their paths in the repository, modules elsewhere among them."""
    found = list(_root_directories(directory, files))
    roots = [root_module(_relative(each, directory), each, files) for each in found]
    return Side(
        label,
        [replace(root, name="" if root.name == "." else root.name) for root in roots],
        tuple(_notes(directory, files, found)),
    )


def root_module(name: str, directory: str, files: Tree) -> RootSource:
    """Return the root module at a directory with the modules of the repository that it is made of, and what these read."""
    called = reached(files, directory)
    places = (*called, *directories_read(files, called))
    kept = {path: file for path, file in files.items() if any(_is_below(path, place) for place in places)}
    return RootSource(name, directory, {_relative(path, directory): file for path, file in kept.items()})


def _root_directories(directory: str, files: Tree) -> Iterator[str]:
    code = code_files(files)
    below = [each for each in code if _is_below(f"{each}/", directory)]
    called = {call.directory for each in code for call in local_calls(files, each)}
    for each in below:
        inner = _relative(each, directory).split("/")
        if each == directory or (
            each not in called and not _NO_ROOTS & set(inner) and _may_be_root(each, directory, files)
        ):
            yield each


def _may_be_root(each: str, directory: str, files: Tree) -> bool:
    """Say whether code below other code is a root module of its own: what has variables' values or says where its state is."""
    if directory not in code_files(files):
        return True
    own = [path for path in files if posixpath.dirname(path) == each]
    has_values = any(path.endswith((".tfvars", ".tfvars.json")) for path in own)
    return has_values or any(b"backend " in files[path].data for path in own if is_code(path, files))


def _notes(directory: str, files: Tree, roots: Sequence[str]) -> Iterator[Note]:
    terragrunt = [p for p in files if posixpath.basename(p) == _TERRAGRUNT and _is_below(p, directory)]
    if terragrunt:
        more = f" ({len(terragrunt)} files)" if len(terragrunt) > 1 else ""
        yield Note(
            f"Terragrunt's configuration is not read{more}: only the Terraform code beside it is compared",
            min(terragrunt),
        )
    for root in roots:
        for path in sorted(files):
            name = posixpath.basename(path)
            if posixpath.dirname(path) != root:
                continue
            if name.endswith(OPENTOFU):
                yield Note(
                    "is read as OpenTofu does, in place of any `.tf` file of that name; Terraform reads none", path
                )
            elif is_override(name):
                yield Note(
                    "overrides other blocks, which is not evaluated: its blocks are compared as blocks of their own",
                    path,
                )


def _relative(path: str, directory: str) -> str:
    return posixpath.relpath(path or ".", directory or ".")


def _is_below(path: str, directory: str) -> bool:
    return not directory or path.startswith(f"{directory}/")

"""A directory as a value: paths to files, and the id that git gives to that content."""

import hashlib
import posixpath
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.errors import InvalidInput, UserError
from bot.names import shown

OPENTOFU = (".tofu", ".tofu.json")
"""How the names of files end that OpenTofu alone reads."""
CODE = (".tf", ".tf.json", *OPENTOFU)
"""How the names of files with code end, in Terraform's own syntax and in JSON."""
HCL_CODE = (".tf", ".tofu")
"""Those in its own syntax."""
UNSAVED_STATE = "errored.tfstate"
"""Where Terraform puts a state that it could not write. While it is empty, it is no part of anything."""


def is_override(name: str) -> bool:
    """Say whether Terraform merges what a file of this name says into blocks of other files."""
    return name in {f"override{ending}" for ending in CODE} or name.endswith(
        tuple(f"_override{ending}" for ending in CODE)
    )


def is_shadowed(path: str, among: Container[str]) -> bool:
    """Say whether OpenTofu reads another file in the place of this one: `x.tofu` for `x.tf`, `x.tofu.json` for `x.tf.json`.

    Source: https://opentofu.org/docs/language/files/#file-extension
    """
    for ending, other in zip((".tf", ".tf.json"), OPENTOFU, strict=True):
        if path.endswith(ending):
            return path.removesuffix(ending) + other in among
    return False


def is_code(path: str, among: Container[str]) -> bool:
    """Say whether a file is code that is read. With Terraform the static checks refuse what only OpenTofu reads, so none is shadowed there."""
    return path.endswith(CODE) and not is_shadowed(path, among)


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes and whether it may be executed. Submodules are refused where trees are read.

    A symlink has in `link` what it says, and in `data` the bytes of the file that it leads to (`with_links`).
    """

    data: bytes
    executable: bool = False
    link: str = ""

    @property
    def stored(self) -> bytes:
        """What git keeps of it: of a symlink, where it leads."""
        return self.link.encode() if self.link else self.data


Tree: TypeAlias = Mapping[str, File]
"""Relative paths with `/` to files. Git's own notion of a tree: empty directories don't exist."""

MOST_FILES = 20_000
"""In an environment with the modules that it calls. Production of a thousand stacks has a third of that."""
LONGEST_PATH = 200
NO_LINKS = frozenset({"environment.yaml", "hooks.yaml", "template.yaml", "README.md"})
"""Documents that are also read one by one out of git, where a symlink is only the name of another file."""
_SEGMENT = re.compile(r"[A-Za-z0-9._@+-]+")


def check_path(path: str) -> str:
    """Return `path` if it is safe in a work tree on any system. Raises `InvalidInput`.

    An allow-list of characters, no absolute path, no `.` or `..`, nothing that git or Windows treats specially.
    """
    segments = path.split("/")
    wrong = (
        len(path) > LONGEST_PATH
        or any(_SEGMENT.fullmatch(segment) is None for segment in segments)
        or any(segment in {".", ".."} or segment.endswith(".") for segment in segments)
        or any(segment.lower() in {".git", ".terraform", "git~1"} for segment in segments)
    )
    if wrong:
        raise InvalidInput(
            f"{shown(path)} is not a valid path in an environment. Use letters, digits, `.`, `_`, `@`, `+`, `-`."
        )
    return path


def check_tree(tree: Tree) -> Tree:
    """Return `tree` if every path is safe, and all can lie beside each other on any system. Raises `InvalidInput`."""
    seen: dict[str, str] = {}
    for path in tree:
        check_path(path)
        other = seen.setdefault(path.lower(), path)
        if other != path:
            raise InvalidInput(f"{shown(path)} and {shown(other)} are the same file on some systems. Rename one.")
    for path in tree:
        above = path.lower()
        while above := posixpath.dirname(above):
            if above in seen:
                raise InvalidInput(
                    f"{shown(seen[above])} is a file, and {shown(path)} needs a directory of that name. Rename one."
                )
    return tree


def with_links(files: Tree, links: Mapping[str, str], where: str) -> dict[str, File]:
    """Return the files of a directory with its symlinks, by what each says; `where` is the directory, for messages.

    A symlink leads to a file of the same directory that is none itself. Raises `UserError` with what to do instead.
    """
    found = dict(files)
    for path, target in links.items():
        there = _led_to(path, target)
        if path in NO_LINKS:
            raise UserError(f"{where}/{path} is a symlink: commit the file itself, since it is read in several ways.")
        if there not in files or path.endswith(CODE) is not there.endswith(CODE):
            raise UserError(
                f"{where}/{path} is a symlink to {shown(target)}, which is not such a file of {where}. Commit the file itself, or let the "
                "link lead to a file of the same kind there."
            )
        found[path] = File(files[there].data, link=target)
    return found


def broken_links(tree: Tree) -> Sequence[str]:
    """Return the symlinks that don't lead to the file whose bytes they have."""
    return [path for path, file in tree.items() if file.link and not _is_led_by(tree, path, file)]


def _is_led_by(tree: Tree, path: str, file: File) -> bool:
    there = tree.get(_led_to(path, file.link))
    return there is not None and not there.link and there.data == file.data


def _led_to(path: str, target: str) -> str:
    if not all(_SEGMENT.fullmatch(segment) for segment in target.split("/")):
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def below(tree: Tree, directory: str) -> dict[str, File]:
    """Return what lies below `directory`, with paths relative to it."""
    prefix = f"{directory}/"
    return {path.removeprefix(prefix): file for path, file in tree.items() if path.startswith(prefix)}


def blob_id(data: bytes) -> str:
    """Return the id that git gives to a blob of `data` (SHA-1 object format)."""
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()


def tree_id(tree: Tree) -> str:
    """Return the id that git gives to the tree of this content, without git."""
    entries: list[tuple[bytes, bytes]] = []
    directories: dict[str, dict[str, File]] = {}
    for path, file in tree.items():
        name, _, rest = path.partition("/")
        if rest:
            directories.setdefault(name, {})[rest] = file
        else:
            mode = b"120000" if file.link else b"100755" if file.executable else b"100644"
            entries.append((name.encode(), mode + b" " + name.encode() + b"\0" + bytes.fromhex(blob_id(file.stored))))
    for name, content in directories.items():
        # Git sorts a directory as though its name ended in a slash.
        entries.append((name.encode() + b"/", b"40000 " + name.encode() + b"\0" + bytes.fromhex(tree_id(content))))
    body = b"".join(entry for _, entry in sorted(entries))
    return hashlib.sha1(b"tree %d\0%s" % (len(body), body), usedforsecurity=False).hexdigest()

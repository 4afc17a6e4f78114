"""Production's files at their new places: as they are, but for the paths of modules and files outside, which lead where they led."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final

from bot.core.adoption.literals import items
from bot.core.hcl.functions.read_paths import FILESET, READS_A_FILE
from bot.core.hcl.syntax.tokens import QUOTE, TEXT, HclToken, NotHcl, decoded, tokens
from bot.core.hcl.value_files import AUTOMATIC, STANDARD, VALUES
from bot.core.parity.directories.secrecy import is_named_secret
from bot.core.parity.directories.sides import RootSource, Side
from bot.core.tree import HCL_CODE, File
from bot.errors import InvalidInput

_LONGEST: Final = 80
"""Characters of a line that are shown."""
_OF_MODULE, _OF_ROOT = (["${", "path", ".", name, "}"] for name in ("module", "root"))


def taken_over(side: Side, stacks: Mapping[str, str], where: str) -> tuple[dict[str, File], list[str]]:
    """Return production's files at their places below its new directory, with the lines in which a module's path had to follow."""
    found: dict[str, File] = {}
    moved: list[str] = []
    for root in side.roots:
        others = [
            posixpath.relpath(each.directory or ".", root.directory or ".") for each in side.roots if each is not root
        ]
        for path, file in root.files.items():
            if path.startswith("../") or any(path.startswith(f"{other}/") for other in others):
                continue
            place = values_place(root, path)
            if place is not None:
                target = f"{stacks[root.name]}/{place}"
                new_root = f"{where}/{stacks[root.name]}"
                data, followed = _with_paths(root, path, file.data, posixpath.dirname(f"{where}/{target}"), new_root)
                found[target] = File(data, file.executable)
                moved += [f"{target}:{each}" for each in followed]
    return found, moved


def first_difference(was: File, rendered: File | None) -> str:
    """Return where a file that is rendered otherwise than it was first differs, with both lines but for secrets."""
    if rendered is None:
        return "it is not rendered at all"
    before, after = (each.data.decode("utf-8", "replace").splitlines() for each in (was, rendered))
    for number, (old, new) in enumerate(zip_longest(before, after), start=1):
        if old != new:
            return f"line {number} is {_shown(old)}, and would be {_shown(new)}"
    return "its line endings differ, or it is executable on one side only"


def _shown(line: str | None) -> str:
    if line is None:
        return "the end of the file"
    if is_named_secret(line.partition("=")[0].strip()):
        return "a secret"
    return f"`{line.strip()[:_LONGEST]}`" if line.strip() else "empty"


def values_place(root: RootSource, path: str) -> str | None:
    """Return where a file lies in its stack: a file of values that is named for production is read by itself there, others are left out."""
    if not root.variable_files or not path.endswith(VALUES) or path.endswith(AUTOMATIC) or path in STANDARD:
        return path
    if path not in root.variable_files:
        return None
    name = posixpath.basename(path)
    ending = next(each for each in VALUES if name.endswith(each))
    return f"{name.removesuffix(ending)}.auto{ending}"


def _check_values(place: str, data: bytes) -> None:
    """Raise `InvalidInput` for a file of values that Terraform could read as little as we can."""
    try:
        decoded(place, data)
    except InvalidInput as error:
        raise InvalidInput(
            f"{error}, so Terraform can't read it either. If it is encrypted, remove it, and give its values to the account's `variables` "
            "in the policy (`TF_VAR_…`)."
        ) from error


def _with_paths(root: RootSource, path: str, data: bytes, new: str, new_root: str) -> tuple[bytes, list[str]]:
    """Return a file whose paths of modules and files outside lead to the same places from its `new` directory, and what had to follow."""
    moved: list[str] = []
    place = posixpath.join(root.directory, path)
    if path.endswith(VALUES):
        _check_values(place, data)
    if not path.endswith(HCL_CODE):
        return data, moved
    text = decoded(place, data)
    old = posixpath.dirname(posixpath.join(root.directory, path))
    try:
        literals = [each for item in items(path, data) for each in item.literals if each.name == "source"]
        words = list(tokens(text))
    except NotHcl as error:
        raise error.of(place) from error
    called = [(each.start, each.text, each.line, old, new) for each in literals if each.text.startswith("../")]
    read = (each for each in _paths_read(words) if each[0].at not in {start for start, *_ in called})
    named = [
        (word.at, word.text, word.line, *((root.directory, new_root) if is_of_root else (old, new)))
        for word, is_of_root in read
    ]
    for start, said, line, was, now in sorted([*called, *named], reverse=True):
        target = posixpath.normpath(posixpath.join(was, said.lstrip("/")))
        followed = "/" * said.startswith("/") + posixpath.relpath(target, now) + "/" * said.endswith("/")
        is_outside = not f"{target}/".startswith(f"{root.directory}/") or not root.directory
        if is_outside and followed != said:
            text = text[:start] + followed + text[start + len(said) :]
            moved.append(f"{line}: {said} → {followed}")
    return text.encode(), moved


def _paths_read(words: Sequence[HclToken]) -> Iterator[tuple[HclToken, bool]]:
    """Yield the beginnings of paths that lead upwards, in the code of HCL, and whether they begin where Terraform runs."""
    for at, word in enumerate(words):
        if word.kind != TEXT or "\\" in word.text:
            continue
        before = [each.text for each in words[max(at - 5, 0) : at]]
        if f"{word.text}/".startswith("/../") and before in (_OF_MODULE, _OF_ROOT):
            yield word, before == _OF_ROOT
        elif (
            word.text.startswith("../")
            and before[-2:] == ["(", QUOTE]
            and {*before[-3:-2]} & (READS_A_FILE | {FILESET})
        ):
            yield word, True

"""Make a block of Terraform code say what is there, and leave every other character as it is.

A value is replaced where it stands: of a map only the keys that differ, of a block inside only what is in it. Blocks of which there are
several are told apart by what they say literally; if that does not tell, all of them are written anew. What is written is a literal,
quoted as rendered values are, so a value can't become code.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from bot.core.hcl.parser import parsed
from bot.core.hcl.syntax.ast import Block, Call, Literal, Pairs, Setting
from bot.core.hcl.syntax.tokens import MARK, NAME, NEWLINE, TEXT, HclToken, decoded, tokens
from bot.core.rendering.escape import hcl
from bot.errors import InvalidInput
from bot.model.pipeline import Json

Values: TypeAlias = Mapping[str, Json]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_BEFORE = re.compile(r"""\s*(?:"?[^"{}\n=]+"?\s*[=:])?\s*""")
_AFTER = re.compile(r"[ \t]*,?[ \t]*(?:(?:#|//)[^\n]*)?\r?\n?")
_OF_TERRAFORM = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "connection", "provisioner"})
"""What a resource's block says to Terraform itself. No provider has attributes of these names, so no search for drift finds one."""
_OPEN, _CLOSE = frozenset({"(", "[", "{", "${", "%{"}), frozenset({")", "]", "}", "}$"})


class CannotSplice(InvalidInput):
    """A difference for which there is no literal to be written; the message says why, to stand behind the address."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Text that replaces what lies between two offsets of a file."""

    begin: int
    end: int
    text: str


def block_at(path: str, data: bytes, line: int) -> Block | None:
    """Return the block that begins in a line of a file, at its top."""
    return next((block for block in parsed(path, data).blocks if block.line == line), None)


def edited(data: bytes, edits: Sequence[TextEdit]) -> bytes:
    """Return a file with these edits, none of which overlap."""
    text = data.decode()
    mark = MARK if text.startswith(MARK) else ""
    text = text.removeprefix(MARK)
    for each in sorted(edits, key=lambda edit: (edit.begin, edit.end), reverse=True):
        text = text[: each.begin] + each.text + text[each.end :]
    return f"{mark}{text}".encode()


def spliced(path: str, data: bytes, block: Block, there: Values, should: Values) -> bytes:
    """Return the file with a block of it that says `there` where it says `should`. Raises `CannotSplice`, `InvalidInput`."""
    return edited(data, list(_Splice(_plain(path, data)).of(block, there, should, "")))


def without(path: str, data: bytes, block: Block) -> bytes:
    """Return the file without a block, the comment right above it and one of the empty lines around it."""
    text = _plain(path, data)
    begin = text.rfind("\n", 0, block.begin) + 1
    while begin and (above := text[text.rfind("\n", 0, begin - 1) + 1 : begin]).lstrip().startswith(("#", "//")):
        begin -= len(above)
    end = text.find("\n", block.end) + 1 or len(text)
    if text[end : end + 1] == "\n":
        end += 1
    elif end == len(text) and text[:begin].endswith("\n\n"):
        begin -= 1
    return edited(data, [TextEdit(begin, end, "")])


def _plain(path: str, data: bytes) -> str:
    return decoded(path, data).removeprefix(MARK)


class _Splice:
    def __init__(self, text: str) -> None:
        self.text = text

    def of(self, block: Block, there: Values, should: Values, at: str) -> Iterator[TextEdit]:
        """Yield the edits of what is in a block; `at` is the path to it."""
        edits, added = list[TextEdit](), ""
        for name in dict.fromkeys([*there, *should]):
            now, said = there.get(name), should.get(name)
            if now == said:
                continue
            place = f"{at}.{name}" if at else name
            if _NAME.fullmatch(name) is None or (not at and name in _OF_TERRAFORM):
                raise CannotSplice(f"`{place[:100]}` is not the name of an argument")
            setting, inner = block.setting(name), [each for each in block.blocks if each.type == name]
            if setting is not None:
                edits += self._setting(setting, now, said)
            elif any(each.type == "dynamic" and each.labels == (name,) for each in block.blocks):
                raise CannotSplice(f"`{place}` comes from a `dynamic` block")
            elif inner and len(inner) == len(_items(now)) == len(_items(said)) == 1:
                is_now, was = (_object(_items(each)[0], place) for each in (now, said))
                edits += self.of(inner[0], is_now, was, f"{place}[0]")
            elif inner:
                gone, new = self._blocks(inner, _items(now), _items(said))
                edits += gone
                objects = [_object(item, place) for item in new]
                added += "".join(written(name, [item], f"{self._indent(block)}  ") for item in objects)
            elif not _is_empty(now):
                added += written(name, now, f"{self._indent(block)}  ")
            else:
                raise CannotSplice(f"`{place}` is not set in the code")
        yield from edits
        if added:
            yield self._added(block, added, is_alone=not edits)

    def _setting(self, setting: Setting, now: Json, said: Json) -> Iterator[TextEdit]:
        value = setting.value
        if now is None:
            yield self._line(setting.begin, setting.end)
        elif isinstance(value, Pairs) and isinstance(now, dict) and isinstance(said, dict):
            yield from self._pairs(setting, now, said)
        elif isinstance(value, Call) and value.name == "jsonencode" and isinstance(now, str):
            yield TextEdit(setting.begin, setting.end, _encoded(now))
        else:
            yield TextEdit(setting.begin, setting.end, hcl(now))

    def _pairs(self, setting: Setting, now: dict[str, Json], said: dict[str, Json]) -> Iterator[TextEdit]:
        """Yield the edits of a map that is written out, key by key; the whole map where a key is not plain."""
        pairs = _pairs_in(self.text, setting)
        differing = [key for key in dict.fromkeys([*now, *said]) if now.get(key) != said.get(key)]
        if pairs is None or any(key in said and key not in pairs for key in differing):
            yield TextEdit(setting.begin, setting.end, hcl(now))
            return
        is_one_line = "\n" not in self.text[setting.begin : setting.end]
        added: list[str] = []
        for key in differing:
            if key not in pairs:
                added.append(f"{_key(key)} = {hcl(now[key])}")
            elif key in now:
                yield TextEdit(pairs[key].begin, pairs[key].end, hcl(now[key]))
            elif is_one_line:
                yield TextEdit(setting.begin, setting.end, hcl(now))
                return
            else:
                yield self._line(pairs[key].begin, pairs[key].end)
        if added:
            yield self._more(setting, pairs, added, is_one_line)

    def _more(
        self, setting: Setting, pairs: Mapping[str, "_Pair"], added: Sequence[str], is_one_line: bool
    ) -> TextEdit:
        end = setting.end - 1
        if is_one_line:
            last = max((each.end for each in pairs.values()), default=setting.begin + 1)
            comma = ", " if pairs else " "
            return TextEdit(last, end, f"{comma}{', '.join(added)} ")
        line = self.text.rfind("\n", 0, end) + 1
        indent = self.text[line:end] if not self.text[line:end].strip() else ""
        return TextEdit(line, line, "".join(f"{indent}  {each}\n" for each in added))

    def _blocks(
        self, inner: Sequence[Block], now: Sequence[Json], said: Sequence[Json]
    ) -> tuple[Sequence[TextEdit], Sequence[Json]]:
        """Return the edits that remove the blocks that are there no more, and what blocks have to be written for."""
        told = _told_apart(inner, said)
        kept = [] if told is None else [item for item in said if item in now]
        made_of = told or [None] * len(inner)
        gone = [self._line(b.begin, b.end) for b, item in zip(inner, made_of, strict=True) if item not in kept]
        return gone, [item for item in now if item not in kept]

    def _added(self, block: Block, lines: str, *, is_alone: bool) -> TextEdit:
        """Return the edit that puts lines at the end of a block. Raises `CannotSplice`."""
        end = block.end - 1
        line = self.text.rfind("\n", 0, end) + 1
        if line > block.begin:
            return TextEdit(line, line, lines)
        if not is_alone:
            raise CannotSplice(f"the block `{block.type}` in line {block.line} is written in one line")
        # What is in a block of one line moves to a line of its own.
        head = self.text.find("{", block.begin) + 1
        within, indent = self.text[head:end].strip(), self._indent(block)
        first = f"{indent}  {within}\n" if within else ""
        return TextEdit(head, end, f"\n{first}{lines}{indent}")

    def _indent(self, block: Block) -> str:
        line = self.text[self.text.rfind("\n", 0, block.begin) + 1 : block.begin]
        return line if not line.strip() else ""

    def _line(self, begin: int, end: int) -> TextEdit:
        """Return the edit that removes the lines of an argument, a key or a block. Raises `CannotSplice` where they hold more."""
        first, last = self.text.rfind("\n", 0, begin) + 1, self.text.find("\n", end) + 1 or len(self.text)
        if _BEFORE.fullmatch(self.text[first:begin]) is None or _AFTER.fullmatch(self.text[end:last]) is None:
            raise CannotSplice(f"line {self.text.count(chr(10), 0, begin) + 1} holds something else, too")
        return TextEdit(first, last, "")


def written(name: str, value: Json, indent: str) -> str:
    """Return a new argument as lines of code: a list of objects becomes blocks, since that is how providers take most of them.

    Raises `CannotSplice`.
    """
    items = value if isinstance(value, list) else []
    if not items or not all(isinstance(item, dict) for item in items):
        return f"{indent}{name} = {hcl(value)}\n"
    text = ""
    for item in items:
        inside = ""
        for key, each in _object(item, name).items():
            if _NAME.fullmatch(key) is None:
                raise CannotSplice(f"`{name}` has the key `{key[:100]}`, which is not the name of an argument")
            inside += "" if _is_empty(each) else written(key, each, indent + "  ")
        text += f"{indent}{name} {{\n{inside}{indent}}}\n"
    return text


@dataclass(frozen=True, slots=True)
class _Pair:
    begin: int
    end: int


def _pairs_in(text: str, setting: Setting) -> Mapping[str, _Pair] | None:
    """Return where the values of a map's keys stand; None when a key is no plain word."""
    words = [each for each in tokens(text) if setting.begin < each.at < setting.end - 1]
    found: dict[str, _Pair] = {}
    for item in _separated(words):
        sign = next((n for n, each in enumerate(item) if each.kind in {"=", ":"}), None)
        key = [each for each in item[:sign] if each.kind in {NAME, TEXT}] if sign is not None else []
        if sign is None or len(key) != 1 or len(item[:sign]) not in {1, 3} or sign + 1 == len(item):
            return None
        last = item[-1]
        found[key[0].text] = _Pair(item[sign + 1].at, last.at + len(last.text))
    return found


def _separated(words: Sequence[HclToken]) -> Iterator[Sequence[HclToken]]:
    """Yield the items of a map: what lies between its commas and line breaks."""
    depth, item = 0, list[HclToken]()
    for word in words:
        depth += (word.kind in _OPEN) - (word.kind in _CLOSE)
        if not depth and word.kind in {",", NEWLINE}:
            if item:
                yield item
            item = []
        else:
            item.append(word)
    if item:
        yield item


def _told_apart(inner: Sequence[Block], said: Sequence[Json]) -> Sequence[Json] | None:
    """Return for each block which of the items it makes; None when what they say literally doesn't tell."""
    found: list[Json] = []
    for block in inner:
        literal = {each.name: each.value.value for each in block.settings if isinstance(each.value, Literal)}
        fitting = [item for item in said if isinstance(item, dict) and literal.items() <= _scalars(item).items()]
        if len(fitting) != 1:
            return None
        found += fitting
    return found if len(found) == len(said) and not any(a == b for a, b in pairwise(map(repr, found))) else None


def _scalars(item: dict[str, Json]) -> dict[str, str | int | float | bool | None]:
    return {key: value for key, value in item.items() if not isinstance(value, list | dict)}


def _items(value: Json) -> list[Json]:
    """Return the items of nested blocks: a single one is an object in providers that know that it is single."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _object(value: Json, place: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise CannotSplice(f"`{place}` is a block in the code, and what is there isn't one")
    return value


def _is_empty(value: Json) -> bool:
    return value is None or value in ("", [], {})


def _key(text: str) -> str:
    return text if _NAME.fullmatch(text) else hcl(text)


def _encoded(text: str) -> str:
    """Return JSON as a call of `jsonencode`, so that it stays readable; as a text where it is none."""
    try:
        return f"jsonencode({hcl(json.loads(text))})"
    except (ValueError, RecursionError):
        return hcl(text)

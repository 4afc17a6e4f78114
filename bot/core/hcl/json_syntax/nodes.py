"""JSON with its lines, as strict as HashiCorp's reader or stricter: no key twice, no NaN, no half of a character."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.hcl.syntax.tokens import MARK, MOST_WORDS, NotHcl, too_long

DEEPEST = 100
"""Values inside one another, as for HCL's own expressions."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """A string, without its escapes."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class JsonWord:
    """A number, `true`, `false` or `null`, as it is written."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class JsonArray:
    """`[…]`."""

    items: tuple["JsonNode", ...]
    line: int


@dataclass(frozen=True, slots=True)
class JsonObject:
    """`{…}`, each key with its line."""

    members: Mapping[str, tuple[int, "JsonNode"]]
    line: int


JsonNode: TypeAlias = JsonText | JsonWord | JsonArray | JsonObject

_WORD = re.compile(
    r"""[ \t\r\n]*+(?:
      (?P<sign>[{}\[\]:,])
    | (?P<string>"(?>(?:[^"\\\x00-\x1f]|\\.)*)")
    | (?P<word>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)
    | (?P<end>\Z)
    | (?P<other>.))""",
    re.VERBOSE | re.DOTALL,
)


def nodes(text: str) -> JsonNode:
    """Return a JSON text's value. Raises `NotHcl` with the line."""
    return _Reader(text.removeprefix(MARK)).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self.words = _words(text)
        self.kind, self.text, self.line = next(self.words)

    def whole(self) -> JsonNode:
        found = self._value(0)
        if self.kind != "end":
            raise self._unexpected("the end of the file")
        return found

    def _next(self) -> None:
        self.kind, self.text, self.line = next(self.words)

    def _value(self, depth: int) -> JsonNode:
        text, line = self.text, self.line
        if depth > DEEPEST:
            raise NotHcl(line, "nested too deeply to be read: give the inner parts names in `locals`.")
        if self.kind == "string":
            self._next()
            return JsonText(_unescaped(text, line), line)
        if self.kind == "word":
            self._next()
            return JsonWord(text, line)
        if text == "[":
            return self._array(line, depth + 1)
        if text == "{":
            return self._object(line, depth + 1)
        raise self._unexpected("a value")

    def _array(self, line: int, depth: int) -> JsonArray:
        found: list[JsonNode] = []
        self._next()
        while self.text != "]":
            found.append(self._value(depth))
            if self.text == ",":
                self._next()
                if self.text == "]":
                    raise self._unexpected("a value after the comma")
            elif self.text != "]":
                raise self._unexpected("`,` or `]`")
        self._next()
        return JsonArray(tuple(found), line)

    def _object(self, line: int, depth: int) -> JsonObject:
        found: dict[str, tuple[int, JsonNode]] = {}
        self._next()
        while self.text != "}":
            if self.kind != "string":
                raise self._unexpected("a key in quotes")
            at, key = self.line, _unescaped(self.text, self.line)
            if key in found:
                raise NotHcl(at, f"`{key}` is already in line {found[key][0]}: write it once, with a list.")
            self._next()
            if self.text != ":":
                raise self._unexpected("`:` after the key")
            self._next()
            found[key] = at, self._value(depth)
            if self.text == ",":
                self._next()
                if self.text == "}":
                    raise self._unexpected("a key after the comma")
            elif self.text != "}":
                raise self._unexpected("`,` or `}`")
        self._next()
        return JsonObject(found, line)

    def _unexpected(self, instead: str) -> NotHcl:
        shown = "the end of the file" if self.kind == "end" else f"`{self.text}`"
        return NotHcl(self.line, f"expected {instead}, found {shown}.")


def _words(text: str) -> Iterator[tuple[str, str, int]]:
    line, at = 1, 0
    for count, found in enumerate(_WORD.finditer(text)):
        if count > MOST_WORDS:
            raise too_long(line)
        kind = str(found.lastgroup)
        start = found.start(kind)
        line += text.count("\n", at, start)
        at = start
        yield kind, found[kind], line


def _unescaped(word: str, line: int) -> str:
    try:
        text = str(json.loads(word))
        text.encode()
    except ValueError as error:  # an escape that there is not, or half of a pair of surrogates
        raise NotHcl(line, f"{word[:40]} is not text in JSON: write the character itself.") from error
    return text

"""The literals of a file with where they stand, item by item: what may become a parameter without touching anything else.

An item is a top-level block or argument. Literals of the same item on two sides are paired by the code around them, so a value that
differs is found with its place, and whatever else differs is known to be more than values.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import Literal

from bot.core.hcl.syntax.tokens import CLOSING_QUOTE, END, NAME, NEWLINE, NUMBER, QUOTE, TEXT, HclToken, decoded, tokens

LiteralKind = Literal["text", "number", "bool", "list"]
MOST_COMPARED = 4_000_000
"""Pairs of words of one item that are looked at; the largest block of the public registry's modules has some 1,500 words."""
_OPENING, _CLOSING = frozenset({"{", "[", "(", "${", "%{"}), frozenset({"}", "]", ")", "}$"})


@dataclass(frozen=True, slots=True)
class LiteralAt:
    """A literal of the file `path` as written, without quotes, from offset `start` to `end`.

    `name` is the argument that it belongs to; `is_value` says that it is all of it, or its beginning. `inside` are the keys of the maps
    around it, outermost first.
    """

    path: str
    kind: LiteralKind
    text: str
    start: int
    end: int
    line: int
    name: str
    is_value: bool = False
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A top-level block or argument: what it is called, and its words; a word is a literal or code."""

    key: str
    words: tuple[LiteralAt | HclToken, ...]

    @property
    def literals(self) -> Sequence[LiteralAt]:
        """Return the literals in order."""
        return [word for word in self.words if isinstance(word, LiteralAt)]


@dataclass(frozen=True, slots=True)
class PairedLiterals:
    """A literal on both sides."""

    theirs: LiteralAt
    ours: LiteralAt


def items(path: str, data: bytes) -> Sequence[Item]:
    """Return the items of an HCL file, or of the object that a JSON file is. Raises `InvalidInput`."""
    text = decoded(path, data)
    # In JSON, commas end the items, and lines mean nothing; the braces around all of it are no part of any.
    top, ends = (1, {",", "}", END}) if path.endswith(".json") else (0, {NEWLINE, END})
    found, current, depth = list[Item](), list[HclToken](), 0
    for token in tokens(text):
        depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
        if token.kind in ends and depth <= top and not (top and token.kind == "}" and depth == top):
            if current:
                found.append(_item(path, current, text))
            current = []
        elif not top or not (token.kind == NEWLINE or (token.kind == "{" and depth == top)):
            current.append(token)
    return found


def paired(
    theirs: Sequence[Item], ours: Sequence[Item], neutral: Callable[[str, bool], str]
) -> tuple[list[PairedLiterals], list[Item]]:
    """Return the literals that both sides have, and their items that differ in more than literals or that we have not."""
    left: dict[str, list[Item]] = {}
    for each in reversed(ours):
        left.setdefault(neutral(each.key, True), []).append(each)
    pairs: list[PairedLiterals] = []
    others: list[Item] = []
    for item in theirs:
        mine = left.get(neutral(item.key, False))
        if not mine:
            others.append(item)
            continue
        inner, is_same = _aligned(item, mine.pop())
        pairs += inner
        if not is_same:
            others.append(item)
    return pairs, others


def _aligned(theirs: Item, ours: Item) -> tuple[list[PairedLiterals], bool]:
    codes = [[_comparable(word) for word in item.words] for item in (theirs, ours)]
    pairs, is_same = list[PairedLiterals](), codes[0] == codes[1]
    if not is_same and len(codes[0]) * len(codes[1]) > MOST_COMPARED:
        return [], False
    whole = [("equal", 0, len(codes[0]), 0, len(codes[1]))]
    for kind, start, end, other, _ in (
        whole if is_same else SequenceMatcher(None, codes[0], codes[1], autojunk=False).get_opcodes()
    ):
        for offset in range(end - start if kind == "equal" else 0):
            mine, their = ours.words[other + offset], theirs.words[start + offset]
            if isinstance(mine, LiteralAt) and isinstance(their, LiteralAt):
                pairs.append(PairedLiterals(their, mine))
    if not is_same:  # items of lists of different lengths say nothing of one another
        pairs = [
            each for each in pairs if each.theirs.is_value and each.ours.is_value and each.theirs.name == each.ours.name
        ]
    return pairs, is_same


def _comparable(word: LiteralAt | HclToken) -> tuple[str, str]:
    return (f"literal {word.kind}", word.name) if isinstance(word, LiteralAt) else (word.kind, word.text)


def _item(path: str, found: Sequence[HclToken], text: str) -> Item:
    head = next((at for at, token in enumerate(found) if token.kind in ("=", "{", ":")), len(found))
    key = " ".join(token.text for token in found[:head] if token.kind in (NAME, TEXT))
    return Item(key, tuple(_words(path, found, head, text)))


def _words(path: str, found: Sequence[HclToken], head: int, text: str) -> Iterator[LiteralAt | HclToken]:
    name, around = found[0].text, _around(found)
    at = 0
    while at < len(found):
        token = found[at]
        following = found[at + 1] if at + 1 < len(found) else HclToken(END, "", 0, 0)
        before = found[at - 1] if at else HclToken(END, "", 0, 0)
        if (token.kind == NAME and following.kind == "=") or (token.kind == TEXT and _is_key(found, at)):
            name = token.text
        previous = found[at - 2].kind if before.kind == QUOTE and at > 1 else before.kind
        literal = partial(
            LiteralAt, path, line=token.line, name=name, is_value=previous in ("=", ":"), inside=around[at]
        )
        if at < head:
            yield token
        elif token.kind == "[" and (whole := _list(found, at, text)) is not None:
            end, written = whole
            yield literal("list", written, token.at, token.at + len(written))
            at = end
        elif token.kind == TEXT and not _is_key(found, at):
            yield literal("text", token.text, token.at, token.at + len(token.text))
        elif token.kind == NUMBER and before.kind != ".":
            yield literal("number", token.text, token.at, token.at + len(token.text))
        elif token.kind == NAME and token.text in ("true", "false"):
            yield literal("bool", token.text, token.at, token.at + len(token.text))
        else:
            yield token
        at += 1


def _around(found: Sequence[HclToken]) -> Sequence[tuple[str, ...]]:
    """Return for each word the keys of the maps around it, outermost first."""
    maps, key = list[str](), ""
    inside: tuple[str, ...] = ()
    words: list[tuple[str, ...]] = []
    for at, token in enumerate(found):
        after = found[at + 1].kind if at + 1 < len(found) else END
        if (token.kind == NAME and after in ("=", ":")) or (token.kind == TEXT and _is_key(found, at)):
            key = token.text
        elif token.kind == "{":
            maps.append(key if at and found[at - 1].kind in ("=", ":") else "")
            inside = tuple(filter(None, maps))
        elif token.kind == "}" and maps:
            maps.pop()
            inside = tuple(filter(None, maps))
        words.append(inside)
    return words


def _is_key(found: Sequence[HclToken], at: int) -> bool:
    """Say whether a text is the key of a map (`"a": 1`, `"a" = 1`), or a label."""
    after = found[at + 2].kind if at + 2 < len(found) else END
    return found[at + 1].kind == CLOSING_QUOTE and after in (":", "=", "{")


def _list(found: Sequence[HclToken], at: int, text: str) -> tuple[int, str] | None:
    """Return a list of plain texts that is written as JSON would write it, with the position of its end."""
    end = next(
        (n for n in range(at + 1, len(found)) if found[n].kind not in (QUOTE, TEXT, CLOSING_QUOTE, ",")), len(found)
    )
    if end >= len(found) or found[end].kind != "]" or end == at + 1:
        return None
    written = text[found[at].at : found[end].at + 1]
    try:
        value = json.loads(written)
    except ValueError:
        return None
    return (end, written) if json.dumps(value, ensure_ascii=False) == written else None

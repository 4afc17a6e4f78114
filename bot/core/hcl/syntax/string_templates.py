"""A text with expressions in it, as people write it in quotes, in a heredoc or in a file for `templatefile()`.

The parser reads it into parts; here they become one expression, as HashiCorp's parser makes it
(hcl/hclsyntax/parser_template.go): escapes, the indentation of `<<-`, and what stands between `%{ if }` and `%{ endif }`.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias, cast

from bot.core.hcl.syntax.ast import Choice, Expression, For, Joined, Literal, TemplateExpression
from bot.core.hcl.syntax.tokens import BLANKS, NotHcl


@dataclass(frozen=True, slots=True)
class Directive:
    """`%{ word … }`: the names of a `for`, and the condition or the collection."""

    word: str
    names: tuple[str, ...]
    value: Expression | None
    line: int


Part: TypeAlias = str | Expression | Directive

_ENDS = frozenset({"else", "endif", "endfor"})


def assembled(parts: Iterable[Part], line: int) -> Expression:
    """Return the parts of a text as one expression. Raises `NotHcl` when directives and their ends don't fit."""
    left = deque(parts)
    found = _until_end(left)
    if left:
        assert isinstance(left[0], Directive)
        raise NotHcl(left[0].line, f"`%{{ {left[0].word} }}` has no beginning: remove it.")
    if all(isinstance(part, Literal) and isinstance(part.value, str) for part in found):
        return Literal("".join(str(part.value) for part in found if isinstance(part, Literal)))
    return TemplateExpression(tuple(found))


def _until_end(left: deque[Part]) -> list[Expression]:
    """Take what comes before the next `else` or `end`, which is left."""
    found: list[Expression] = []
    while left:
        part = left[0]
        if isinstance(part, Directive) and part.word in _ENDS:
            break
        left.popleft()
        if isinstance(part, str):
            found.append(Literal(part))
        elif isinstance(part, Directive):
            found.append(_repeated(part, left) if part.word == "for" else _chosen(part, left))
        else:
            found.append(part)
    return found


def _repeated(start: Directive, left: deque[Part]) -> Expression:
    inner = TemplateExpression(tuple(_until_end(left)))
    assert start.value is not None
    _ended(start, "endfor", left)
    return Joined(For(start.names, start.value, None, inner, None, False))


def _chosen(start: Directive, left: deque[Part]) -> Expression:
    then, otherwise = TemplateExpression(tuple(_until_end(left))), list[Expression]()
    assert start.value is not None
    if left and isinstance(left[0], Directive) and left[0].word == "else":
        left.popleft()
        otherwise = _until_end(left)
    _ended(start, "endif", left)
    return Choice(start.value, then, TemplateExpression(tuple(otherwise)))


def _ended(start: Directive, word: str, left: deque[Part]) -> None:
    end = left.popleft() if left else None
    if not isinstance(end, Directive) or end.word != word:
        line = end.line if isinstance(end, Directive) else start.line
        raise NotHcl(line, f"`%{{ {start.word} … }}` in line {start.line} has no end: write `%{{ {word} }}`.")


def flushed(parts: list[Part]) -> list[Part]:
    """Return the parts of a `<<-` heredoc without the indentation that all its lines share. Blank lines count for nothing."""
    indents: dict[int, int] = {}
    is_start, least = True, None
    for position, part in enumerate(parts):
        if is_start:
            is_start = False
            text = part if isinstance(part, str) else ""
            spaces = len(text) - len(text.lstrip(BLANKS))
            if not (isinstance(part, str) and spaces == len(text) and text.endswith("\n")):
                indents[position] = spaces
                least = spaces if least is None else min(least, spaces)
        if isinstance(part, str) and part.endswith("\n"):
            is_start = True
    return [
        part[least:] if isinstance(part, str) and position in indents else part for position, part in enumerate(parts)
    ]


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|\$\$\{|%%\{", re.DOTALL)
_RAW = re.compile(r"\$\$\{|%%\{")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_SURROGATES, _LAST = range(0xD800, 0xE000), 0x10FFFF


def unescaped(text: str, line: int, *, is_quoted: bool) -> str:
    """Return a piece of text as it is meant; backslashes are plain outside of quotes. Raises `NotHcl`."""

    def one(found: re.Match[str]) -> str:
        word = found[1] if is_quoted else None
        if word is None:
            return found[0][1:]  # `$${` and `%%{` stand for `${` and `%{`
        if word[0] not in "uU":
            return _LETTERS.get(word, word)
        number = int(word[1:], 16)
        if number in _SURROGATES or number > _LAST:
            raise NotHcl(line, f"`\\{word}` is not a character: write the character itself.")
        return chr(number)

    return (_ESCAPE if is_quoted else _RAW).sub(one, text)


def melded(parts: Iterable[Part]) -> list[Part]:
    """Return the parts with neighbouring texts made one."""
    found: list[Part] = []
    for is_text, group in groupby(parts, lambda part: isinstance(part, str)):
        if not is_text:
            found += group
        elif text := "".join(cast("Iterator[str]", group)):
            found.append(text)
    return found

"""A text with expressions in it, as people write it in quotes, in a heredoc or in a file for `templatefile()`.

A piece of it is an expression, or a directive as (word, names, expression): `%{ if … }`, `%{ for … }` and what ends them.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from bot.core.hcl.ast import Choice, Expression, For, Joined, Literal, TemplateExpression
from bot.errors import InvalidInput

Directive: TypeAlias = tuple[str, tuple[str, ...], Expression | None]
Read: TypeAlias = Callable[[str], Expression]
"""Reads what stands inside `${…}`."""


def assembled(parts: Iterable[Expression | Directive]) -> Expression:
    """Return the pieces of a text as one expression. Raises `InvalidInput` when directives and their ends don't fit."""
    left = deque(parts)
    found = _until_end(left)
    if left:
        raise InvalidInput("a template's directive ends nothing")
    if all(isinstance(part, Literal) and isinstance(part.value, str) for part in found):
        return Literal("".join(str(part.value) for part in found if isinstance(part, Literal)))
    return TemplateExpression(tuple(found))


def _until_end(left: deque[Expression | Directive]) -> list[Expression]:
    """Take what comes before the next `else` or `end`, which is left."""
    found: list[Expression] = []
    while left:
        piece = left[0]
        if not isinstance(piece, tuple):
            found.append(piece)
            left.popleft()
            continue
        word, names, given = piece
        if word in _ENDS:
            return found
        left.popleft()
        inner = TemplateExpression(tuple(_until_end(left)))
        assert given is not None
        if word == "for_start":
            found.append(Joined(For(names, given, None, inner, None, False)))
        else:
            otherwise: list[Expression] = []
            if left and isinstance(left[0], tuple) and left[0][0] == "else":
                left.popleft()
                otherwise = _until_end(left)
            found.append(Choice(given, inner, TemplateExpression(tuple(otherwise))))
        if not left:
            raise InvalidInput("a template's directive is never ended")
        left.popleft()
    return found


_ENDS = frozenset({"else", "endif", "endfor"})
_DIRECTIVE = re.compile(r"(if|else|endif|for|endfor)\b\s*(.*)", re.DOTALL)


def pieces(text: str, read: Read) -> Iterator[Expression | Directive]:
    """Split a heredoc's text; the grammar takes it as one word."""
    start = 0
    for found in re.finditer(r"\$\$\{|%%\{|\$\{|%\{", text):
        if found.start() < start:
            continue
        yield Literal(text[start : found.start()])
        if len(found[0]) == 3:
            yield Literal(found[0][1:])
            start = found.end()
            continue
        end = _closing(text, found.end())
        inner = text[found.end() : end].strip("~ \n")
        start = end + 1
        yield read(inner) if found[0] == "${" else _directive(inner, read)
    yield Literal(text[start:])


def _directive(inner: str, read: Read) -> Directive:
    found = _DIRECTIVE.match(inner)
    if found is None:
        raise InvalidInput(f"`%{{{inner}}}` is no directive")
    word, rest = found[1], found[2]
    if word == "for":
        names, _, over = rest.partition(" in ")
        return "for_start", tuple(name.strip() for name in names.split(",")), read(over)
    return ("if_start" if word == "if" else word), (), read(rest) if word == "if" else None


def _closing(text: str, start: int) -> int:
    depth, quoted, position = 1, False, start
    while position < len(text):
        character = text[position]
        if quoted and character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return position
        position += 1
    raise InvalidInput("a template's expression is never closed")


def heredoc_text(code: str) -> str:
    head, _, rest = code.partition("\n")
    lines = rest.rstrip().split("\n")[:-1]
    if head.startswith("<<-"):
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        lines = [line[indent:] for line in lines]
    return "".join(f"{line}\n" for line in lines)


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)


def unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        word = found[1]
        if word[0] in "uU" and len(word) > 1:
            return chr(int(word[1:], 16))
        return {"n": "\n", "r": "\r", "t": "\t"}.get(word, word)

    return _ESCAPE.sub(one, text) if "\\" in text else text

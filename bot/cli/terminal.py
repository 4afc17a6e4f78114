"""Our Markdown as plain text for a terminal: what a comment says with tables, folds and code, in columns and indentation.

So the command line says what a comment would, in the same words. Commands are said as they are typed in a shell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bot.commands.specs import TABLE
from bot.commands.tokens import words

if TYPE_CHECKING:
    from markdown_it.token import Token

_HERE = "|".join(spec.verb for spec in TABLE if spec.in_checkout)
_COMMAND = re.compile(rf"`/({_HERE})\b")
_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
_INDENT = "  "
_NO_WIDTH = "\u200b"


def plain(markdown: str, width: int = 0, *, as_posted: bool = False) -> str:
    """Return Markdown of ours as plain text; a table that is wider than `width` (0: however wide) has its cells below each other.

    `as_posted`: its commands stay those of comments, for whoever reads what was said on GitHub.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 (most commands print no Markdown)

    tokens = MarkdownIt("commonmark").enable("table").parse(markdown if as_posted else spoken(markdown))
    return "\n".join(_Blocks(tokens, width).lines()).replace(_NO_WIDTH, "").strip("\n")


def spoken(message: str) -> str:
    """Return a message whose commands are those of a shell: `/list` is `envclone list`."""
    return _COMMAND.sub(r"`envclone \1", message)


def typed(line: str) -> str:
    """Return a command's line (with its slash) as it is typed in a shell."""
    return shlex.join(["envclone", *words(line[1:])])


def refusal(message: str, instead: str | None) -> str:
    """Return why something is refused, with the line to type instead, if there is one."""
    return f"{spoken(message)}\n\n    {typed(instead)}" if instead else spoken(message)


class _Blocks:
    """Writes the blocks of a document, one below the other."""

    def __init__(self, tokens: Sequence[Token], width: int) -> None:
        self.tokens, self.width = tokens, width
        self.at, self.depth = 0, 0

    def lines(self) -> Iterator[str]:
        """Yield the lines; a blank one parts two blocks."""
        is_first = True
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            block = list(_WRITERS.get(token.type, _Blocks._nothing)(self, token))
            if block and not is_first:
                yield ""
            is_first = is_first and not block
            indent = _INDENT * (self.depth - 1 if token.type == "html_block" and self.depth else self.depth)
            yield from (f"{indent}{line}".rstrip() for line in block)

    def _nothing(self, _: Token) -> Iterator[str]:
        yield from ()

    def _inline(self, token: Token) -> Iterator[str]:
        yield from _text(token, ticks="`").splitlines()

    def _heading(self, _: Token) -> Iterator[str]:
        yield _text(self.tokens[self.at], ticks="")
        self.at += 1

    def _fence(self, token: Token) -> Iterator[str]:
        yield from token.content.rstrip("\n").splitlines()

    def _html(self, token: Token) -> Iterator[str]:
        """Open or close a fold; its summary is a line of its own, and what is folded away stands indented below."""
        summary = _SUMMARY.search(token.content)
        self.depth += token.content.count("<details") - token.content.count("</details")
        if summary is not None:
            yield f"{_unescaped(summary[1])}:"

    def _list(self, token: Token) -> Iterator[str]:
        kind = token.type.removesuffix("_open")
        level, mark = 1, ""
        while level:
            token = self.tokens[self.at]
            self.at += 1
            level += {f"{kind}_open": 1, f"{kind}_close": -1}.get(token.type, 0)
            if token.type == "list_item_open":
                mark = "- "
            elif token.type == "inline":
                for line in _text(token, ticks="`").splitlines():
                    yield f"{_INDENT * (level - 1)}{mark or _INDENT}{line}"
                    mark = ""

    def _table(self, _: Token) -> Iterator[str]:
        rows: list[list[str]] = []
        while (token := self.tokens[self.at]).type != "table_close":
            self.at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_text(token, ticks=""))
        lines = list(_columns([row for row in rows if any(row)]))
        is_wide = self.width and max(map(len, lines), default=0) + len(_INDENT) * self.depth > self.width
        yield from _stacked(rows) if is_wide else lines


_WRITERS: Mapping[str, Callable[[_Blocks, Token], Iterator[str]]] = {
    "heading_open": _Blocks._heading,
    "inline": _Blocks._inline,
    "fence": _Blocks._fence,
    "code_block": _Blocks._fence,
    "html_block": _Blocks._html,
    "bullet_list_open": _Blocks._list,
    "ordered_list_open": _Blocks._list,
    "table_open": _Blocks._table,
}


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows with their cells one below the other."""
    count = max((len(row) for row in rows), default=0)
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(count)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()


def _stacked(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield each row as its first cell with the others below it, each behind its column's name."""
    head, *body = rows
    for first, *others in body:
        yield first
        yield from (
            f"{_INDENT}{f'{name}: ' if name else ''}{cell}"
            for name, cell in zip(head[1:], others, strict=False)
            if cell
        )


def _text(token: Token, ticks: str) -> str:
    """Return what a reader sees of a line; code in `ticks`."""
    found, target = "", ""
    for part in token.children or ():
        match part.type:
            case "code_inline":
                found += f"{ticks}{part.content}{ticks}"
            case "softbreak" | "hardbreak":
                found += "\n"
            case "link_open":
                target = str(part.attrs.get("href", ""))
            case "link_close":
                found += f" ({target})" if target else ""
            case "text":
                found += part.content
            case _:
                pass  # emphasis, and HTML that marks a place for the bot
    return found


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

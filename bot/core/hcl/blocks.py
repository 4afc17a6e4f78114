"""Terraform code as blocks with their lines: just enough to decide what code may do before it is run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lark import Token, Tree

from bot.core.hcl.structure import parsed

_CALL = re.compile(r"([A-Za-z_][\w:]*)\s*\(")


@dataclass(frozen=True, slots=True)
class PlainCall:
    """A function call: its name, its first argument as it is written, and its line (from 1).

    A heredoc isn't parsed inside, so there every word before a parenthesis counts as a call, without an argument.
    """

    name: str
    argument: str
    line: int


@dataclass(frozen=True, slots=True)
class PlainBlock:
    """A block: `attributes` are expressions as they are written, each on its line of `lines`; `calls` are all function calls in it."""

    type: str
    labels: tuple[str, ...]
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    blocks: tuple["PlainBlock", ...] = ()
    calls: tuple[PlainCall, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def within(self) -> Iterator["PlainBlock"]:
        """Yield the block and every block inside it."""
        yield self
        for block in self.blocks:
            yield from block.within()


@lru_cache(maxsize=1024)
def blocks(path: str, data: bytes) -> tuple[PlainBlock, ...]:
    """Return the top-level blocks of an HCL file. Raises `InvalidInput` with the line if it doesn't parse."""
    body = _only(parsed(path, data), "body")
    return tuple(_block(child) for child in _trees(body) if child.data == "block") if body else ()


def _block(tree: "Tree[Token]") -> PlainBlock:
    names = [child for child in _trees(tree) if child.data in {"identifier", "string"}]
    body = _only(tree, "body")
    inside = list(_trees(body)) if body else []
    written = {_text(child.children[0]): child for child in inside if child.data == "attribute"}
    return PlainBlock(
        type=_text(names[0]),
        labels=tuple(_text(name).strip('"') for name in names[1:]),
        line=next(_tokens(tree)).line or 1,
        attributes={name: _text_of(list(child.children)[2:]) for name, child in written.items()},
        blocks=tuple(_block(child) for child in inside if child.data == "block"),
        calls=(*(_call(child) for child in tree.find_data("function_call")), *_calls_in_heredocs(tree)),
        lines={name: next(_tokens(child)).line or 1 for name, child in written.items()},
    )


def _calls_in_heredocs(tree: "Tree[Token]") -> Iterator[PlainCall]:
    for token in _tokens(tree):
        if token.type.startswith("HEREDOC"):
            for found in _CALL.finditer(token.value):
                yield PlainCall(found[1], "", (token.line or 1) + token.value.count("\n", 0, found.start()))


def _call(tree: "Tree[Token]") -> PlainCall:
    names = [child for child in _trees(tree) if child.data == "identifier"]
    arguments = _only(tree, "arguments")
    first = next(_trees(arguments), None) if arguments else None
    return PlainCall("::".join(map(_text, names)), _text(first) if first else "", next(_tokens(tree)).line or 1)


def _only(tree: "Tree[Token]", data: str) -> "Tree[Token] | None":
    return next((child for child in _trees(tree) if child.data == data), None)


def _trees(tree: "Tree[Token]") -> Iterator["Tree[Token]"]:
    return (child for child in tree.children if isinstance(child, Tree))


def _tokens(node: "Tree[Token] | Token") -> Iterator[Token]:
    """Yield what is written, without comments: what stands in one must not be taken for code."""
    if isinstance(node, Token):
        yield node
    elif node.data != "new_line_or_comment":
        for child in node.children:
            yield from _tokens(child)


def _text(node: "Tree[Token] | Token") -> str:
    return "".join(token.value for token in _tokens(node)).strip()


def _text_of(nodes: "list[Tree[Token] | Token]") -> str:
    return "".join(_text(node) for node in nodes)

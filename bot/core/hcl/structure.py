"""The structure of a file: all of it except the content of its texts and numbers.

Two renderings of one template must have the same structure; that is what makes "a value can never change a file's
structure" a property that is checked and not only hoped for. HCL is read by python-hcl2's grammar, JSON and YAML by
their parsers. Parsing is slow (0.2 MB/s for HCL), so structures are remembered by content.
"""

import json
from collections.abc import Iterator
from functools import lru_cache

import hcl2
import yaml
from lark import Token, Tree
from lark.exceptions import LarkError

from bot.errors import InvalidInput

HCL = (".tf", ".hcl", ".tfvars")
JSON = (".json",)
YAML = (".yaml", ".yml")
KNOWN = HCL + JSON + YAML

_TEXT = "text"
_NUMBERS = {"INT_LITERAL", "FLOAT_LITERAL"}


@lru_cache(maxsize=4096)
def structure(path: str, data: bytes) -> tuple[str, ...]:
    """Return the structure of the file's content as a sequence of words, comparable with `==`.

    `path` only chooses the language by its ending. Raises `InvalidInput` with the line if the content doesn't parse.
    """
    if path.endswith(HCL):
        return tuple(_of_tree(parsed(path, data)))
    text = _text(path, data)
    try:
        value = json.loads(text) if path.endswith(JSON) else yaml.safe_load(text)
    except ValueError as error:
        raise InvalidInput(f"{path}: not JSON: {error}") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path}: not YAML: {str(error).splitlines()[0]}") from error
    return tuple(_of_value(value))


def parsed(path: str, data: bytes) -> "Tree[Token]":
    """Return the syntax tree of an HCL file. Raises `InvalidInput` with the line if it doesn't parse."""
    text = _text(path, data)
    try:
        return syntax_tree(text if text.endswith("\n") else f"{text}\n")
    except LarkError as error:
        line = getattr(error, "line", None)
        raise InvalidInput(
            f"{path}:{line if line and line > 0 else 1}: not HCL: {str(error).splitlines()[0]}"
        ) from error
    except RecursionError as error:
        raise InvalidInput(f"{path}:1: nested too deeply to be read") from error


@lru_cache(maxsize=256)
def syntax_tree(text: str) -> "Tree[Token]":
    """Parse once for everybody who asks: structure, gate and parity read the same files."""
    tree: Tree[Token] = hcl2.parses_to_tree(text)
    return tree


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 at byte {error.start}") from error


def _of_tree(tree: "Tree[Token]") -> Iterator[str]:
    yield f"<{tree.data}"
    previous = ""
    for child in tree.children:
        for word in _of_node(child):
            if word != _TEXT or previous != _TEXT:  # the pieces of one text count once: escapes are pieces of their own
                yield word
            previous = word
    yield ">"


def _of_node(node: "Tree[Token] | Token") -> Iterator[str]:
    if isinstance(node, Token):
        yield "number" if node.type in _NUMBERS else _squeezed(node)
    elif node.data == "string_part" and all(isinstance(child, Token) for child in node.children):
        yield _TEXT
    elif node.data == "string":
        # An empty string has no parts; it must look like any other string.
        words = list(_of_tree(node))
        yield from (
            words if any(word not in {"<string", '"', ">"} for word in words) else ("<string", '"', _TEXT, '"', ">")
        )
    elif node.data == "new_line_or_comment":
        return
    else:
        yield from _of_tree(node)


def _squeezed(token: Token) -> str:
    return token.value.strip() or " "


def _of_value(value: object) -> Iterator[str]:
    match value:
        case dict():
            yield "{"
            for key, item in value.items():
                yield f"key {key}"
                yield from _of_value(item)
            yield "}"
        case list():
            yield "["
            for item in value:
                yield from _of_value(item)
            yield "]"
        case bool() | None:
            yield str(value)
        case int() | float():
            yield "number"
        case _:
            yield _TEXT

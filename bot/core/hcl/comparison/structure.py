"""The structure of a file: all of it except the content of its texts and numbers.

Two renderings of one template must have the same structure; that is what makes "a value can never change a file's
structure" a property that is checked and not only hoped for. HCL is read by our scanner, and by python-hcl2's grammar as a
second opinion: a value that only one of them takes for code is refused as well. JSON and YAML are read by their parsers.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import yaml

from bot.core.hcl.parser import parsed
from bot.core.hcl.syntax.tokens import (
    CLOSING_QUOTE,
    HEREDOC,
    HEREDOC_END,
    NEWLINE,
    NUMBER,
    QUOTE,
    SEQUENCE_END,
    TEXT,
    decoded,
    tokens,
)
from bot.errors import InvalidInput
from bot.model.yaml_document import plain_value

if TYPE_CHECKING:  # python-hcl2 and its grammar cost 0.15 s of a start, and most commands compare no structure
    from lark import Token as LarkToken
    from lark import Tree

HCL = (".tf", ".tofu", ".hcl", ".tfvars")
JSON = (".json",)
YAML = (".yaml", ".yml")
KNOWN = HCL + JSON + YAML

MOST_WORDS = 500_000
"""Of JSON or YAML: half a megabyte of the shortest values. Aliases can make a few lines of YAML more than any memory holds."""

_NUMBERS = {"INT_LITERAL", "FLOAT_LITERAL"}
_NOT_READ = ("(python-hcl2 does not read it)",)


@lru_cache(maxsize=4096)
def structure(path: str, data: bytes) -> tuple[str, ...]:
    """Return the structure of the file's content as a sequence of words, comparable with `==`.

    `path` only chooses the language by its ending. Raises `InvalidInput` with the line if the content doesn't parse.
    """
    if path.endswith(HCL):
        parsed(path, data)
        text = decoded(path, data)
        return (*_words(text), *_second_opinion(text if text.endswith("\n") else f"{text}\n"))
    text, kind = decoded(path, data), "JSON" if path.endswith(JSON) else "YAML"
    try:
        value = json.loads(text) if path.endswith(JSON) else plain_value(text)
    except ValueError as error:
        raise InvalidInput(f"{path}: not {kind}: {error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidInput(f"{path}: not {kind}: {str(error).splitlines()[0]}") from error
    try:
        words = tuple(islice(_of_value(value), MOST_WORDS + 1))
    except RecursionError as error:
        raise InvalidInput(f"{path}: nested too deeply to be read") from error
    if len(words) > MOST_WORDS:
        raise InvalidInput(f"{path}: more than {MOST_WORDS:,} keys and values: split the file.")
    return words


def check_syntax(path: str, data: bytes) -> None:
    """Raise `InvalidInput` with path and line if the file's content doesn't parse."""
    if path.endswith(HCL):
        parsed(path, data)  # without the second opinion, which is for comparing alone
    else:
        structure(path, data)


def _words(text: str) -> Iterator[str]:
    """Yield the words of HCL; between the parts of a text there is always text, so that an empty value is a value."""
    was_text = False
    for token in tokens(text):
        if token.kind == TEXT:
            if not was_text:
                yield TEXT
            was_text = True
            continue
        if not was_text and token.kind in {CLOSING_QUOTE, HEREDOC_END}:
            yield TEXT
        yield token.kind if token.kind in {NUMBER, NEWLINE} else f"{token.kind} {token.text}"
        was_text = token.kind in {QUOTE, HEREDOC, SEQUENCE_END}
        if was_text:
            yield TEXT


@lru_cache(maxsize=256)
def _second_opinion(text: str) -> tuple[str, ...]:
    import hcl2  # noqa: PLC0415 (see above)
    from lark.exceptions import LarkError  # noqa: PLC0415

    try:
        return tuple(_of_tree(hcl2.parses_to_tree(text)))
    except (LarkError, RecursionError):
        return _NOT_READ


def _of_tree(tree: "Tree[LarkToken]") -> Iterator[str]:
    yield f"<{tree.data}"
    previous = ""
    for child in tree.children:
        for word in _of_node(child):
            if word != TEXT or previous != TEXT:  # the pieces of one text count once: escapes are pieces of their own
                yield word
            previous = word
    yield ">"


def _of_node(node: "Tree[LarkToken] | LarkToken") -> Iterator[str]:
    if isinstance(node, str):  # a token of lark is one
        yield NUMBER if node.type in _NUMBERS else node.value.strip() or " "
    elif node.data == "string_part" and all(isinstance(child, str) for child in node.children):
        yield TEXT
    elif node.data == "string":
        # An empty string has no parts; it must look like any other string.
        words = list(_of_tree(node))
        yield from (
            words if any(word not in {"<string", '"', ">"} for word in words) else ("<string", '"', TEXT, '"', ">")
        )
    elif node.data != "new_line_or_comment":
        yield from _of_tree(node)


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
            yield NUMBER
        case _:
            yield TEXT

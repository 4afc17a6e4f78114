"""Escaping of values as they are rendered: what `{{ value }}` becomes in each kind of file.

Jinja2 has no autoescape for HCL, so every expression's result passes through one of these (`finalize`). Text is escaped
for the inside of a quoted string of that language; a value that isn't text has only one safe form and gets it.
"""

import json
from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from bot.errors import InvalidInput

if TYPE_CHECKING:  # the process that fills templates starts several times as fast without pydantic
    from bot.model.pipeline import Json


class Rendered(str):
    """Text that a filter has already made safe."""

    __slots__ = ()


Escape: TypeAlias = Callable[[object], str]

_HCL = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def in_hcl_string(text: str) -> str:
    """Escape for the inside of an HCL quoted template: quotes, backslashes, newlines, `${` and `%{`.

    The brace of `${` is written as `\\u007b`, which Terraform reads as the same text: with `$${`, the customary escape, a
    text that holds `$${` itself is ambiguous, and python-hcl2 8.1 rejects one that is never closed. Raises `InvalidInput`.
    """
    if "\0" in text:
        raise InvalidInput("a text with a NUL character can't be written: no program reads a file beyond it")
    escaped = "".join(_HCL.get(character, character) for character in text)
    return escaped.replace("${", "$\\u007b").replace("%{", "%\\u007b")


def hcl(value: "Json") -> Rendered:
    """Return any value as an HCL literal, quotes included (filter `hcl`)."""
    match value:
        case str():
            return Rendered(f'"{in_hcl_string(value)}"')
        case list():
            return Rendered(f"[{', '.join(hcl(item) for item in value)}]")
        case dict():
            pairs = ", ".join(f"{hcl(key)} = {hcl(item)}" for key, item in value.items())
            return Rendered(f"{{{pairs}}}")
        case float() if not isfinite(value):
            raise InvalidInput(f"{value} is not a number that code can hold")
        case _:
            return Rendered(json.dumps(value, default=_unwritten))


def as_json(value: "Json") -> Rendered:
    """Return any value as JSON (filter `json`), keys in order, text as it is."""
    return Rendered(json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, default=_unwritten))


def finalize_hcl(value: object) -> str:
    """`{{ value }}` in an HCL file. Raises `InvalidInput` for a value that has no form inside a string."""
    return value if isinstance(value, Rendered) else in_hcl_string(_scalar(value, "hcl"))


def finalize_json(value: object) -> str:
    """`{{ value }}` in a JSON or YAML file (YAML's double-quoted strings take JSON's escapes)."""
    return value if isinstance(value, Rendered) else json.dumps(_scalar(value, "json"), ensure_ascii=False)[1:-1]


def _unwritten(value: object) -> "Json":
    if _is_undefined(value):
        return str(value)  # raises, as below
    raise TypeError(f"a {type(value).__name__} can't be written as a value")


def _scalar(value: object, way_out: str) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if _is_undefined(value):
        return str(value)  # a strict undefined raises here, with its own name
    raise InvalidInput(f"a {type(value).__name__} can't be written inside a string. Use `{{{{ value | {way_out} }}}}`")


def _is_undefined(value: object) -> bool:
    from jinja2 import Undefined  # noqa: PLC0415 (code is also written where no template is filled)

    return isinstance(value, Undefined)

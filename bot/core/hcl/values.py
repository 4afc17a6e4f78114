"""Values as far as they are known from code alone.

A value is JSON, in which any part may be `Unknown`: an expression with everything known filled in, so that two of them
can be compared by their text. `Encoded` is a JSON text that is still compared inside.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.hcl.numbers import NotExact, number_text, read
from bot.errors import InvalidInput

# Why something is not known; also the rules by which the report sets attributes apart.
REFERENCE = "refers to another block, which is compared itself"
OUTPUT = "another step's output, known after its apply"
WITHOUT_VALUE = "a variable without a value in code"
TERRAFORM = "known only to Terraform"
TOO_LARGE = "too large to be evaluated"


def not_evaluated(function: str) -> str:
    """Return the rule for a function that is not evaluated."""
    return f"calls {function}(), compared by its arguments"


@dataclass(frozen=True, slots=True)
class Unknown:
    """What can't be evaluated: its text, with all that is known filled in, and why.

    `parts` are those of a text in quotes, if they are known: whoever looks into it needs not read it again (`parser.unknown_expression`).
    """

    text: str
    rules: frozenset[str]
    parts: "tuple[str | Unknown, ...]" = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value that stands as JSON text."""

    value: "HclValue"


class AsWritten(dict[str, "HclValue"]):
    """A resource as far as the code says what it has: its arguments by name. As code it is its address, `text`."""

    def __init__(self, text: str, arguments: "Mapping[str, HclValue]") -> None:
        super().__init__(arguments)
        self.text = text


HclValue: TypeAlias = "bool | int | float | str | list[HclValue] | dict[str, HclValue] | Unknown | Encoded | None"
Scalar: TypeAlias = bool | int | float | str | None


_ESCAPED = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


class NotKnown(InvalidInput):
    """An expression that can't be evaluated because it is wrong; the text says why."""


def normalized(value: HclValue) -> HclValue:
    """Return a text in the one form in which Terraform holds texts (NFC); any other value as it is."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) and not value.isascii() else value


def rules_in(value: HclValue) -> frozenset[str]:
    """Return why a value is not wholly known; empty when it is."""
    if isinstance(value, str):
        return frozenset()  # most are
    match value:
        case Unknown():
            return value.rules
        case Encoded():
            return rules_in(value.value)
        case list():
            return frozenset().union(*map(rules_in, value)) if value else frozenset()
        case dict():
            return frozenset().union(*map(rules_in, value.values())) if value else frozenset()
        case _:
            return frozenset()


def written(value: HclValue) -> str:
    """Return a value as code."""
    match value:
        case Unknown() | AsWritten():
            return value.text
        case Encoded():
            return f"jsonencode({written(value.value)})"
        case list():
            return f"[{', '.join(map(written, value))}]"
        case dict():
            return f"{{{', '.join(f'{_key(key)} = {written(item)}' for key, item in value.items())}}}"
        case str():
            return quoted(value)
        case _:
            return json.dumps(value)


_SEQUENCE = re.compile(r"([$%])\{")
_AS_CODE = {at: f"\\u{at:04x}" for at in range(32)} | {
    ord(each): f"\\{letter}" for each, letter in (*zip("\n\r\t", "nrt", strict=True), ('"', '"'), ("\\", "\\"))
}


def quoted(text: str) -> str:
    """Return a text as code that is read as that text again: `${` in it begins no expression."""
    code = _SEQUENCE.sub(r"\1\1{", text.translate(_AS_CODE))
    return f'"{code}"'


def template_code(parts: Sequence[str | Unknown]) -> str:
    """Return a text of known and unknown parts as code; a `$` before an unknown part is not read as one sign with its `${`."""
    found, known = "", ""
    for part in parts:
        if isinstance(part, str):
            known += part
            continue
        code = quoted(known)[1:-1]
        if code.endswith(("$", "%")):
            code = f"{code[:-1]}\\u{ord(code[-1]):04x}"
        found, known = f"{found}{code}${{{part.text}}}", ""
    return f'"{found}{quoted(known)[1:-1]}"'


def text_of(value: HclValue) -> str | Unknown:
    """Return a value as the text that it becomes inside a template. Raises `NotKnown` for a list or a map."""
    if isinstance(value, str):
        return value  # most are
    match value:
        case Unknown():
            return value
        case Encoded():
            return encoded(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case _:
            raise NotKnown(f"{written(value)} is not text")


def encoded(value: Encoded) -> str | Unknown:
    """Return the JSON text, in Terraform's way."""
    rules = rules_in(value)
    if rules:
        return Unknown(written(value), rules)
    return json_text(plain(value.value))


def json_text(value: HclValue) -> str:
    """Return a known value as JSON, as Terraform writes it: sorted keys, no exponents, no `<`, `>` or `&`."""
    match value:
        case list():
            return f"[{','.join(map(json_text, value))}]"
        case dict():
            return f"{{{','.join(f'{json_text(key)}:{json_text(value[key])}' for key in sorted(value))}}}"
        case int() | float() if not isinstance(value, bool):
            return number_text(value)
        case _:
            return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)


def plain(value: HclValue) -> HclValue:
    """Return a known value without `Encoded` inside."""
    match value:
        case Encoded():
            return encoded(value)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case _:
            return value


def number(value: HclValue) -> int | float:
    """Return a value as a number. Raises `NotKnown`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise NotKnown(f"{written(value)} is not a number")
    if not isinstance(value, str):
        return value
    try:
        return read(value)
    except NotExact as error:
        raise NotKnown(str(error)) from error


def truth(value: HclValue) -> bool:
    """Return a value as a bool. Raises `NotKnown`."""
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise NotKnown(f"{written(value)} is neither true nor false")


def renamed(value: HclValue, rename: Callable[[Unknown], Unknown]) -> HclValue:
    """Return a value with every unknown part replaced."""
    match value:
        case Unknown():
            return rename(value)
        case Encoded():
            return Encoded(renamed(value.value, rename))
        case list():
            return [renamed(item, rename) for item in value]
        case dict():
            return {key: renamed(item, rename) for key, item in value.items()}
        case _:
            return value


def leaves(value: HclValue, path: str) -> Iterator[tuple[str, "Scalar | Unknown"]]:
    """Yield the parts of a value that are no collection, with their paths (`tags.Name`, `zones[0]`); an empty one is a part."""
    match value:
        case Encoded():
            yield from leaves(value.value, path)
        case list() if value:
            for position, item in enumerate(value):
                yield from leaves(item, f"{path}[{position}]")
        case dict() if value:
            for key, item in value.items():
                yield from leaves(item, join(path, key))
        case list():
            yield path, "[]"
        case dict():
            yield path, "{}"
        case _:
            yield path, value


_WORD = re.compile(r"[A-Za-z_][\w-]*")


def join(path: str, key: str) -> str:
    """Return the path of a key of a map."""
    plain_word = _WORD.fullmatch(key)
    return f"{path}.{key}" if plain_word and path else key if plain_word else f"{path}[{json.dumps(key)}]"


def _key(key: str) -> str:
    return key if _WORD.fullmatch(key) else quoted(key)


def texts(value: Sequence[HclValue]) -> list[str]:
    """Return known values as texts. Raises `NotKnown`."""
    found = []
    for item in value:
        text = text_of(item)
        if isinstance(text, Unknown):
            raise NotKnown(text.text)
        found.append(text)
    return found

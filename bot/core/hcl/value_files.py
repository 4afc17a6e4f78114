"""Files with values of a root module's variables (`terraform.tfvars`, …): which of them Terraform reads by itself, and what they give."""

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.core.hcl.json_syntax.bodies import COMMENT
from bot.core.hcl.json_syntax.nodes import JsonArray, JsonNode, JsonObject, JsonText, JsonWord, nodes
from bot.core.hcl.module import Module
from bot.core.hcl.parser import body
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.syntax.tokens import NotHcl, decoded, remembered
from bot.core.hcl.values import HclValue

VALUES = (".tfvars", ".tfvars.json")
"""How the names of files end that give values to variables."""
STANDARD = ("terraform.tfvars", "terraform.tfvars.json")
AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A variable's value, and the line of its file that gives it."""

    value: HclValue
    line: int


def value_files(paths: Iterable[str], directory: str) -> Iterator[str]:
    """Yield the files that Terraform reads by itself for a root module, in its order: later ones win."""
    beside = sorted(path for path in paths if path.endswith(VALUES) and posixpath.dirname(path) == directory)
    yield from (path for name in STANDARD for path in beside if posixpath.basename(path) == name)
    yield from (path for path in beside if path.endswith(AUTOMATIC))


def given_values(path: str, data: bytes) -> Mapping[str, GivenValue]:
    """Return what a file gives to variables. Raises `InvalidInput`: Terraform may well read a file that we don't."""
    decoded(path, data)
    try:
        return _in_json(data) if path.endswith(".json") else _in_code(data)
    except NotHcl as error:
        raise error.of(path) from error


@remembered(256)
def _in_code(data: bytes) -> Mapping[str, GivenValue]:
    settings = body(data).settings
    module = Module({}, ModuleAddress("", ""), {})
    module.code.locals |= {each.name: each.value for each in settings}
    try:
        return {each.name: GivenValue(module.names.named("local", each.name), each.line) for each in settings}
    except RecursionError as error:
        raise NotHcl(1, "nested too deeply to be read.") from error


@remembered(256)
def _in_json(data: bytes) -> Mapping[str, GivenValue]:
    whole = nodes(decoded("code", data))
    if not isinstance(whole, JsonObject):
        raise NotHcl(1, "a file of values in JSON is an object: begin it with `{`.")
    given = {name: each for name, each in whole.members.items() if name != COMMENT}
    return {name: GivenValue(_value(node), line) for name, (line, node) in given.items()}


def _value(node: JsonNode) -> HclValue:
    """Return a value as it is written: strings in such a file are not templates."""
    match node:
        case JsonText(text):
            return text
        case JsonWord(text, line):
            return _word(text, line)
        case JsonArray(items):
            return [_value(item) for item in items]
        case JsonObject(members):
            return {key: _value(value) for key, (_, value) in members.items()}


def _word(text: str, line: int) -> HclValue:
    try:
        found: HclValue = json.loads(text)
    except ValueError as error:  # more digits than Python reads
        raise NotHcl(line, "a number of so many digits is not read: write it in quotes.") from error
    return found

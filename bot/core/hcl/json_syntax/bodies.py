"""Read Terraform's JSON into the same blocks and expressions as its own syntax.

Texts are templates (`"${var.name}"`), keys too; references (`depends_on`) are code in quotes; a key `//` is a comment. What is an
argument and what a block: see `kinds`.
"""

import json
from collections.abc import Callable, Iterator, Sequence

from bot.core.hcl.json_syntax.kinds import FILE, INNER, BlockKind
from bot.core.hcl.json_syntax.nodes import JsonArray, JsonNode, JsonObject, JsonText, JsonWord, nodes
from bot.core.hcl.syntax.ast import Block, Expression, Items, Literal, Pairs, Setting
from bot.core.hcl.syntax.expressions import Expressions
from bot.core.hcl.syntax.string_templates import Directive, assembled, melded
from bot.core.hcl.syntax.tokens import END, HclToken, NotHcl, decoded, remembered, template_tokens, tokens

COMMENT = "//"


@remembered(1024)
def json_body(data: bytes) -> Block:
    """Return a file in JSON as one block without a type. Raises `InvalidInput` with the line."""
    try:
        found = nodes(decoded("code", data))
        if not isinstance(found, JsonObject):
            raise NotHcl(1, "a file of Terraform code in JSON is an object: begin it with `{`.")
        return _Bodies().file(found)
    except RecursionError as error:
        raise NotHcl(1, "nested too deeply to be read: give the inner parts names in `locals`.") from error


class _Bodies:
    """Reads bodies; `called` are the functions that were met so far."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def file(self, whole: JsonObject) -> Block:
        found: list[Block] = []
        for name, (line, node) in whole.members.items():
            if name in FILE.inner:
                found += self._blocks(name, FILE.inner[name], node)
            elif name != COMMENT:
                found.append(Block(name, (), (), (), "", line, frozenset()))
        return Block("", (), (), tuple(found), "", 1, frozenset(self.called))

    def _blocks(self, name: str, kind: BlockKind, node: JsonNode) -> Iterator[Block]:
        for labels, line, body in _labelled(name, kind.labels, node):
            yield self._block(name, labels, kind, body, line=line)

    def _block(self, name: str, labels: tuple[str, ...], kind: BlockKind, body: JsonObject, *, line: int) -> Block:
        called, settings, inner = len(self.called), list[Setting](), list[Block]()
        for key, (where, node) in body.members.items():
            if key == COMMENT:
                continue
            if key in kind.inner:
                inner += self._blocks(key, kind.inner[key], node)
                continue
            is_reference = key in kind.references
            value = self._reference(node) if is_reference else self._expression(node)
            settings.append(Setting(key, value, _code(node, is_reference=is_reference), where))
            if kind.is_open and (bodies := _bodies_in(node)):
                inner += [self._block(key, (), INNER, each, line=each.line) for each in bodies]
        calls = frozenset(self.called[called:])
        return Block(name, labels, tuple(settings), tuple(inner), _code(body), line, calls)

    def _expression(self, node: JsonNode) -> Expression:
        match node:
            case JsonText(text, line):
                return self._template(text, line)
            case JsonWord(text, line):
                return self._read(text, line)
            case JsonArray(items):
                return Items(tuple(self._expression(item) for item in items))
            case JsonObject(members):
                pairs = ((self._template(key, at), self._expression(value)) for key, (at, value) in members.items())
                return Pairs(tuple(pairs))

    def _reference(self, node: JsonNode) -> Expression:
        """Return what is in quotes as code: `terraform_data.x`, or the type of a variable."""
        match node:
            case JsonText(text, line):
                return self._read(text, line)
            case JsonArray(items):
                return Items(tuple(self._reference(item) for item in items))
            case JsonObject(members):
                return Pairs(tuple((Literal(key), self._reference(value)) for key, (_, value) in members.items()))
            case JsonWord():
                return self._expression(node)

    def _template(self, text: str, line: int) -> Expression:
        reader = Expressions(_in_line(template_tokens, text, line))
        parts = melded(reader.parts(END))
        self.called += reader.called
        if len(parts) == 1 and not isinstance(parts[0], str | Directive):
            return parts[0]  # a text that is nothing but `${…}` is what is in it
        return assembled(parts, line)

    def _read(self, text: str, line: int) -> Expression:
        reader = Expressions(_in_line(tokens, text, line))
        value = reader.expression()
        reader.expect(END, "the end of the text")
        self.called += reader.called
        return value


def _in_line(read: Callable[[str], Sequence[HclToken]], text: str, line: int) -> Sequence[HclToken]:
    """Return the words of a text that is in one line of JSON, whatever lines it has itself. Raises `NotHcl`."""
    try:
        return [word._replace(line=line) for word in read(text)]
    except NotHcl as error:
        raise NotHcl(line, error.finding.message) from error


def _labelled(name: str, labels: int, node: JsonNode) -> Iterator[tuple[tuple[str, ...], int, JsonObject]]:
    """Yield the bodies of blocks with their labels and lines. Raises `NotHcl`."""
    match node:
        case JsonObject(members, line) if not labels:
            yield (), line, node
        case JsonObject(members):
            for label, (at, inner) in members.items():
                for more, line, body in _labelled(name, labels - 1, inner):
                    yield (label, *more), (at if labels == 1 and isinstance(inner, JsonObject) else line), body
        case JsonArray(items):
            for item in items:
                if not isinstance(item, JsonObject):
                    raise NotHcl(item.line, f"`{name}` is a block: write an object in braces.")
                yield from _labelled(name, labels, item)
        case JsonWord("null"):
            return
        case _:
            raise NotHcl(node.line, f"`{name}` is a block: write an object in braces.")


def _bodies_in(node: JsonNode) -> Sequence[JsonObject]:
    """Return the bodies that a value may be for a provider that takes it for blocks."""
    items = node.items if isinstance(node, JsonArray) else (node,)
    return [item for item in items if isinstance(item, JsonObject)]


def _code(node: JsonNode, *, is_reference: bool = False) -> str:
    """Return a value as it would be written in Terraform's own syntax."""
    match node:
        case JsonText(text):
            return text if is_reference else json.dumps(text, ensure_ascii=False)
        case JsonWord(text):
            return text
        case JsonArray(items):
            return f"[{','.join(_code(item, is_reference=is_reference) for item in items)}]"
        case JsonObject(members):
            pairs = ((key, _code(value, is_reference=is_reference)) for key, (_, value) in members.items())
            return f"{{{' '.join(f'{key if is_reference else json.dumps(key)}={value}' for key, value in pairs)}}}"

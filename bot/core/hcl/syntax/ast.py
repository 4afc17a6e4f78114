"""Terraform code as values: expressions, settings and blocks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a bool, null, or a text without anything to be filled in."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class TemplateExpression:
    """A text with expressions in it."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class NameExpression:
    """The first word of a reference, or a bare word as a key."""

    text: str


@dataclass(frozen=True, slots=True)
class AttributeAccess:
    """`of.name`."""

    of: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`of[key]`."""

    of: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Splat:
    """`of[*].path` or `of.*.path`; `path` is an expression over the name `*`."""

    of: "Expression"
    path: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`; with `is_spread` the last argument is `argument...`."""

    name: str
    arguments: tuple["Expression", ...]
    is_spread: bool
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """`[…]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """`{…}`."""

    pairs: tuple[tuple["Expression", "Expression"], ...]


@dataclass(frozen=True, slots=True)
class For:
    """`[for …]`, or `{for …}` when there is a `key`."""

    names: tuple[str, ...]
    over: "Expression"
    key: "Expression | None"
    value: "Expression"
    condition: "Expression | None"
    is_grouped: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? then : otherwise`, also of a template's `%{ if }`."""

    condition: "Expression"
    then: "Expression"
    otherwise: "Expression"


@dataclass(frozen=True, slots=True)
class OperationExpression:
    """`left operator right`; a unary operation has no left."""

    operator: str
    left: "Expression | None"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Joined:
    """The results of `%{ for }`, one after the other."""

    loop: For


Expression: TypeAlias = (
    Literal
    | TemplateExpression
    | NameExpression
    | AttributeAccess
    | Index
    | Splat
    | Call
    | Items
    | Pairs
    | For
    | Choice
    | OperationExpression
    | Joined
)


@dataclass(frozen=True, slots=True)
class Setting:
    """`name = value` with its code as written, without comments and layout; `begin` and `end` are the value's offsets in the file."""

    name: str
    value: Expression
    code: str
    line: int
    begin: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A block with what is in it: `code` is all of it, without comments and layout, and `calls` are the functions that it calls anywhere.

    `begin` and `end` are its offsets in the file.
    """

    type: str
    labels: tuple[str, ...]
    settings: tuple[Setting, ...]
    blocks: tuple["Block", ...]
    code: str
    line: int
    calls: frozenset[str]
    begin: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def setting(self, name: str) -> Setting | None:
        """Return the setting of that name, if the block has it."""
        return next((setting for setting in self.settings if setting.name == name), None)

    def text(self, name: str) -> str | None:
        """Return the setting of that name if it is a text without anything to be filled in."""
        found = self.setting(name)
        value = found.value.value if found and isinstance(found.value, Literal) else None
        return value if isinstance(value, str) else None

    def within(self) -> Iterator["Block"]:
        """Yield the block and every block inside it."""
        left = [self]
        while left:
            block = left.pop()
            yield block
            left += reversed(block.blocks)

    def expressions(self) -> Iterator[Expression]:
        """Yield every expression in the block and in the blocks inside it, with what it is made of."""
        for block in self.within():
            for setting in block.settings:
                yield from parts_of(setting.value)


def parts_of(whole: Expression) -> Iterator[Expression]:
    """Yield an expression and everything that it is made of, in the order in which it is written."""
    left = [whole]  # no recursion: a sum of 10,000 terms is 10,000 deep
    while left:
        node = left.pop()
        yield node
        left += reversed(inside(node))


def inside(node: Expression) -> list[Expression]:  # noqa: C901, PLR0911 (one case a kind)
    """Return what an expression is directly made of."""
    match node:
        case Literal() | NameExpression():
            return []  # most are
        case TemplateExpression(parts) | Items(parts):
            return list(parts)
        case AttributeAccess(of):
            return [of]
        case Index(of, key):
            return [of, key]
        case Splat(of, path):
            return [of, path]
        case Call(_, arguments):
            return list(arguments)
        case Pairs(pairs):
            return [part for pair in pairs for part in pair]
        case For(_, over, key, value, condition):
            return [part for part in (over, key, value, condition) if part is not None]
        case Choice(condition, then, otherwise):
            return [condition, then, otherwise]
        case OperationExpression(_, left, right):
            return [right] if left is None else [left, right]
        case Joined(loop):
            return [loop]

"""Terraform code as values: expressions, settings and blocks."""

from dataclasses import dataclass
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
class Attribute:
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
    | Attribute
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
    """`name = value` with its code as written, without comments and layout."""

    name: str
    value: Expression
    code: str
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block with what stands in it; `code` is all of it, without comments and layout."""

    type: str
    labels: tuple[str, ...]
    settings: tuple[Setting, ...]
    blocks: tuple["Block", ...]
    code: str
    line: int

    def setting(self, name: str) -> Setting | None:
        return next((setting for setting in self.settings if setting.name == name), None)

"""What a Terraform module comes to: its things by address and attribute, and the code of its blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.hcl.attributes import Attribute
from bot.core.hcl.values import HclValue

Made = tuple[HclValue, frozenset[str]]
"""A value with the variables of the stack that it was made from."""
Given = Mapping[str, Made]
"""Values of variables by name."""
GivenText = tuple[str, frozenset[str]]
"""A variable's value as a text, by which two are compared, with the variables that it was made from."""


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A block, or one instance of it, with its attributes; the same one wherever it is remembered, and equal to no other."""

    leaves: Mapping[str, Attribute]
    file: str
    line: int
    block: str
    """The block's own address, without an instance's key."""


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A block's code without comments and layout; the same one wherever it is remembered, and equal to no other."""

    text: str
    file: str
    line: int


@dataclass(slots=True)
class ModuleResult:
    """What a module holds: things and codes by address, outputs and sensitive variables by name, which files it is made of."""

    things: dict[str, Thing] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    outputs: dict[str, Made] = field(default_factory=dict)
    sensitive: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)

    def add(self, inner: "ModuleResult") -> None:
        """Take over what a module inside holds, except its outputs."""
        self.things |= inner.things
        self.codes |= inner.codes
        self.read |= inner.read
        self.unreadable |= inner.unreadable


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one block came to, and the values of the variables that were read on the way: the same ones, the same result."""

    read: Mapping[str, GivenText]
    things: Sequence[tuple[str, Thing]]
    output: Made | None
    code: tuple[str, Code]


EvaluationMemory = dict[tuple[str, int], list[Remembered]]
"""Results of blocks, by file and line. To be shared only between evaluations of the same code."""
KEPT = 4
"""Results that are remembered for a block."""


def free(taken: Mapping[str, object], name: str) -> str:
    """Return the name, or with a number when there are several such blocks (`moved`, two `terraform` blocks)."""
    if name not in taken:
        return name
    # They are numbered one after the other, so the first that is free is found by halves: there may be thousands.
    last, beyond = 1, 2
    while f"{name}#{beyond}" in taken:
        last, beyond = beyond, beyond * 2
    while beyond - last > 1:
        middle = (last + beyond) // 2
        last, beyond = (middle, beyond) if f"{name}#{middle}" in taken else (last, middle)
    return f"{name}#{beyond}"

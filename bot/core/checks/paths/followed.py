"""What a text may begin with that hangs on what another resource comes to: a path of the machine that the code gave that resource.

A resource's own arguments are put in where they are referred to (`EvaluationChoices.follows`). What is left are attributes that providers
make: any of them may repeat what its resource was given, as `template_file` and `random_pet` do. Of the cloud's own resources that is
their `id` alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bot.core.checks.gate_rules import GateRules
from bot.core.checks.paths.of_machine import is_of_machine
from bot.core.checks.paths.written import is_path_written
from bot.core.hcl.ast import (
    AttributeAccess,
    Choice,
    Expression,
    Index,
    Literal,
    NameExpression,
    Splat,
    TemplateExpression,
    parts_of,
)
from bot.core.hcl.parser import expression_in
from bot.core.hcl.result import Thing
from bot.core.hcl.values import Scalar, Unknown
from bot.errors import InvalidInput

_BLOCK = re.compile(r"(?:^|[./])((?:(?:data|ephemeral)\.)?[A-Za-z_][\w-]*\.[A-Za-z_][\w-]*)$")
_MODES = frozenset({"data", "ephemeral"})
_OF_THE_CALL = frozenset({"source", "version"})
"""What a module call is not given."""


def beginning(value: Scalar | Unknown) -> str:
    """Return a text as far as it is known from its beginning on."""
    if isinstance(value, Unknown):
        return value.text[1:].split("${")[0] if value.text.startswith('"') else ""
    return value if isinstance(value, str) else ""


class Followed:
    """What the code gives the resources of a stack, by how it refers to them."""

    def __init__(self, things: Sequence[Thing], rules: GateRules) -> None:
        self.rules = rules
        self._given: dict[str, list[Scalar | Unknown]] = defaultdict(list)
        for thing in things:
            found = _BLOCK.search(thing.block)
            if found is not None and not found[1].startswith("var."):
                names = filter(_of_call if found[1].startswith("module.") else None, thing.leaves)
                self._given[found[1]] += (thing.leaves[name].value for name in names)

    def path_in(self, argument: str, value: Unknown, seen: set[str] | None = None) -> str | None:
        """Return the attribute by which a text may begin with a path of the machine; None where none is known that does."""
        seen = set() if seen is None else seen
        try:
            node = expression_in(value.text)
        except InvalidInput:
            return None
        for steps in _beginnings(node):
            at = 2 if steps[0] in _MODES else 1
            kind, reference, attribute = steps[at - 1], ".".join(steps[: at + 1]), ".".join(steps[at + 1 :][:1])
            if reference in seen or (kind.startswith(self.rules.cloud.prefix) and attribute != "id"):
                continue
            seen.add(reference)
            if any(self._is_path(argument, each, seen) for each in self._given.get(reference, ())):
                return f"{reference}.{attribute}" if attribute else reference
        return None

    def _is_path(self, argument: str, value: Scalar | Unknown, seen: set[str]) -> bool:
        if is_of_machine(argument, beginning(value), is_known=False):
            return True
        return isinstance(value, Unknown) and (
            is_path_written(argument, value) or self.path_in(argument, value, seen) is not None
        )


def _of_call(argument: str) -> bool:
    """Say whether a module may give back what it is handed as a text: what lies deep in a value is rarely that, but a path to ask for."""
    return argument not in _OF_THE_CALL and argument.isidentifier()


def _beginnings(node: Expression) -> Iterator[list[str]]:
    """Yield the references that may decide how a text begins, by their steps."""
    match node:
        case TemplateExpression((Literal(), *_)):
            return
        case TemplateExpression((first, *_)):
            yield from _beginnings(first)
        case Choice(_, then, otherwise):
            yield from _beginnings(then)
            yield from _beginnings(otherwise)
        case _:
            yield from (steps for part in parts_of(node) if len(steps := _steps(part)) > 1)


def _steps(node: Expression) -> list[str]:
    """Return the names that a reference is made of, without its indexes; nothing of another expression."""
    match node:
        case NameExpression(text):
            return [text]
        case AttributeAccess(of, name):
            return [*found, name] if (found := _steps(of)) else []
        case Index(of, _):
            return _steps(of)
        case Splat(of, path):
            return [*found, *_steps(path)[1:]] if (found := _steps(of)) else []
        case _:
            return []

"""The paths that stand written in an expression which hangs on something that nobody knows before the plan, or the apply.

`replace(random_pet.x.id, "/.*/", "/etc/passwd")` and `coalesce(data.y.z, "/etc/passwd")` come to a path of the machine whatever the unknown
part is, and `"${substr(random_pet.x.id, 0, 0)}/etc/passwd"` does, since what may be empty bounds nothing. So all forms are looked at that an
expression may take (`forms`), and one that can't be said is taken for a path.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import TypeAlias

from bot.core.checks.paths.forms import FROM_TOP, HERE, NOTHING, SOMETHING, Forms, TooManyForms
from bot.core.checks.paths.function_forms import ELEMENTS, forms_of_call, joined, union
from bot.core.hcl.parser import unknown_expression
from bot.core.hcl.syntax.ast import (
    AttributeAccess,
    Call,
    Choice,
    Expression,
    For,
    Index,
    Items,
    Joined,
    Literal,
    NameExpression,
    OperationExpression,
    Pairs,
    Splat,
    TemplateExpression,
    inside,
)
from bot.core.hcl.values import Unknown
from bot.errors import InvalidInput

MOST_CHARACTERS = 100_000_000
OF_A_PART = 100
"""What a part of an expression counts for besides the characters of its forms."""

Known: TypeAlias = Callable[[Sequence[str]], Forms]
"""What is known of a reference, by its steps."""


def nothing_known(steps: Sequence[str]) -> Forms:
    """Return what is known of a reference that nobody follows: that it is something."""
    return Forms.of(HERE) if steps == ["path", "cwd"] else SOMETHING


def is_path_written(argument: str, value: Unknown, known: Known, allowance: "Allowance") -> bool:
    """Say whether an expression may come to a path of the machine, for all that is known of the references in it."""
    try:
        return forms_of(unknown_expression(value), known, allowance).is_path(argument)
    except (InvalidInput, RecursionError):
        return True  # what can't be read may be anything


def forms_of(node: Expression, known: Known, allowance: "Allowance") -> Forms:
    """Return the forms that an expression may take. Raises `TooManyForms`."""
    return _Reader(known, {}, allowance).forms(node)


class Allowance:
    """How much is looked at in the expressions of a stack: many forms of long texts, and loops in one another, would take for ever."""

    def __init__(self) -> None:
        self.left = MOST_CHARACTERS

    def spend(self, found: Forms) -> Forms:
        """Return what was found, paid for. Raises `TooManyForms`."""
        self.left -= OF_A_PART + sum(map(len, found.texts))
        if self.left < 0:
            raise TooManyForms("expressions of too many parts")
        return found


def steps_of(node: Expression) -> list[str]:
    """Return the names that a reference is made of, without its indexes; nothing of another expression."""
    match node:
        case NameExpression(text):
            return [text]
        case AttributeAccess(of, name):
            return [*found, name] if (found := steps_of(of)) else []
        case Index(of, _):
            return steps_of(of)
        case Splat(of, path):
            return [*found, *steps_of(path)[1:]] if (found := steps_of(of)) else []
        case _:
            return []


class _Reader:
    """Reads expressions in which some `names` stand for what a `for` goes through: the collection, as its own reader reads it."""

    def __init__(self, known: Known, names: "Mapping[str, tuple[Expression, _Reader]]", allowance: Allowance) -> None:
        self.known, self.names, self.allowance = known, names, allowance

    def forms(self, node: Expression) -> Forms:
        """Return the forms of a text, or of whatever is in a collection. Raises `TooManyForms`."""
        return self.allowance.spend(self._forms(node))

    def _forms(self, node: Expression) -> Forms:  # noqa: C901, PLR0911, PLR0912 (one case a kind)
        match node:
            case NameExpression() | AttributeAccess() | Index() | Splat():
                return self._referred(node)
            case Literal(str(text)):
                return Forms.of(text)
            case Literal(None):
                return NOTHING
            case Literal(bool(value)):
                return Forms.of("true" if value else "false")
            case Literal(value):
                return Forms.of(str(value))
            case TemplateExpression(parts):
                return reduce(self._then, map(self._filled, parts), NOTHING)
            case Call("join", (between, *lists)):
                return joined(self.forms(between), *map(self._elements, lists))
            case Call("templatefile", (_, variables)) if not isinstance(variables, Pairs):
                return Forms.of(
                    FROM_TOP
                )  # it was not filled in, since nobody knows which variables there are, so nobody sees what it says
            case Call(name, arguments):
                return forms_of_call(name, [*map(self.forms, arguments)])
            case Choice(_, then, otherwise):
                return self.forms(then) | self.forms(otherwise)
            case Items(items):
                return union(*map(self.forms, items))
            case Pairs(pairs):
                return union(*(self.forms(each) for pair in pairs for each in pair))
            case For():
                return union(*(self._within(node).forms(each) for each in (node.key, node.value) if each is not None))
            case Joined(loop):
                return self._filled(loop)
            case OperationExpression():
                return SOMETHING  # a number, or true or false

    def _then(self, before: Forms, after: Forms) -> Forms:
        return self.allowance.spend(before.then(after))

    def _filled(self, part: Expression) -> Forms:
        """Return the forms of a part of a text; a loop is what its elements come to, one after the other."""
        return joined(NOTHING, self._within(part).forms(part.value)) if isinstance(part, For) else self.forms(part)

    def _elements(self, node: Expression) -> Forms | Sequence[Forms]:
        return [*map(self.forms, node.items)] if isinstance(node, Items) else self.forms(node)

    def _within(self, loop: For) -> "_Reader":
        return _Reader(self.known, {**self.names, **dict.fromkeys(loop.names, (loop.over, self))}, self.allowance)

    def _referred(self, node: NameExpression | AttributeAccess | Index | Splat) -> Forms:
        if (steps := steps_of(node)) and steps[0] not in self.names:
            return self.known(steps)
        match node:
            case NameExpression(text):
                over, reader = self.names[text]
                return reader.forms(over)
            case Splat(of, path):
                return _Reader(self.known, {**self.names, "*": (of, self)}, self.allowance).forms(path)
            case AttributeAccess(of, name) | Index(of, Literal(str(name))):
                return union(*found) if (found := [*self._named(of, name)]) else self.forms(of)
            case Index(of):
                return self.forms(of)

    def _named(self, node: Expression, name: str) -> Iterator[Forms]:  # noqa: C901 (one case a kind)
        """Yield the forms of what is called so, wherever it is in a value."""
        self.allowance.spend(NOTHING)
        steps = steps_of(node)
        match node:
            case _ if steps and steps[0] not in self.names:
                yield self.known([*steps, name])
            case NameExpression(text):
                over, reader = self.names[text]
                yield from reader._named(over, name)
            case Pairs(pairs):
                for key, value in pairs:
                    is_named = not isinstance(key, Literal) or key.value == name
                    yield from [self.forms(value)] if is_named else self._named(value, name)
            case Call(function, arguments) if function in ELEMENTS:
                for each in arguments:
                    yield from self._named(each, name)
            case Items() | Choice() | AttributeAccess() | Index():
                for each in inside(node):
                    yield from self._named(each, name)
            case For(_, _, key, value, _) if isinstance(value, Pairs) or key is None:
                yield from self._within(node)._named(value, name)
            case Literal():
                return
            case _:
                yield self.forms(node)

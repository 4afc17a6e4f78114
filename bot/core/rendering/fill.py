"""Fill one `.j2` text with values. Jinja2 is a programming language, so only what plainly ends soon is evaluated here.

A text is plain when it has no loop in another one, and no operator, call or filter that could make much of little: how large
its result may get then follows from the sizes of text and values. Everything else (`{{ 9**(9**9) }}`) is for whoever can end it: a
process with limits of time and memory, which `filling.elsewhere` names. In a process that named none it is evaluated here all the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateError, TemplateRuntimeError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.core.rendering import escape
from bot.core.rendering.filling import Elsewhere, Filling, NotFilled
from bot.errors import InvalidInput

if TYPE_CHECKING:  # the process that fills starts several times as fast without pydantic
    from bot.model.pipeline import Json

MOST_FILLED = 250_000
"""Characters of a file. What is filled is parsed as well, at a fifth of a megabyte a second; files that are copied have no such bound."""

MOST_HERE = 20_000_000
"""The most characters that a text may come to, by its look, to be evaluated here."""


def evaluated(filling: Filling) -> str:
    """Return the text with its values in place, however long that takes. Raises `NotFilled`."""
    try:
        filled = "".join(_bounded(_compiled(filling.text, filling.is_hcl).generate(dict(filling.values))))
    except TemplateError as error:
        raise NotFilled(str(error.message or error), getattr(error, "lineno", None)) from error
    except MemoryError as error:
        raise NotFilled("filling in the values takes too much memory") from error
    except RecursionError as error:
        raise NotFilled("nested too deeply") from error
    except (InvalidInput, TypeError, ValueError, ArithmeticError, SyntaxError) as error:
        raise NotFilled(str(error)) from error
    return filled


def filled(filling: Filling) -> str:
    """Return the text with its values in place. Raises `NotFilled`."""
    if Elsewhere.fill is None or _plain_size(filling.text, filling.is_hcl).most(filling.values) <= MOST_HERE:
        return evaluated(filling)
    return Elsewhere.fill(filling)


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    left = MOST_FILLED
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise NotFilled(
                f"it comes to more than {MOST_FILLED:,} characters: split the file, or repeat less in loops"
            )
        yield piece


class _NoLoading(BaseLoader):
    """Refuse `include`, `import` and `extends`: a file of an environment comes from one file of the template."""

    def get_source(self, environment: Environment, template: str) -> NoReturn:
        raise TemplateRuntimeError("a template file can't include another one. Write its contents here")


@lru_cache(maxsize=2048)
def _compiled(text: str, is_hcl: bool) -> Template:
    return _engine(is_hcl).from_string(text)


@lru_cache(maxsize=2)
def _engine(is_hcl: bool) -> ImmutableSandboxedEnvironment:
    engine = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=escape.finalize_hcl if is_hcl else escape.finalize_json,
        keep_trailing_newline=True,
        loader=_NoLoading(),
        newline_sequence="\n",
    )
    engine.globals.clear()  # no `range`, `lipsum` (random!) or `namespace`: a file is a function of its parameters
    allowed = {"default", "first", "join", "last", "length", "lower", "replace", "sort", "upper"}
    engine.filters = {name: engine.filters[name] for name in allowed} | {"hcl": escape.hcl, "json": escape.as_json}
    return engine


@dataclass(frozen=True, slots=True)
class _PlainSize:
    """What a text's result may come to; None for one that is not plain."""

    characters: int
    expressions: int
    repeats: int
    """How often one thing may be repeated for each part of another: by a loop, and by `join`."""
    is_plain: bool = True

    def most(self, values: "Mapping[str, Json]") -> int:
        """Return how many characters the text may come to with these values."""
        if not self.is_plain:
            return MOST_HERE + 1
        total, longest = _measured(list(values.values()))
        once = self.characters + self.expressions * max(total, self.characters)
        return once * int(longest**self.repeats)


_NOT_PLAIN = _PlainSize(0, 0, 0, is_plain=False)

_ANYWHERE = (
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Test,
)
_NAMED = (nodes.Name, nodes.Getattr, nodes.Getitem)
_KEEP_SIZE = frozenset({"default", "first", "hcl", "json", "last", "length", "lower", "sort", "upper"})


@lru_cache(maxsize=2048)
def _plain_size(text: str, is_hcl: bool) -> _PlainSize:
    if len(text) > MOST_FILLED:
        return _NOT_PLAIN
    try:
        parsed = _engine(is_hcl).parse(text)
        found = list(parsed.find_all(nodes.Node))
        is_plain = all(_is_plain(node) for node in found)
    except (TemplateError, RecursionError):
        return _NOT_PLAIN  # whoever evaluates it says what is wrong
    loops = [node for node in found if isinstance(node, nodes.For)]
    if not is_plain or any(True for loop in loops for _ in loop.find_all(nodes.For)):
        return _NOT_PLAIN
    expressions = sum(isinstance(node, nodes.Expr) and not isinstance(node, nodes.TemplateData) for node in found)
    has_join = any(isinstance(node, nodes.Filter) and node.name == "join" for node in found)
    return _PlainSize(len(text), expressions, repeats=bool(loops) + has_join)


def _is_plain(node: nodes.Node) -> bool:
    match node:
        case nodes.For():
            return not node.recursive and node.test is None and isinstance(node.iter, _NAMED)
        case nodes.Filter():
            # What is joined is a value as it came, not what another `join` made of it.
            if node.name != "join":
                return node.name in _KEEP_SIZE
            return isinstance(node.node, _NAMED) and all(isinstance(each, (*_NAMED, nodes.Const)) for each in node.args)
        case _:
            return isinstance(node, _ANYWHERE)


def _measured(value: "Json") -> tuple[int, int]:
    """Return how many characters and items there are in a value, and the length of the longest text, list or map in it."""
    total, longest, left = 0, 1, [value]
    while left:
        match left.pop():
            case str() as text:
                total, longest = total + 1 + len(text), max(longest, len(text))
            case list() as items:
                total, longest = total + 1, max(longest, len(items))
                left += items
            case dict() as items:
                total, longest = total + 1 + sum(map(len, items)), max(longest, len(items))
                left += items.values()
            case _:
                total += 20  # characters of a number
    return total, longest

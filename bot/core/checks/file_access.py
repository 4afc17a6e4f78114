"""Which files code may read: those of its own module, named so that it can be seen.

A path is judged by how it is written, not by what it comes to: plain text, or `${path.module}/…`, and inside it only names
that a bounded `fileset()` or a list of plain texts gave. What `templatefile()` reads is code too, and is looked into.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bot.core.checks.bounded_paths import (
    Bounds,
    bounded,
    endings_of,
    is_harmless,
    is_made_here,
    is_plain_pattern,
    name_of,
    names_of_each,
    written_out,
)
from bot.core.checks.functions import COMPUTING
from bot.core.checks.known_texts import WITH_VALUES, KnownTexts, without_text
from bot.core.hcl.functions.read_paths import FILESET, PLACES, READS_A_FILE
from bot.core.hcl.parser import template
from bot.core.hcl.syntax.ast import (
    Block,
    Call,
    Choice,
    Expression,
    For,
    Literal,
    NameExpression,
    Pairs,
    TemplateExpression,
    inside,
    parts_of,
)
from bot.core.hcl.syntax.tokens import NotHcl
from bot.core.tree import Tree
from bot.errors import Finding, InvalidInput
from bot.model.modules import place_of
from bot.names import StepName

_PATH_FUNCTIONS = frozenset({"direxists"})
"""Of providers, whatever name a module gives to the provider."""
TEMPLATE = "templatefile"
_READING = READS_A_FILE | {FILESET, "templatestring"}


INSTEAD = (
    'write the path as "${path.module}/…", without `..`. What lies elsewhere in the repository may be read if it is part of a module that '
    "the stack calls: a `.tf` file in its directory makes it one."
)
_ELSEWHERE = (
    'write the path as "${path.module}/…". What lies elsewhere in the repository may be read where its directory is written out '
    '(`file("${path.module}/../../../policies/x.json")`), in no other environment and no template.'
)


@dataclass(frozen=True)
class ModulePlace:
    """A module's directory in an environment's code, and that of the root module which calls it.

    `where` is the environment's directory, for messages. `providers` are the local names of the providers whose functions it may call,
    `texts` what its variables and locals can be, and `locals` how these are written. `stacks` are those of the environment,
    `functions` what the policy lets it call of a newer Terraform, and `reached` the directories of all modules of the root module.
    `read` are the directories elsewhere whose files the root module's code reads, and that are part of the environment's code.
    `known_as` is what the policy calls the module, if it can name it, and `reads_freely` that the policy lets it compute its paths.
    """

    files: Tree
    directory: str
    root: str
    where: str
    providers: frozenset[str] = frozenset()
    texts: KnownTexts = field(default_factory=dict)
    locals: Mapping[str, Expression] = field(default_factory=dict)
    stacks: tuple[StepName, ...] = ()
    functions: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    known_as: str = ""
    reads_freely: bool = False
    read: tuple[str, ...] = ()

    @property
    def instead(self) -> str:
        """What to write in place of a path that can't be seen, for messages."""
        return INSTEAD + self.named

    @property
    def named(self) -> str:
        """How the policy lets the module compute what it reads, for messages; nothing if it can't."""
        way = f" A module that computes what it reads needs `{self.known_as}` in the policy's `gate.reading_modules`."
        return way if self.known_as else ""

    @property
    def depth(self) -> int:
        """How far the module's directory is below that of the root module that calls it."""
        below = self.directory.removeprefix(f"{self.root}/")
        return below.count("/") + 1 if below != self.directory else 0

    @cached_property
    def outside(self) -> Bounds:
        """What bounds a path wherever it stands in the module, by no name."""
        return Bounds(
            locals=self.locals,
            depth=self.depth,
            directory=self.directory,
            root=self.root,
            reached=(*self.reached, *self.read),
            is_free=self.reads_freely,
        )

    @cached_property
    def bounds(self) -> Bounds:
        """What bounds a path wherever it stands in the module, with the names whose texts are harmless."""
        names = {name: texts for name, texts in self.texts.items() if all(map(is_harmless, texts))}
        names["terraform.workspace"] = ("",)  # an environment's name, or `default`: `clients/terraform` selects it
        return self.outside.having(names)

    def at(self, path: str) -> str:
        """Return where a file of the code lies in the repository."""
        return place_of(self.where, path)


def call_findings(block: Block, place: ModulePlace, path: str) -> Iterator[Finding]:
    """Yield every call in a block that may read what isn't its module's, or that runs a provider's code."""
    if not block.calls - COMPUTING:
        return
    for inner, bounds in bodies(block, bounds_of(block, place)):
        for setting in inner.settings:
            for call, bound in _calls(setting.value, bounds):
                if not (place.reads_freely and call.name.removeprefix("core::") in _READING):
                    yield from _judged(call, bound, place, path)


def bodies(block: Block, bounds: Bounds) -> Iterator[tuple[Block, Bounds]]:
    """Yield a block and those inside it, each with the bounds there."""
    yield block, bounds
    for inner in block.blocks:
        yield from bodies(inner, bounds.without(*_iterators(inner)) if inner.type == "dynamic" else bounds)


def _iterators(dynamic: Block) -> Sequence[str]:
    given = dynamic.setting("iterator")
    match given.value if given else None:
        case None:
            return dynamic.labels
        case NameExpression(name):
            return (name,)
        case _:
            return ("each", "path")


def bounds_of(block: Block, place: ModulePlace) -> Bounds:
    """Return the bounds in a block: names with harmless texts, and `each` if its `for_each` is bounded."""
    found = block.setting("for_each")
    return place.bounds.having(names_of_each(found.value, place.outside)) if found else place.bounds


def _calls(whole: Expression, bounds: Bounds) -> Iterator[tuple[Call, Bounds]]:
    """Yield every call with the bounds where it stands."""
    yield from ((node, bound) for node, bound in parts_in_scope(whole, bounds) if isinstance(node, Call))


def parts_in_scope(whole: Expression, bounds: Bounds) -> Iterator[tuple[Expression, Bounds]]:
    """Yield all parts of an expression with the bounds there: a `for` over a bounded collection adds a name, and each hides others."""
    parts = [*parts_of(whole)]
    if not any(isinstance(node, For) for node in parts):
        yield from ((node, bounds) for node in parts)
        return
    left = [(whole, bounds)]
    while left:
        node, bound = left.pop()
        yield node, bound
        if isinstance(node, For):
            inner, endings = bound.without(*node.names), endings_of(node.over, bound)
            if endings is not None:
                inner = inner.having({node.names[-1]: endings})
            left.append((node.over, bound))
            left += [(part, inner) for part in (node.key, node.value, node.condition) if part is not None]
            continue
        left += [(part, bound) for part in inside(node)]


def _judged(call: Call, bounds: Bounds, place: ModulePlace, path: str) -> Iterator[Finding]:
    name = call.name.removeprefix("core::")
    at = place.at(path)
    if name.startswith("provider::"):
        yield from _provider_function(call, bounds, place, at)
    elif name == "templatestring":
        yield Finding(
            at, call.line, f"`{call.name}` runs a text that can't be seen here: use `templatefile`.{place.named}"
        )
    elif name == FILESET:
        if call.is_spread or len(call.arguments) != 2 or not bounded(call.arguments[0], bounds):
            yield Finding(at, call.line, _complaint(call, place))
        elif not is_plain_pattern(call.arguments[1]):
            yield Finding(
                at, call.line, f"the pattern of `{call.name}` must be plain text without `..` or a leading `/`."
            )
    elif name in READS_A_FILE:
        is_made = name != TEMPLATE and bool(call.arguments) and is_made_here(call.arguments[0], bounds)
        if call.is_spread or not call.arguments or not (is_made or bounded(call.arguments[0], bounds)):
            yield Finding(at, call.line, _complaint(call, place))
        elif name == TEMPLATE:
            yield from _template_findings(call, bounds, place, at)
    elif name not in COMPUTING and name not in place.functions:
        message = (
            f"`{call.name}` is not known to be one of Terraform's functions that read nothing: correct its name, or, if a newer Terraform "
            "has it, have it added to the policy's `gate.functions`."
        )
        yield Finding(at, call.line, message)


def _provider_function(call: Call, bounds: Bounds, place: ModulePlace, at: str) -> Iterator[Finding]:
    if call.name.split("::")[1] not in place.providers:
        message = (
            f"`{call.name}` is a provider's function and runs its code, and that provider is not in the policy's `gate.providers`: "
            "have it added, or use Terraform's own functions."
        )
        yield Finding(at, call.line, message)
    elif call.name.rpartition("::")[2] in _PATH_FUNCTIONS and not all(
        bounded(argument, bounds) for argument in call.arguments
    ):
        yield Finding(at, call.line, _complaint(call, place))


def _complaint(call: Call, place: ModulePlace) -> str:
    unknown = without_text(call.arguments[0], place.texts) if call.arguments else ""
    more = f" Here {unknown} gets no plain text {WITH_VALUES}." if unknown else ""
    return f"`{call.name}` may read files of its own module only: {_ELSEWHERE}{place.named}{more}"


def _template_findings(call: Call, bounds: Bounds, place: ModulePlace, at: str) -> Iterator[Finding]:
    """Yield what the files that `templatefile()` may read would call."""
    found = _files_named(call.arguments[0], bounds, place)
    if not found:
        message = "the file that `templatefile` reads is not in the module: add it, or correct its path."
        yield Finding(at, call.line, message)
    for path in found:
        try:
            inner = template(place.files[path].data.decode())
        except UnicodeDecodeError as error:
            yield Finding(place.at(path), 1, f"not UTF-8 at byte {error.start}, so `templatefile` can't read it.")
            continue
        except NotHcl as error:
            yield Finding(place.at(path), error.finding.line, error.finding.message)
            continue
        except InvalidInput as error:
            yield Finding(place.at(path), 1, str(error))
            continue
        for node, bound in _calls(inner, Bounds(has_path=False)):
            yield from _judged_in_template(node, bound, place, path)


def _judged_in_template(call: Call, bounds: Bounds, place: ModulePlace, path: str) -> Iterator[Finding]:
    if call.name.removeprefix("core::") == TEMPLATE:
        yield Finding(place.at(path), call.line, "a template can't call `templatefile`: pass it the text instead.")
    else:
        yield from _judged(call, bounds, place, path)


def _files_named(value: Expression, bounds: Bounds, place: ModulePlace) -> Sequence[str]:
    """Return the files that a bounded path may name: one, or with a bounded name in it all below its plain beginning."""
    value = written_out(value, bounds)
    if isinstance(value, Choice):
        return [*_files_named(value.then, bounds, place), *_files_named(value.otherwise, bounds, place)]
    parts: Sequence[Expression] = value.parts if isinstance(value, TemplateExpression) else (value,)
    directory = place.root  # a bare name is looked for where Terraform runs
    if (first := name_of(parts[0])) in PLACES:
        directory = place.directory if first == "path.module" else place.root
        parts = parts[1:]
    plain = ""
    for part in parts:
        if not isinstance(part, Literal):
            beginning = posixpath.normpath(f"./{directory}/{plain.rpartition('/')[0]}")
            last = parts[-1]
            endings = [str(last.value)] if isinstance(last, Literal) else bounds.endings(last)
            below = (path for path in sorted(place.files) if beginning == "." or path.startswith(f"{beginning}/"))
            return [path for path in below if path.endswith(tuple(endings))]
        plain += str(part.value)
    path = posixpath.normpath(f"./{directory}/{plain}")
    return [path] if path in place.files else []


def maps_in(value: Expression) -> Iterator[tuple[str, Expression]]:
    """Yield the keys and values of every object in an expression; a key that is no plain text is empty."""
    for node in parts_of(value):
        for key, item in node.pairs if isinstance(node, Pairs) else ():
            yield (str(key.value) if isinstance(key, Literal) else ""), item

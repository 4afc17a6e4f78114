"""Which paths stay below a module, judged by how they are written: plain text, `${path.module}/…`, and bounded names.

A variable of a `for`, an iterator or a template's own variables may be called `path` or `each`: then they are not Terraform's.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.hcl.functions.read_paths import PLACES
from bot.core.hcl.syntax.ast import (
    AttributeAccess,
    Call,
    Choice,
    Expression,
    For,
    Index,
    Items,
    Literal,
    NameExpression,
    Pairs,
    Splat,
    TemplateExpression,
)

_HIDDEN = ".terraform"  # Terraform's own directory: providers, modules and what `init` was told of the backend
_SIGNS_OF_PATTERNS = str.maketrans("", "", "{}[],\\")
_ANY = "\1"
"""What stands in a path for a bounded name."""
_WILDCARD = re.compile(r"[*?\]}]")


DEEPEST = 8
"""Locals that a path is made of, one in another. Real code has two or three."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What stays below the stack at one place in the code: names with the endings of their values, and whether `path` is Terraform's.

    `locals` are the module's, as they are written. `depth` is how far the module's directory is below that of its stack. `directory` is
    the module's and `root` the stack's; `reached` are the directories of all modules that the stack is made of,
    and those whose files it reads. `hidden` are the names
    that variables of loops hide. `is_free` says that the policy lets the module compute its paths.
    """

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    has_path: bool = True
    locals: Mapping[str, Expression] = field(default_factory=dict)
    depth: int = 0
    directory: str = ""
    root: str = ""
    reached: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    is_free: bool = False

    def without(self, *shadowed: str) -> "Bounds":
        """Return the bounds where variables of these names hide what is called so outside."""
        kept = {name: endings for name, endings in self.names.items() if name.split(".")[0] not in shadowed}
        left = self.locals if "local" not in shadowed else {}
        has_path = self.has_path and "path" not in shadowed
        return replace(self, names=kept, has_path=has_path, locals=left, hidden=self.hidden | {*shadowed})

    def having(self, more: Mapping[str, Sequence[str]]) -> "Bounds":
        """Return the bounds with more names."""
        return replace(self, names={**self.names, **more})

    def in_local(self, others: Mapping[str, Expression]) -> "Bounds":
        """Return the bounds in a local's own expression, which sees no name of a loop; of itself it can't be made."""
        return replace(self, names={}, has_path=True, locals=others, hidden=frozenset())

    def has(self, value: Expression) -> bool:
        """Say whether an expression is one of the names, or a choice of two harmless texts."""
        return bool(self.endings(value)) or name_of(value) in self.names

    def endings(self, value: Expression) -> Sequence[str]:
        """Return how the texts may end that an expression can have, one of the names or a choice of two harmless texts."""
        if isinstance(value, Choice):
            return _texts(value.then, value.otherwise)
        return self.names.get(name_of(value), ())

    def leads_to_module(self, path: str, *, of_root: bool) -> bool:
        """Say whether a path that begins with `..` leads into a module that the stack calls: what lies there is reviewed as its code is."""
        steps = path.split("/")
        up = next((at for at, step in enumerate(steps) if step not in {".", ".."}), len(steps))
        begun, any_name, _ = path.partition(
            _ANY
        )  # of a directory whose name is known in part nobody knows which one it is
        begun = begun.rpartition("/")[0] if any_name else begun
        found = posixpath.normpath(posixpath.join(self.root if of_root else self.directory, begun))
        return _is_plain_path("/".join(steps[up:])) and any(f"{found}/".startswith(f"{each}/") for each in self.reached)

    def is_module(self, value: Expression) -> bool:
        """Say whether an expression is the directory of the module, or of the root module."""
        return self.has_path and name_of(value) in PLACES


def bounded(value: Expression, bounds: Bounds = Bounds()) -> bool:
    """Say whether a path stays below the module: as plain text, begun by `${path.module}/`, or one of the bounded names."""
    value = written_out(value, bounds)
    match value:
        case Literal(str(text)):
            return _is_plain_path(text) or bounds.leads_to_module(text, of_root=True)
        case TemplateExpression((first, Literal(str(text)), *rest)) if bounds.is_module(first):
            whole, of_root = _joined((Literal(text), *rest), bounds), name_of(first) != "path.module"
            path = whole if of_root else _below_stack(whole, bounds.depth)
            is_below = _is_plain_path(f".{path}") or bounds.leads_to_module(f".{whole}", of_root=of_root)
            return text.startswith("/") and is_below
        case TemplateExpression((Literal(), *_) as parts):
            path = _joined(parts, bounds)
            return _is_plain_path(path) or bounds.leads_to_module(path, of_root=True)
        case Choice(_, then, otherwise):
            return bounded(then, bounds) and bounded(otherwise, bounds)
        case _:
            return bounds.is_module(value) or bounds.has(value)


_MAKERS = {"archive_file": ("output_path",), "local_file": ("filename",), "local_sensitive_file": ("filename",)}
"""Types that make or read a file, with the attribute that is its path. That path is judged where it is written."""


def is_made_here(value: Expression, bounds: Bounds) -> bool:
    """Say whether a path is that of a file which this code makes: `data.archive_file.x.output_path`, also of one instance."""
    match value:
        case Call("one", (Splat(of, AttributeAccess(NameExpression("*"), name)),)) | AttributeAccess(of, name):
            pass
        case _:
            return False
    of = of.of if isinstance(of, Index) else of
    if not isinstance(of, AttributeAccess):
        return False
    *root, kind = name_of(of.of).split(".")
    # In a template, `data` is a variable.
    return (
        bounds.has_path
        and name in _MAKERS.get(kind, ())
        and root in ([], ["data"])
        and not bounds.hidden & {*root, kind}
    )


def written_out(value: Expression, bounds: Bounds) -> Expression:
    """Return a path as a text, with what it begins with as that is written: a local (`"${local.policies}/x.json"`), or `abspath(path.module)`."""
    for _ in range(DEEPEST):
        value = _as_text(value)
        first, rest = (value.parts[0], value.parts[1:]) if isinstance(value, TemplateExpression) else (value, ())
        inner = bounds.locals.get(name_of(first))
        if isinstance(first, Call) and first.name == "abspath" and any(map(bounds.is_module, first.arguments)):
            inner = first.arguments[0]
        if inner is None:
            return value
        parts = inner.parts if isinstance(inner, TemplateExpression) else (inner,)
        value = TemplateExpression((*parts, *rest)) if rest else inner
    return value


def _as_text(value: Expression) -> Expression:
    """Return what `join()` and `format()` make of parts that are written out (`join("/", [path.module, "x"])`) as the text that it is."""
    match value:
        case Call("join", (Literal(str(between)), Items((first, *items))), is_spread=False):
            marks = (Literal(between),) if between else ()
            return TemplateExpression((first, *(part for each in items for part in (*marks, each))))
        case Call("format", (Literal(str(pattern)), *given), is_spread=False) if pattern.count("%") == len(given):
            begin, *texts = pattern.split("%s")
            if "%" in pattern.replace("%s", ""):
                return value
            found = (part for each, text in zip(given, texts, strict=True) for part in (each, Literal(text)))
            return TemplateExpression((Literal(begin), *found) if begin else tuple(found))
        case _:
            return value


def _below_stack(path: str, depth: int) -> str:
    """Return a path without the `/..` at its beginning that lead from the module's directory no higher than to its stack's."""
    for _ in range(depth):
        if not f"{path}/".startswith("/../"):
            break
        path = path.removeprefix("/..")
    return path


def _joined(parts: Sequence[Expression], bounds: Bounds) -> str:
    """Return a path with a harmless word for each bounded name, and with what is in no plain path for anything that isn't bounded."""
    found = ""
    for part in parts:
        if isinstance(part, Literal):
            found += str(part.value)
        elif bounds.has(part) and not ((begun := found.rpartition("/")[2]) and _HIDDEN.startswith(begun)):
            found += _ANY
        else:  # also after a dot, which a name may complete to `..`
            found += "\0"
    return found


def _is_plain_path(text: str) -> bool:
    parts = text.split("/")
    # `~` is somebody's home, and a backslash parts directories on Windows.
    return not (text.startswith(("/", "~")) or "\\" in text or "\0" in text or ".." in parts or _HIDDEN in parts)


def is_plain_pattern(value: Expression) -> bool:
    """Say whether a pattern of `fileset()` stays below, also once `{.}{.}` is written out."""
    if not isinstance(value, Literal) or not isinstance(value.value, str):
        return False
    pattern = value.value
    plain = pattern.translate(_SIGNS_OF_PATTERNS)
    return (
        _is_plain_path(pattern)
        and not plain.startswith(("/", "~"))
        and ".." not in plain
        and _HIDDEN not in plain
        and all(segment.strip(".") for alternative in _alternatives(pattern) for segment in alternative.split("/"))
    )


def _alternatives(pattern: str) -> Iterator[str]:
    """Yield what stands between the braces and commas of a pattern: two of them may make a `..` together."""
    depth, found = 0, ""
    for sign in pattern:
        if depth and sign in "{},":
            yield from [found] if found or sign != "{" else []
            found = ""
        elif depth:
            found += sign
        depth += (sign == "{") - (sign == "}")


def name_of(value: Expression) -> str:
    match value:
        case NameExpression(text):
            return text
        case AttributeAccess(NameExpression(root), name):
            return f"{root}.{name}"
        case _:
            return ""


def names_of_each(value: Expression, bounds: Bounds) -> Mapping[str, Sequence[str]]:
    """Return what of `each` is bounded for a `for_each`, with the endings of its values: of a map its keys, its values, or both."""
    match value:
        case Pairs(pairs):
            sides = {"each.key": _texts(*(key for key, _ in pairs)), "each.value": _texts(*(item for _, item in pairs))}
            return {name: texts for name, texts in sides.items() if texts}
        case For(names, over, key, item, _, is_grouped) if key is not None:
            endings = endings_of(over, bounds)
            written = {"each.key": key} if is_grouped else {"each.key": key, "each.value": item}
            return {name: endings for name, side in written.items() if endings and name_of(side) == names[-1]}
        case _ if (local := bounds.locals.get(name := name_of(value))) is not None:
            others = {other: text for other, text in bounds.locals.items() if other != name}
            return names_of_each(local, bounds.in_local(others))
        case _:
            found = endings_of(value, bounds)
            return {} if found is None else {"each.key": found, "each.value": found}


def _texts(*values: Expression) -> Sequence[str]:
    """Return plain texts of which none leads anywhere; nothing if one of them is something else."""
    return [str(value.value) for value in values if isinstance(value, Literal)] if all(map(_is_name, values)) else []


def endings_of(value: Expression, bounds: Bounds) -> Sequence[str] | None:
    """Return how the names that a collection holds may end, None if it may hold unbounded ones."""
    match value:
        case Call("toset" | "sort" | "tolist", (inner,), False):
            return endings_of(inner, bounds)
        case Call("fileset", (directory, Literal(str(text)) as pattern), False):
            return [_WILDCARD.split(text)[-1]] if bounded(directory, bounds) and is_plain_pattern(pattern) else None
        case Items(items):
            return (
                [str(item.value) for item in items if isinstance(item, Literal)] if all(map(_is_name, items)) else None
            )
        case _ if (written := bounds.locals.get(name := name_of(value))) is not None:
            others = {other: text for other, text in bounds.locals.items() if other != name}
            return endings_of(written, bounds.in_local(others))
        case _:
            return None


def _is_name(value: Expression) -> bool:
    return isinstance(value, Literal) and isinstance(value.value, str) and is_harmless(value.value)


def is_harmless(text: str) -> bool:
    """Say whether a text stays below the module whatever stands before and after it: no part of it may become a `..`."""
    return _is_plain_path(text) and not any(_HIDDEN.startswith(segment) for segment in text.split("/"))

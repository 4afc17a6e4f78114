"""Which paths stay below a module, judged by how they are written: plain text, `${path.module}/…`, and bounded names.

A variable of a `for`, an iterator or a template's own variables may be called `path` or `each`: then they are not Terraform's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.hcl.ast import AttributeAccess, Call, Expression, Items, Literal, NameExpression, TemplateExpression

_HIDDEN = ".terraform"  # Terraform's own directory: providers, modules and what `init` was told of the backend
_SIGNS_OF_PATTERNS = str.maketrans("", "", "{}[],\\")
PLACES = frozenset({"path.module", "path.root"})
_WILDCARD = re.compile(r"[*?\]}]")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What stays below the module at one place in the code: names with the endings of their values, and whether `path` is Terraform's."""

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    has_path: bool = True

    def without(self, *shadowed: str) -> "Bounds":
        """Return the bounds where variables of these names hide what is called so outside."""
        kept = {name: endings for name, endings in self.names.items() if name.split(".")[0] not in shadowed}
        return Bounds(kept, self.has_path and "path" not in shadowed)

    def has(self, value: Expression) -> bool:
        """Say whether an expression is one of the names."""
        return name_of(value) in self.names

    def is_module(self, value: Expression) -> bool:
        """Say whether an expression is the directory of the module, or of the root module."""
        return self.has_path and name_of(value) in PLACES


def bounded(value: Expression, bounds: Bounds = Bounds()) -> bool:
    """Say whether a path stays below the module: as plain text, begun by `${path.module}/`, or one of the bounded names."""
    match value:
        case Literal(str(text)):
            return _is_plain_path(text)
        case TemplateExpression((first, Literal(str(text)), *rest)) if bounds.is_module(first):
            return text.startswith("/") and _is_plain_path(f".{_joined((Literal(text), *rest), bounds)}")
        case TemplateExpression((Literal(), *_) as parts):
            return _is_plain_path(_joined(parts, bounds))
        case _:
            return bounds.is_module(value) or bounds.has(value)


def _joined(parts: Sequence[Expression], bounds: Bounds) -> str:
    """Return a path with a harmless word for each bounded name, and with `..` for anything that isn't bounded."""
    found = ""
    for part in parts:
        if isinstance(part, Literal):
            found += str(part.value)
        elif bounds.has(part) and not ((begun := found.rpartition("/")[2]) and _HIDDEN.startswith(begun)):
            found += "x"
        else:  # also after a dot, which a name may complete to `..`
            found += "/../"
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
        case _:
            return None


def _is_name(value: Expression) -> bool:
    return isinstance(value, Literal) and isinstance(value.value, str) and is_harmless(value.value)


def is_harmless(text: str) -> bool:
    """Say whether a text stays below the module whatever stands before and after it: no part of it may become a `..`."""
    return _is_plain_path(text) and not any(_HIDDEN.startswith(segment) for segment in text.split("/"))

"""Which files code may read: those of its own module, named so that it can be seen.

A path is judged by how it is written, not by what it comes to: plain text, or `${path.module}/…`, and inside it only names
that a bounded `fileset()` or a list of plain texts gave. What `templatefile()` reads is code too, and is looked into. A
variable of a `for`, an iterator or a template's own variables may be called `path` or `each`: then they are not Terraform's.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.hcl.ast import (
    AttributeAccess,
    Block,
    Call,
    Expression,
    For,
    Items,
    Literal,
    NameExpression,
    Pairs,
    TemplateExpression,
    inside,
    parts_of,
)
from bot.core.hcl.parser import template
from bot.core.hcl.tokens import NotHcl
from bot.core.tree import Tree
from bot.errors import Finding, InvalidInput

ONE_PATH = frozenset(
    {"file", "filebase64", "fileexists", "filemd5", "filesha1", "filesha256", "filesha512", "templatefile",
     "filebase64sha256", "filebase64sha512"}
)  # fmt: skip
FILESET, TEMPLATE = "fileset", "templatefile"
_HIDDEN = ".terraform"  # Terraform's own directory: providers, modules and what `init` was told of the backend
_SIGNS_OF_PATTERNS = str.maketrans("", "", "{}[],\\")
_WILDCARD = re.compile(r"[*?\]}]")


@dataclass(frozen=True, slots=True)
class ModulePlace:
    """A module's directory in the environment's files; `where` is the environment's directory, for messages."""

    files: Tree
    directory: str
    where: str


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
        return _name_of(value) in self.names

    def is_module(self, value: Expression) -> bool:
        """Say whether an expression is the directory of the module, or of the root module."""
        return self.has_path and _name_of(value) in {"path.module", "path.root"}


def call_findings(block: Block, place: ModulePlace, path: str) -> Iterator[Finding]:
    """Yield every call in a block that may read what isn't its module's, or that runs a provider's code."""
    for inner, bounds in _bodies(block, _bounds_of(block)):
        for setting in inner.settings:
            for call, bound in _calls(setting.value, bounds):
                yield from _judged(call, bound, place, path)


def _bodies(block: Block, bounds: Bounds) -> Iterator[tuple[Block, Bounds]]:
    """Yield a block and those inside it, each with the bounds there."""
    yield block, bounds
    for inner in block.blocks:
        yield from _bodies(inner, bounds.without(*_iterators(inner)) if inner.type == "dynamic" else bounds)


def _iterators(dynamic: Block) -> Sequence[str]:
    given = dynamic.setting("iterator")
    match given.value if given else None:
        case None:
            return dynamic.labels
        case NameExpression(name):
            return (name,)
        case _:
            return ("each", "path")


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


def _is_plain_pattern(value: Expression) -> bool:
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


def _name_of(value: Expression) -> str:
    match value:
        case NameExpression(text):
            return text
        case AttributeAccess(NameExpression(root), name):
            return f"{root}.{name}"
        case _:
            return ""


def _bounds_of(block: Block) -> Bounds:
    """Return the bounds in a block: `each` is bounded if its `for_each` is."""
    found = block.setting("for_each")
    endings = _endings(found.value, Bounds()) if found else None
    return Bounds() if endings is None else Bounds({"each.key": endings, "each.value": endings})


def _endings(value: Expression, bounds: Bounds) -> Sequence[str] | None:
    """Return how the names that a collection holds may end, None if it may hold unbounded ones."""
    match value:
        case Call("toset" | "sort" | "tolist", (inner,), False):
            return _endings(inner, bounds)
        case Call("fileset", (directory, Literal(str(text)) as pattern), False):
            return [_WILDCARD.split(text)[-1]] if bounded(directory, bounds) and _is_plain_pattern(pattern) else None
        case Items(items):
            return (
                [str(item.value) for item in items if isinstance(item, Literal)] if all(map(_is_name, items)) else None
            )
        case _:
            return None


def _is_name(value: Expression) -> bool:
    """Say whether a text stays below the module whatever stands before and after it: no part of it may become a `..`."""
    match value:
        case Literal(str(text)):
            return _is_plain_path(text) and not any(_HIDDEN.startswith(segment) for segment in text.split("/"))
        case _:
            return False


def _calls(whole: Expression, bounds: Bounds) -> Iterator[tuple[Call, Bounds]]:
    """Yield every call with the bounds where it stands: a `for` over a bounded collection adds a name, and each hides others."""
    if not any(isinstance(node, For) for node in parts_of(whole)):
        yield from ((node, bounds) for node in parts_of(whole) if isinstance(node, Call))
        return
    left = [(whole, bounds)]
    while left:
        node, bound = left.pop()
        if isinstance(node, For):
            inner, endings = bound.without(*node.names), _endings(node.over, bound)
            if endings is not None:
                inner = Bounds({**inner.names, node.names[-1]: endings}, inner.has_path)
            left.append((node.over, bound))
            left += [(part, inner) for part in (node.key, node.value, node.condition) if part is not None]
            continue
        if isinstance(node, Call):
            yield node, bound
        left += [(part, bound) for part in inside(node)]


def _judged(call: Call, bounds: Bounds, place: ModulePlace, path: str) -> Iterator[Finding]:
    name = call.name.removeprefix("core::")
    at = f"{place.where}/{path}"
    if name.startswith("provider::"):
        message = (
            f"`{call.name}` is a provider's function and runs its code: use Terraform's own functions "
            '(`split(":", …)`, `regex()`) or a parameter.'
        )
        yield Finding(at, call.line, message)
    elif name == "templatestring":
        yield Finding(at, call.line, f"`{call.name}` runs a text that nobody sees here: use `templatefile`.")
    elif name == FILESET:
        if call.is_spread or len(call.arguments) != 2 or not bounded(call.arguments[0], bounds):
            yield Finding(at, call.line, _complaint(call))
        elif not _is_plain_pattern(call.arguments[1]):
            yield Finding(
                at, call.line, f"the pattern of `{call.name}` must be plain text without `..` or a leading `/`."
            )
    elif name in ONE_PATH:
        if call.is_spread or not call.arguments or not bounded(call.arguments[0], bounds):
            yield Finding(at, call.line, _complaint(call))
        elif name == TEMPLATE:
            yield from _template_findings(call, bounds, place, at)


def _complaint(call: Call) -> str:
    return f'`{call.name}` may read files of its own module only: write the path as "${{path.module}}/…", without `..`.'


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
            yield Finding(
                f"{place.where}/{path}", 1, f"not UTF-8 at byte {error.start}, so `templatefile` can't read it."
            )
            continue
        except NotHcl as error:
            yield Finding(f"{place.where}/{path}", error.finding.line, error.finding.message)
            continue
        except InvalidInput as error:
            yield Finding(f"{place.where}/{path}", 1, str(error))
            continue
        for node, bound in _calls(inner, Bounds(has_path=False)):
            yield from _judged_in_template(node, bound, place, path)


def _judged_in_template(call: Call, bounds: Bounds, place: ModulePlace, path: str) -> Iterator[Finding]:
    if call.name.removeprefix("core::") == TEMPLATE:
        yield Finding(
            f"{place.where}/{path}", call.line, "a template can't call `templatefile`: pass it the text instead."
        )
    else:
        yield from _judged(call, bounds, place, path)


def _files_named(value: Expression, bounds: Bounds, place: ModulePlace) -> Sequence[str]:
    """Return the files that a bounded path may name: one, or with a bounded name in it all below its plain beginning."""
    parts: Sequence[Expression] = value.parts if isinstance(value, TemplateExpression) else (value,)
    directory = place.directory
    if (first := _name_of(parts[0])) in {"path.module", "path.root"}:
        if first == "path.root":
            directory = directory.split("/")[0]
        parts = parts[1:]
    elif place.directory.count("/"):
        directory = place.directory.split("/")[0]  # a bare name is looked for where Terraform runs: in the root module
    plain = ""
    for part in parts:
        if not isinstance(part, Literal):
            beginning = posixpath.normpath(f"{directory}/{plain.rpartition('/')[0]}")
            last = parts[-1]
            endings = [str(last.value)] if isinstance(last, Literal) else bounds.names[_name_of(last)]
            below = (path for path in sorted(place.files) if path.startswith(f"{beginning}/"))
            return [path for path in below if path.endswith(tuple(endings))]
        plain += str(part.value)
    path = posixpath.normpath(f"{directory}/{plain}")
    return [path] if path in place.files else []


def argument_findings(block: Block, arguments: frozenset[str], place: ModulePlace, path: str) -> Iterator[Finding]:
    """Yield the arguments of a block (and of those inside it) that name a file which isn't the module's."""
    for inner, bounds in _bodies(block, _bounds_of(block)):
        for setting in inner.settings:
            if setting.name in arguments and not (bounded(setting.value, bounds) or _is_made_here(setting.value)):
                message = (
                    f"`{setting.name}` names a file, which must be of its own module: "
                    'write the path as "${path.module}/…", without `..`.'
                )
                yield Finding(f"{place.where}/{path}", setting.line, message)


def _is_made_here(value: Expression) -> bool:
    """Say whether a path is that of an archive made by this code, whose own paths are judged where it is made."""
    match value:
        case AttributeAccess(
            AttributeAccess(AttributeAccess(NameExpression("data"), "archive_file"), _), "output_path"
        ):
            return True
        case Literal(None):
            return True
        case _:
            return False


def maps_in(value: Expression) -> Iterator[tuple[str, Expression]]:
    """Yield the keys and values of every object in an expression; a key that is no plain text is empty."""
    for node in parts_of(value):
        for key, item in node.pairs if isinstance(node, Pairs) else ():
            yield (str(key.value) if isinstance(key, Literal) else ""), item

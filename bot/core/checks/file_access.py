"""Which files code may read: those of its own module, named so that it can be seen.

A path is judged by how it is written, not by what it comes to: plain text, or `${path.module}/…`, and inside it only names
that a bounded `fileset()` or a list of plain texts gave. What `templatefile()` reads is code too, and is looked into.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ModulePlace:
    """A module's directory in the environment's files; `where` is the environment's directory, for messages."""

    files: Tree
    directory: str
    where: str


def call_findings(block: Block, place: ModulePlace, path: str) -> Iterator[Finding]:
    """Yield every call in a block that may read what isn't its module's, or that runs a provider's code."""
    names = frozenset({"each.key", "each.value"}) if _is_bounded_loop(block) else frozenset[str]()
    for inner in block.within():
        for setting in inner.settings:
            for call, bound in _calls(setting.value, names):
                yield from _judged(call, bound, place, path)


def bounded(value: Expression, names: frozenset[str] = frozenset()) -> bool:
    """Say whether a path stays below the module: as plain text, or begun by `${path.module}/`; `names` are bounded, too."""
    match value:
        case Literal(str(text)):
            return _is_plain_path(text)
        case AttributeAccess(NameExpression("path"), "module" | "root"):
            return True
        case TemplateExpression(
            (AttributeAccess(NameExpression("path"), "module" | "root"), Literal(str(text)), *rest)
        ):
            return text.startswith("/") and _is_plain_path(f".{_joined((Literal(text), *rest), names)}")
        case TemplateExpression((Literal(), *_) as parts):
            return _is_plain_path(_joined(parts, names))
        case _:
            return _name_of(value) in names


def _joined(parts: Sequence[Expression], names: frozenset[str]) -> str:
    """Return a path with a harmless word for each bounded name, and with `..` for anything that isn't bounded."""
    return "".join(
        str(part.value) if isinstance(part, Literal) else "x" if _name_of(part) in names else "/../" for part in parts
    )


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


def _is_bounded_loop(block: Block) -> bool:
    found = block.setting("for_each")
    return found is not None and _gives_bounded(found.value)


def _gives_bounded(value: Expression) -> bool:
    """Say whether a collection holds bounded names only."""
    match value:
        case Call("toset" | "sort" | "tolist", (inner,)):
            return _gives_bounded(inner)
        case Call("fileset", (directory, pattern), False):
            return bounded(directory) and _is_plain_pattern(pattern)
        case Items(items):
            return all(isinstance(item, Literal) and bounded(item) for item in items)
        case _:
            return False


def _calls(whole: Expression, names: frozenset[str]) -> Iterator[tuple[Call, frozenset[str]]]:
    """Yield every call with the names that are bounded where it stands: `each`'s, and those of a `for` over a bounded collection."""
    if not any(isinstance(node, For) for node in parts_of(whole)):
        yield from ((node, names) for node in parts_of(whole) if isinstance(node, Call))
        return
    left = [(whole, names)]
    while left:
        node, bound = left.pop()
        if isinstance(node, For):
            bound_inside = bound - {
                *node.names,
                *(f"{name}.{part}" for name in node.names for part in ("key", "value")),
            }
            if _gives_bounded(node.over):
                bound_inside |= {node.names[-1]}
            left.append((node.over, bound))
            left += [(part, bound_inside) for part in (node.key, node.value, node.condition) if part is not None]
            continue
        if isinstance(node, Call):
            yield node, bound
        left += [(part, bound) for part in inside(node)]


def _judged(call: Call, names: frozenset[str], place: ModulePlace, path: str) -> Iterator[Finding]:
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
        if call.is_spread or len(call.arguments) != 2 or not bounded(call.arguments[0], names):
            yield Finding(at, call.line, _complaint(call))
        elif not _is_plain_pattern(call.arguments[1]):
            yield Finding(
                at, call.line, f"the pattern of `{call.name}` must be plain text without `..` or a leading `/`."
            )
    elif name in ONE_PATH:
        if call.is_spread or not call.arguments or not bounded(call.arguments[0], names):
            yield Finding(at, call.line, _complaint(call))
        elif name == TEMPLATE:
            yield from _template_findings(call, names, place, at)


def _complaint(call: Call) -> str:
    return f'`{call.name}` may read files of its own module only: write the path as "${{path.module}}/…", without `..`.'


def _template_findings(call: Call, names: frozenset[str], place: ModulePlace, at: str) -> Iterator[Finding]:
    """Yield what the files that `templatefile()` may read would call."""
    found = _files_named(call.arguments[0], names, place)
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
        for node, bound in _calls(inner, frozenset()):
            yield from _judged_in_template(node, bound, place, path)


def _judged_in_template(call: Call, names: frozenset[str], place: ModulePlace, path: str) -> Iterator[Finding]:
    if call.name.removeprefix("core::") == TEMPLATE:
        yield Finding(
            f"{place.where}/{path}", call.line, "a template can't call `templatefile`: pass it the text instead."
        )
    else:
        yield from _judged(call, names, place, path)


def _files_named(value: Expression, names: frozenset[str], place: ModulePlace) -> Sequence[str]:
    """Return the files that a bounded path may name: one, or with a bounded name in it all below its plain beginning."""
    parts: Sequence[Expression] = value.parts if isinstance(value, TemplateExpression) else (value,)
    directory = place.directory
    if isinstance(parts[0], AttributeAccess):
        if parts[0].name == "root":
            directory = directory.split("/")[0]
        parts = parts[1:]
    elif place.directory.count("/"):
        directory = place.directory.split("/")[0]  # a bare name is looked for where Terraform runs: in the root module
    plain = ""
    for part in parts:
        if not isinstance(part, Literal):
            beginning = posixpath.normpath(f"{directory}/{plain.rpartition('/')[0]}")
            return [path for path in sorted(place.files) if path.startswith(f"{beginning}/") and not _is_code(path)]
        plain += str(part.value)
    path = posixpath.normpath(f"{directory}/{plain}")
    return [path] if path in place.files else []


def _is_code(path: str) -> bool:
    return path.endswith((".tf", ".hcl"))


def argument_findings(block: Block, arguments: frozenset[str], place: ModulePlace, path: str) -> Iterator[Finding]:
    """Yield the arguments of a block (and of those inside it) that name a file which isn't the module's."""
    names = frozenset({"each.key", "each.value"}) if _is_bounded_loop(block) else frozenset[str]()
    for inner in block.within():
        for setting in inner.settings:
            if setting.name in arguments and not (bounded(setting.value, names) or _is_made_here(setting.value)):
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

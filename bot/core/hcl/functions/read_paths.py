"""Where functions of Terraform read files, as far as their paths are written out: `file("${path.module}/../../policies/x.json")`."""

from collections.abc import Iterator, Mapping, Sequence

from bot.core.hcl.syntax.ast import (
    AttributeAccess,
    Block,
    Call,
    Choice,
    Expression,
    Literal,
    NameExpression,
    TemplateExpression,
    parts_of,
)

READS_A_FILE = frozenset(
    {"file", "filebase64", "fileexists", "filemd5", "filesha1", "filesha256", "filesha512", "templatefile",
     "filebase64sha256", "filebase64sha512"}
)  # fmt: skip
"""Terraform's functions whose first argument is a file's path."""
FILESET = "fileset"
"""The function whose first argument is a directory's path."""
_READING = READS_A_FILE | {FILESET} | {f"core::{name}" for name in (*READS_A_FILE, FILESET)}
PLACES = frozenset({"path.module", "path.root"})
_DEEPEST = 8
"""Locals that a path is made of, one in another. Real code has two or three."""


def paths_read(module: Sequence[Block]) -> Iterator[str]:
    """Yield the directories of which a module reads files, relative to its own.

    A path from where Terraform runs is taken for one from the module, as it is in a stack; another module that reads so is refused.
    """
    reading = [block for block in module if block.calls & _READING]
    known = locals_in(module) if reading else {}
    values = (setting.value for block in reading for inner in block.within() for setting in inner.settings)
    for call in (node for value in values for node in parts_of(value) if isinstance(node, Call)):
        name = call.name.removeprefix("core::")
        if call.arguments and (name == FILESET or name in READS_A_FILE):
            yield from _beginnings(call.arguments[0], known, is_directory=name == FILESET)


def locals_in(module: Sequence[Block]) -> Mapping[str, Expression]:
    """Return the locals of a module as they are written, by their names in expressions."""
    found = (block for block in module if block.type == "locals")
    return {f"local.{setting.name}": setting.value for block in found for setting in block.settings}


def _beginnings(path: Expression, known: Mapping[str, Expression], *, is_directory: bool) -> Iterator[str]:
    """Yield the directories, relative to the module's, that a path leads to as far as it is plain text."""
    for _ in range(_DEEPEST):
        first, rest = (path.parts[0], path.parts[1:]) if isinstance(path, TemplateExpression) else (path, ())
        if isinstance(first, Call) and first.name == "abspath" and first.arguments:
            first = first.arguments[0]
        inner = known.get(_name(first), first)
        path = TemplateExpression((*(inner.parts if isinstance(inner, TemplateExpression) else (inner,)), *rest))
    if isinstance(path, TemplateExpression) and len(path.parts) == 1 and isinstance(path.parts[0], Choice):
        for side in (path.parts[0].then, path.parts[0].otherwise):
            yield from _beginnings(side, known, is_directory=is_directory)
        return
    parts = path.parts if isinstance(path, TemplateExpression) else (path,)
    parts = parts[1:] if (is_placed := _name(parts[0]) in PLACES) else parts
    plain = ""
    for part in parts:
        if not isinstance(part, Literal):
            is_directory = False
            break
        plain += str(part.value)
    yield f".{'' if is_placed else '/'}{plain if is_directory else plain.rpartition('/')[0]}"


def _name(value: Expression) -> str:
    match value:
        case AttributeAccess(NameExpression(root), name):
            return f"{root}.{name}"
        case _:
            return ""

"""Which texts the variables and locals of a module can have, as far as code and files of values alone say it.

For paths with a variable in them (`file("${path.module}/policies/${var.name}.json")`): a text is known where it is written down, and
only `var.x`, `local.x` and texts made of these are followed. Nothing is evaluated, so nothing can be evaluated wrongly: of a choice and of
`coalesce()` all counts that may be taken. What another stack or another function decides is unknown, and so is a variable that one of
several callers hands something unknown.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from bot.core.checks.bounded_paths import name_of
from bot.core.hcl.local_modules import code_files, local_directory
from bot.core.hcl.parser import blocks, body
from bot.core.hcl.syntax.ast import Block, Call, Choice, Expression, Literal, TemplateExpression, parts_of
from bot.core.hcl.value_files import given_values, value_files
from bot.core.hcl.values import HclValue
from bot.core.tree import Tree
from bot.errors import InvalidInput

KnownTexts: TypeAlias = Mapping[str, Sequence[str]]
"""All texts that a name (`var.x`, `local.x`) can have."""

MOST = 100
LONGEST = 1_000
"""Texts of one name, and characters of one: beyond it the name is unknown. A path has fewer."""
DEEPEST = 8
"""Locals that are made of one another. Real code has two or three in a row."""
WITH_VALUES = "by a default, a call or a file of values (`terraform.tfvars`)"
"""How a variable gets a text that is known here, for a message."""


def known_texts(code: Tree, directories: Sequence[str], inputs: Collection[str]) -> Mapping[str, KnownTexts]:
    """Return what is known in each directory that a root module is made of, the first its own; `inputs` are handed to it."""
    found: dict[str, KnownTexts] = {}
    given = _values(code, directories[0])
    paths = code_files(code)
    read = {directory: _blocks(code, paths.get(directory, ())) for directory in directories}
    callers = _callers(read)
    for position, directory in enumerate(directories):
        variables = {block.labels[-1]: block for block in read[directory] if block.type == "variable" and block.labels}
        if position:
            calls = callers.get(directory, ())
            if not all(caller in found for caller, _ in calls):
                found[directory] = {}  # called by a module that comes after it
                continue
            values = {name: _handed(name, calls, found) for name in variables}
        else:
            values = {name: None if name in inputs else given.get(name, []) for name in variables}
        texts = {f"var.{name}": _with_default(values[name], block) for name, block in variables.items()}
        known = {name: each for name, each in texts.items() if each}
        local = {s.name: s.value for block in read[directory] if block.type == "locals" for s in block.settings}
        found[directory] = _with_locals(known, local)
    return found


def _with_locals(known: KnownTexts, local: Mapping[str, Expression]) -> KnownTexts:
    found = dict(known)
    for _ in range(DEEPEST):
        left = [name for name in local if f"local.{name}" not in found]
        more = {f"local.{name}": texts for name in left if (texts := texts_of(local[name], found))}
        if not more:
            break
        found |= more
    return found


def texts_of(value: Expression, known: KnownTexts) -> Sequence[str]:
    """Return all texts that an expression can have, none if they are not known."""
    match value:
        case Literal(str(text)):
            return [text]
        case Literal(int(number)) if not isinstance(number, bool):
            return [str(number)]
        case TemplateExpression(parts):
            made = [""]
            for part in parts:
                made = [f"{begun}{text}" for text in texts_of(part, known) for begun in made]
                if len(made) > MOST or any(len(text) > LONGEST for text in made):
                    return []
            return made
        case Choice(_, then, otherwise):
            return _of_all((then, otherwise), known)
        case Call("coalesce", arguments, False):
            return [text for text in _of_all(arguments, known) if text]  # it takes none that is empty
        case _:
            return known.get(name_of(value), [])


def without_text(value: Expression, known: KnownTexts) -> str:
    """Return which variables and locals of an expression have no text that is known, for a message."""
    names = {name_of(part) for part in parts_of(value)} - known.keys()
    return ", ".join(f"`{name}`" for name in sorted(names) if name.startswith(("var.", "local.")))


def _of_all(values: Sequence[Expression], known: KnownTexts) -> Sequence[str]:
    """Return the texts of all of some expressions, of which one is taken; none if one of them is unknown."""
    every = [texts_of(each, known) for each in values]
    found = [text for texts in every for text in texts] if all(every) else []
    return found if len(found) <= MOST else []


def _with_default(given: Sequence[str] | None, variable: Block) -> Sequence[str]:
    """Return the texts that a variable can have: what it is given, or its default. None is something unknown."""
    default = variable.setting("default")
    if given is None or default is None:
        return given or []
    texts = texts_of(default.value, {})
    is_null = isinstance(default.value, Literal) and default.value.value is None
    return [*given, *texts] if texts or is_null else []


def _callers(read: Mapping[str, Sequence[Block]]) -> Mapping[str, Sequence[tuple[str, Block]]]:
    """Return the calls of each directory, with the directory in which each stands."""
    found: dict[str, list[tuple[str, Block]]] = {}
    for caller, code in read.items():
        for block in (each for each in code if each.type == "module"):
            called = local_directory(caller, block.text("source") or "")
            if called is not None:
                found.setdefault(called, []).append((caller, block))
    return found


def _handed(name: str, calls: Sequence[tuple[str, Block]], found: Mapping[str, KnownTexts]) -> Sequence[str] | None:
    """Return what callers hand to a variable; None if one of them hands something unknown."""
    handed: list[str] = []
    for caller, call in calls:
        setting = call.setting(name)
        texts = texts_of(setting.value, found[caller]) if setting is not None else []
        if setting is not None and not texts:
            return None
        handed += texts
    return handed


def _values(code: Tree, stack: str) -> Mapping[str, Sequence[str] | None]:
    """Return the values that files give to a root module's variables; None where one of them is no plain text."""
    found: dict[str, list[str] | None] = {}
    for path in value_files(code, stack):
        for name, texts in _of_file(path, code[path].data).items():
            known = found.get(name, [])
            found[name] = [*known, *texts] if known is not None and texts else None
    return found


def _of_file(path: str, data: bytes) -> Mapping[str, Sequence[str]]:
    try:
        if path.endswith(".json"):
            given = given_values(path, data).items()
            return {name: _text(each.value) for name, each in given}
        return {setting.name: texts_of(setting.value, {}) for setting in body(data).settings}
    except InvalidInput:
        return {}  # reported where it stands


def _text(value: HclValue) -> Sequence[str]:
    return [str(value)] if isinstance(value, str | int) and not isinstance(value, bool) else []


def _blocks(code: Tree, paths: Sequence[str]) -> Sequence[Block]:
    found: list[Block] = []
    for path in paths:
        try:
            found += blocks(path, code[path].data)
        except (InvalidInput, ValueError):
            continue  # reported where it stands
    return found

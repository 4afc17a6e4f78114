"""One root module evaluated: its values by address and attribute, and the inputs that they were made from.

An input is what may differ between two environments of the same code: the value of a variable, the expression of a local value of
the root module, and an argument of a module that it calls. Every value knows which of them it was made from.
"""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.core.checks.workspaces import workspace_reads
from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.local_modules import local_directory
from bot.core.hcl.module import Module
from bot.core.hcl.parser import body
from bot.core.hcl.result import Given, ModuleResult
from bot.core.hcl.scope import OF_THE_CALL, EvaluationChoices, ModuleAddress
from bot.core.hcl.syntax.ast import Block, Expression
from bot.core.hcl.values import HclValue
from bot.core.parity.directories.report import CodeCauseKind, CodePlace, Note
from bot.core.parity.directories.sides import RootSource
from bot.core.parity.directories.variables import StatedValue, stated_values
from bot.core.plural import counted

LOCK = ".terraform.lock.hcl"
_HERE = ModuleAddress("", "")


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a root module: the variable `size`, the local `local.size`, the argument `module.web:size`.

    `value` is what it comes to; `node` and `code` are its expression, which a variable has not.
    """

    kind: CodeCauseKind
    value: HclValue
    place: CodePlace
    node: Expression | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class EvaluatedRoot:
    """A root module with all that it comes to. `calls` are its calls of modules that are part of the repository."""

    root: RootSource
    given: Given
    result: ModuleResult
    inputs: Mapping[str, Input]
    leaves: Mapping[AttributeKey, Attribute]
    blocks: Mapping[str, str]
    calls: frozenset[str]
    notes: tuple[Note, ...]


def evaluated_root(root: RootSource) -> EvaluatedRoot:
    """Return all that a root module comes to. Raises `InvalidInput` when that is too much."""
    stated, notes = stated_values(root)
    given = {name: (each.value, frozenset({name})) for name, each in stated.items()}
    module = _module(root, given, {})
    result = module.evaluated()
    calls = frozenset(name for name, call in module.code.calls.items() if _is_here(call, root))
    notes += [
        Note(f"is not read: {reason}", root.place(path, 1).path, is_unread=True)
        for path, reason in result.unreadable.items()
    ]
    notes += _unnamed_workspace(root, result.unreadable)
    leaves, blocks = placed_leaves(result)
    inputs = _inputs(root, module, calls, stated)
    return EvaluatedRoot(root, given, result, inputs, {**leaves, **_locked(root)}, blocks, calls, tuple(notes))


def _unnamed_workspace(root: RootSource, unreadable: Collection[str]) -> Sequence[Note]:
    """Return that a root module's workspace is not known, once, however many values depend on it."""
    if root.workspace:
        return ()
    files = {path: file for path, file in root.files.items() if path not in (*root.variable_files, *unreadable)}
    reads = [root.place(path, line) for path, line in workspace_reads(files, "")]
    if not reads:
        return ()
    lines = f"and {counted(len(reads) - 1, 'other line')} read" if len(reads) > 1 else "reads"
    way = "name the workspace with `--workspace`, and that of the other side with `--against-workspace`"
    return [Note(f"{lines} `terraform.workspace`, so what depends on it is not compared: {way}.", str(reads[0]))]


def evaluated_with(of: EvaluatedRoot, inputs: Mapping[str, Input]) -> Mapping[AttributeKey, Attribute]:
    """Return the values of a root module with some of its inputs as another one has them. Raises `InvalidInput`."""
    given = {**of.given, **{name: (i.value, frozenset({name})) for name, i in inputs.items() if i.node is None}}
    replaced = {name: each.node for name, each in inputs.items() if each.node is not None}
    return placed_leaves(_module(of.root, given, replaced).evaluated())[0]


def placed_leaves(result: ModuleResult) -> tuple[dict[AttributeKey, Attribute], dict[str, str]]:
    """Return the values by address and attribute, and the blocks that they were made from; variables are inputs, no values."""
    leaves: dict[AttributeKey, Attribute] = {}
    blocks: dict[str, str] = {}
    for address, thing in result.things.items():
        if address.startswith("var."):
            continue
        blocks[address] = thing.block
        leaves[AttributeKey(address, "")] = Attribute("present", frozenset(), thing.file, thing.line)
        leaves |= {AttributeKey(address, attribute): leaf for attribute, leaf in thing.leaves.items()}
    return leaves, blocks


def remote_modules(evaluated: EvaluatedRoot) -> Mapping[str, Sequence[str]]:
    """Return the modules that are not part of the repository: source to the addresses that call it, first level and below."""
    found: dict[str, list[str]] = {}
    for (address, attribute), leaf in evaluated.leaves.items():
        source = leaf.value
        is_module = attribute == "source" and evaluated.blocks.get(address, "").rpartition("module.")[2].count(".") == 0
        if is_module and "module." in address and isinstance(source, str) and not source.startswith("."):
            found.setdefault(source, []).append(address)
    return found


def _module(root: RootSource, given: Given, replaced: Mapping[str, Expression]) -> Module:
    choices = EvaluationChoices(workspace=root.workspace, notes_inputs=True, replaced=replaced)
    files = {path: file for path, file in root.files.items() if path not in root.variable_files}
    return Module(files, _HERE, given, choices=choices)


def _is_here(call: Block, root: RootSource) -> bool:
    source = call.text("source")
    directory = local_directory("", source) if source is not None else None
    return directory is not None and any(posixpath.dirname(path) == directory for path in root.files)


def _inputs(
    root: RootSource, module: Module, calls: frozenset[str], stated: Mapping[str, StatedValue]
) -> Mapping[str, Input]:
    found: dict[str, Input] = {}
    for path, block in module.code.blocks:
        if block.type == "variable" and block.labels:
            name = block.labels[-1]
            default = block.setting("default")
            place = stated[name].place if name in stated else root.place(path, default.line if default else block.line)
            found[name] = Input("variable", module.names.variable(name)[0], place)
        elif block.type == "locals":
            for each in block.settings:
                value = module.names.named("local", each.name)
                place = root.place(path, each.line)
                found[f"local.{each.name}"] = Input("local", value, place, each.value, each.code)
        elif block.type == "module" and block.labels and block.labels[-1] in calls:
            found |= _arguments(root, module, path, block)
    return found


def _arguments(root: RootSource, module: Module, path: str, call: Block) -> Mapping[str, Input]:
    return {
        f"module.{call.labels[-1]}:{each.name}": Input(
            "argument", module.names.taken(each.value, {})[0], root.place(path, each.line), each.value, each.code
        )
        for each in call.settings
        if each.name not in OF_THE_CALL
    }


def _locked(root: RootSource) -> Mapping[AttributeKey, Attribute]:
    """Return the versions of providers that the lock file chose."""
    if LOCK not in root.files:
        return {}
    try:
        top = body(root.files[LOCK].data)
    except (ValueError, RecursionError):
        return {}
    found: dict[AttributeKey, Attribute] = {}
    for block in top.blocks:
        version = block.text("version")
        if block.type == "provider" and block.labels and version is not None:
            name = "/".join(block.labels[-1].split("/")[-2:])
            found[AttributeKey(LOCK, name)] = Attribute(version, frozenset(), LOCK, block.line)
    return found

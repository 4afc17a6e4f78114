"""One Terraform module evaluated: its resources by address and attribute, with `count` and `for_each` made into instances."""

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.parity.block_leaves import AS_WRITTEN, META, BlockLeaves, Leaf
from bot.core.parity.evaluation import Evaluator
from bot.core.parity.nodes import Block, Expression
from bot.core.parity.syntax import body, template
from bot.core.parity.value import (
    REFERENCE,
    TERRAFORM,
    WITHOUT_VALUE,
    NotKnown,
    Unknown,
    Value,
    leaves,
    number,
    plain,
    rules_in,
)
from bot.core.tree import Tree

DEEPEST = 8
"""Modules inside one another."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A block, or one instance of it, with its attributes."""

    leaves: Mapping[str, Leaf]
    file: str
    line: int
    block: str
    """The block's own address, without an instance's key."""


@dataclass(frozen=True, slots=True)
class Code:
    """A block's code without comments and layout."""

    text: str
    file: str
    line: int


@dataclass(slots=True)
class Found:
    """What a module holds: things and codes by address, outputs and sensitive variables by name, which files it is made of."""

    things: dict[str, Thing] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    outputs: dict[str, tuple[Value, frozenset[str]]] = field(default_factory=dict)
    sensitive: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)

    def add(self, inner: "Found") -> None:
        """Take over what a module inside holds, except its outputs."""
        self.things |= inner.things
        self.codes |= inner.codes
        self.read |= inner.read
        self.unreadable |= inner.unreadable


Given = Mapping[str, tuple[Value, frozenset[str]]]
"""Values of variables, each with the variables of the stack that it was made from."""


@dataclass(frozen=True, slots=True)
class Made:
    """What one block came to, and the values of the variables that were read on the way: the same ones, the same result."""

    read: Mapping[str, tuple[str, frozenset[str]]]
    things: Sequence[tuple[str, Thing]]
    output: tuple[Value, frozenset[str]] | None


Memory = dict[tuple[str, int], list[Made]]
"""Results of blocks, by file and line. To be shared only between evaluations of the same code."""
KEPT = 4
"""Results that are remembered for a block."""


class Module:
    """A module at `directory` of `files`. Addresses begin with `prefix` (`data/` or `data/module.x.`)."""

    def __init__(  # noqa: PLR0913 (what a module is, and how deep it lies)
        self, files: Tree, directory: str, prefix: str, given: Given, *, depth: int = 0, memory: Memory | None = None
    ) -> None:
        self.files, self.directory, self.prefix, self.given, self.depth = files, directory, prefix, given, depth
        self.memory: Memory = {} if memory is None else memory
        self.trace: set[str] = set()
        self.added: list[tuple[str, Thing]] = []
        self.found = Found()
        self.blocks: list[tuple[str, Block]] = []
        self.variables: dict[str, tuple[str, Block]] = {}
        self.locals: dict[str, Expression] = {}
        self.resources: dict[str, tuple[str, Block]] = {}
        self.calls: dict[str, Block] = {}
        self.known: dict[str, tuple[Value, frozenset[str]]] = {}
        self.underway: set[str] = set()
        self.inner: dict[str, list[tuple[str, Module]]] = {}
        self.reads: set[str] = set()
        self._read()

    def evaluated(self) -> Found:
        """Return all that the module holds."""
        for path, block in self.blocks:
            if self.depth or block.type in {"locals", "module", "terraform", "variable"}:
                self._block(path, block)
            else:
                self._remembered_block(path, block)
        return self.found

    # What names mean (`evaluation.Scope`).

    def named(self, root: str, name: str) -> Value:
        """Return `root.name`."""
        match root:
            case "var":
                return self._remembered(f"var.{name}")
            case "local":
                return self._remembered(f"local.{name}")
            case "module":
                return self._module_outputs(name)
            case "path":
                return self.directory if name == "module" else Unknown(f"path.{name}", frozenset({TERRAFORM}))
            case "terraform" | "each" | "count" | "self":
                return Unknown(f"{root}.{name}", frozenset({TERRAFORM}))
            case _:
                return self._reference(f"{root}.{name}")

    def read_file(self, path: str) -> str:
        """Return the text of a file below the module. Raises `NotKnown`."""
        file = self.files.get(posixpath.normpath(path))
        if file is None:
            raise NotKnown(f"{path} is no file here")
        try:
            return file.data.decode()
        except UnicodeDecodeError as error:
            raise NotKnown(f"{path} is no text") from error

    def filled(self, path: str, variables: Mapping[str, Value]) -> Value:
        """Return a template file filled with `variables`. Raises `NotKnown`."""
        return Evaluator(self, variables).value(template(self.read_file(path)))

    # Reading.

    def _read(self) -> None:
        for path in sorted(self.files):
            if posixpath.dirname(path) != self.directory or not path.endswith(".tf"):
                continue
            try:
                top = body(self.files[path].data)
            except (
                ValueError,
                RecursionError,
            ) as error:  # `InvalidInput` is a ValueError; so is a number of 5,000 digits
                self.found.unreadable[path] = str(error)
                continue
            self.found.read.add(path)
            for block in top.blocks:
                self._declare(path, block)

    def _declare(self, path: str, block: Block) -> None:
        self.blocks.append((path, block))
        name = block.labels[-1] if block.labels else ""
        if block.type == "variable":
            self.variables[name] = (path, block)
        elif block.type == "locals":
            self.locals |= {setting.name: setting.value for setting in block.settings}
        elif block.type == "module":
            self.calls[name] = block
        elif block.type in {"resource", "data", "ephemeral"}:
            self.resources[_reference_of(block)] = (path, block)

    # Values of names, each evaluated once.

    def _remembered(self, name: str) -> Value:
        if name not in self.known:
            if name in self.underway:
                return Unknown(name, frozenset({TERRAFORM}))  # a circle, which Terraform refuses
            self.underway.add(name)
            before, self.reads = self.reads, set()
            value = self._first(name)
            self.known[name] = (value, frozenset(self.reads))
            self.reads = before
            self.underway.discard(name)
        value, reads = self.known[name]
        self.reads |= reads
        return value

    def _first(self, name: str) -> Value:
        kind, _, word = name.partition(".")
        if kind == "local":
            node = self.locals.get(word)
            return Unknown(name, frozenset({TERRAFORM})) if node is None else Evaluator(self, {}).value(node)
        if not self.depth:
            self.reads.add(f"{self.prefix}{word}")
        if word in self.given:
            value, reads = self.given[word]
            self.reads |= reads
            return value
        declared = self.variables.get(word)
        default = declared[1].setting("default") if declared else None
        if default is None:
            return Unknown(name, frozenset({WITHOUT_VALUE}))
        return Evaluator(self, {}).value(default.value)

    def _reference(self, name: str) -> Value:
        if name not in self.resources:
            return Unknown(name, frozenset({TERRAFORM}))
        keys = self._keys(name, self.resources[name][1])
        rules = frozenset({REFERENCE})
        if keys is None:
            return Unknown(name, rules)
        if keys == [None]:
            return Unknown(name, rules)
        if all(isinstance(key, int) for key, *_ in [(k,) for k in keys]) and self.resources[name][1].setting("count"):
            return [Unknown(f"{name}[{key}]", rules) for key in keys]
        return {str(key): Unknown(f"{name}[{json.dumps(key)}]", rules) for key in keys}

    def _keys(self, name: str, block: Block) -> "Sequence[str | int | None] | None":
        """Return the keys of a block's instances: `[None]` without `count` and `for_each`, None when they can't be known."""
        for meta in ("count", "for_each"):
            setting = block.setting(meta)
            if setting is None:
                continue
            if f"{name}:{meta}" not in self.known:
                if f"{name}:{meta}" in self.underway:
                    return None
                self.underway.add(f"{name}:{meta}")
                before, self.reads = self.reads, set()
                value = Evaluator(self, {}).value(setting.value)
                self.known[f"{name}:{meta}"] = (value, frozenset(self.reads))
                self.reads = before
                self.underway.discard(f"{name}:{meta}")
            value, reads = self.known[f"{name}:{meta}"]
            self.reads |= reads
            self.trace |= reads
            return _instances(meta, value)
        return [None]

    def _module_outputs(self, name: str) -> Value:
        call = self.calls.get(name)
        modules = self._modules(name, call) if call else None
        if modules is None or call is None:
            return Unknown(f"module.{name}", frozenset({REFERENCE}))
        values: dict[str, Value] = {}
        for key, module in modules:
            values[key] = {output: value for output, (value, _) in module.found.outputs.items()}
            for _, reads in module.found.outputs.values():
                self.reads |= reads
        if call.setting("count"):
            return list(values.values())
        return values if call.setting("for_each") else values.get("", Unknown(f"module.{name}", frozenset({REFERENCE})))

    def _modules(self, name: str, call: Block) -> "list[tuple[str, Module]] | None":
        if name in self.inner:
            return self.inner[name]
        if f"module.{name}" in self.underway or self.depth >= DEEPEST:
            return None
        source, keys = call.setting("source"), self._keys(f"module.{name}", call)
        place = Evaluator(self, {}).value(source.value) if source else None
        if keys is None or not isinstance(place, str) or not place.startswith("./") or ".." in place.split("/"):
            return None
        directory = posixpath.normpath(posixpath.join(self.directory, place))
        if directory == self.directory:
            return None  # a module inside itself, which Terraform refuses
        self.underway.add(f"module.{name}")
        _, decided = (
            self.known.get(f"module.{name}:count") or self.known.get(f"module.{name}:for_each") or (None, frozenset())
        )
        found = []
        for key in keys:
            names = _each(call, key, self._items(f"module.{name}"))
            given = {
                setting.name: (value, reads | decided)
                for setting in call.settings
                if setting.name not in {"source", "version", *META, *AS_WRITTEN}
                for value, reads in [self._taken(setting.value, names)]
            }
            module = Module(
                self.files, directory, f"{self.prefix}module.{name}{_key(key)}.", given, depth=self.depth + 1
            )
            module.evaluated()
            found.append(("" if key is None else str(key), module))
        self.underway.discard(f"module.{name}")
        self.inner[name] = found
        return found

    def _items(self, name: str) -> Mapping[str, Value]:
        value, _ = self.known.get(f"{name}:for_each", (None, frozenset()))
        if isinstance(value, list):
            return {str(plain(item)): item for item in value}
        return value if isinstance(value, dict) else {}

    def _taken(self, node: Expression, names: Mapping[str, Value]) -> tuple[Value, frozenset[str]]:
        """Return a value with the variables that it was made from."""
        before, self.reads = self.reads, set()
        value = Evaluator(self, names).value(node)
        reads, self.reads = frozenset(self.reads), before
        self.trace |= reads
        return value, reads

    # Blocks as things.

    def _remembered_block(self, path: str, block: Block) -> None:
        """Evaluate a block, or take what it came to when the variables that it reads had the values that they have now."""
        known = self.memory.setdefault((path, block.line), [])
        made = next((m for m in known if all(self._given_text(name) == text for name, text in m.read.items())), None)
        if made is None:
            self.added, self.trace = [], set()
            self._block(path, block)
            things = tuple(self.added)
            output = self.found.outputs.get(block.labels[-1]) if block.type == "output" else None
            read = {name: self._given_text(name) for name in self.trace if name.startswith(self.prefix)}
            known[:] = [Made(read, things, output), *known[: KEPT - 1]]
            return
        for address, thing in made.things:
            self._add(address, block.type, thing)
        if made.output is not None:
            self.found.outputs[block.labels[-1]] = made.output
        name = self.prefix + _address(block)
        self.found.codes[_free(self.found.codes, name)] = Code(block.code, path, block.line)

    def _given_text(self, name: str) -> tuple[str, frozenset[str]]:
        value, reads = self.given.get(name.removeprefix(self.prefix), (None, frozenset()))
        return repr(value), reads

    def _block(self, path: str, block: Block) -> None:
        name = self.prefix + _address(block)
        match block.type:
            case "locals":
                for setting in block.settings:
                    self.found.codes[f"{self.prefix}local.{setting.name}"] = Code(setting.code, path, setting.line)
                return
            case "variable":
                variable = block.labels[-1]
                sensitive = block.setting("sensitive")
                if sensitive is not None and sensitive.code == "true":
                    self.found.sensitive.add(f"{self.prefix}{variable}")
                value, reads = self._remembered(f"var.{variable}"), self.known[f"var.{variable}"][1]
                found = {p: Leaf(v, reads, path, block.line) for p, v in leaves(value, "value")}
                if not self.depth:  # inside a module they are made of what the module is given
                    self._add(name, block.type, Thing(found, path, block.line, name))
            case "output":
                self._add(
                    name,
                    block.type,
                    Thing(dict(BlockLeaves(path, self._taken).of(block, {}, "")), path, block.line, name),
                )
                if (given := block.setting("value")) is not None:
                    self.found.outputs[block.labels[-1]] = self._taken(given.value, {})
            case _:
                self._instances_of(path, block, name)
        self.found.codes[_free(self.found.codes, name)] = Code(block.code, path, block.line)

    def _instances_of(self, path: str, block: Block, name: str) -> None:
        reference = _reference_of(block)
        keys = self._keys(reference, block)
        if block.type == "module":
            modules = self._modules(block.labels[-1], block) or []
            for _, module in modules:
                self.found.add(module.found)
        meta = self.known.get(f"{reference}:count") or self.known.get(f"{reference}:for_each")
        if keys is None:
            self._add(
                name, block.type, Thing(dict(BlockLeaves(path, self._taken).of(block, {}, "")), path, block.line, name)
            )
            return
        for key in keys:
            names, reads = (
                _each(block, key, self._items(reference)),
                meta[1] if meta and key is not None else frozenset(),
            )
            skip = META if key is not None else frozenset[str]()
            found = {
                at: replace(leaf, reads=leaf.reads | reads)  # what `each.value` was made from
                for at, leaf in BlockLeaves(path, self._taken).of(block, names, "", skip)
            }
            found[""] = Leaf("present", reads, path, block.line)
            self._add(name + _key(key), block.type, Thing(found, path, block.line, name))

    def _add(self, address: str, kind: str, thing: Thing) -> None:
        if kind == "terraform" and address in self.found.things:  # its settings may stand in several blocks
            thing = replace(thing, leaves={**self.found.things[address].leaves, **thing.leaves})
        else:
            address = _free(self.found.things, address)
        self.found.things[address] = thing
        self.added.append((address, thing))


def _reference_of(block: Block) -> str:
    head = "" if block.type == "resource" else f"{block.type}."
    return head + ".".join(block.labels)


def _address(block: Block) -> str:
    match block.type:
        case "resource":
            return ".".join(block.labels)
        case "variable":
            return f"var.{'.'.join(block.labels)}"
        case "provider":
            alias = block.setting("alias")
            return f"provider.{'.'.join(block.labels)}" + (f".{alias.code.strip(chr(34))}" if alias else "")
        case kind:
            return ".".join((kind, *block.labels))


def _instances(meta: str, value: Value) -> "Sequence[str | int | None] | None":
    if isinstance(value, Unknown):
        return None
    if meta == "count":
        try:
            count = number(value)
        except NotKnown:
            return None
        return list(range(int(count))) if 0 <= count <= 1024 else None
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list) and not rules_in(value) and all(isinstance(item, str) for item in value):
        return [str(item) for item in value]
    return None


def _each(block: Block, key: "str | int | None", items: Mapping[str, Value]) -> Mapping[str, Value]:
    if key is None:
        return {}
    if block.setting("count"):
        return {"count": {"index": key}}
    return {"each": {"key": key, "value": items.get(str(key))}}


def _key(key: "str | int | None") -> str:
    return "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"


def _free(taken: Mapping[str, object], name: str) -> str:
    """Return the name, or with a number when there are several such blocks (`moved`, two `terraform` blocks)."""
    if name not in taken:
        return name
    return next(f"{name}#{n}" for n in range(2, 10_000) if f"{name}#{n}" not in taken)

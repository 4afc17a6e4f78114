"""What names mean inside one Terraform module: variables, locals, other blocks, and the outputs of modules inside it.

Each is evaluated once, and knows which variables of the stack it was made from.
"""

import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.core.hcl.attributes import AS_WRITTEN, META, any_of
from bot.core.hcl.budget import Budget
from bot.core.hcl.declarations import ModuleCode
from bot.core.hcl.evaluator import Evaluator
from bot.core.hcl.instances import InstanceKey, bracketed, instances, names_of, with_echoes
from bot.core.hcl.local_modules import local_directory
from bot.core.hcl.parser import template
from bot.core.hcl.result import Given, Made, ModuleResult
from bot.core.hcl.syntax.ast import Block, Expression, Literal
from bot.core.hcl.values import (
    REFERENCE,
    TERRAFORM,
    WITHOUT_VALUE,
    AsWritten,
    HclValue,
    NotKnown,
    Unknown,
    plain,
)
from bot.core.tree import Tree
from bot.errors import InvalidInput

OF_THE_CALL = frozenset({"source", "version", *META, *AS_WRITTEN})
"""Arguments of a module call that the module isn't given."""
DEEPEST = 8
"""Modules nested in one another. Real code has two or three levels; the limit ends a module that calls itself."""


@dataclass(frozen=True, slots=True)
class ModuleAddress:
    """Where a module is: its directory, what its addresses begin with (`data/` or `data/module.x.`), how deep it lies.

    `key` is Terraform's own name of it in what `init` notes: `network.inner`.
    """

    directory: str
    prefix: str
    depth: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationChoices:
    """What is chosen for an evaluation beside the values of variables.

    `workspace` is what `terraform.workspace` says, empty where that is not known. With `notes_inputs` the root module's locals and the
    arguments of its module calls are noted among the variables that a value was made from (`local.size`, `module.web:size`);
    in `replaced` these have other expressions. With `follows` a resource that is referred to is what the code gives it, and a module whose
    instances can't be known is evaluated once. `installed` are the directories of modules that `init` has brought, by key.
    """

    workspace: str = ""
    notes_inputs: bool = False
    replaced: Mapping[str, Expression] = field(default_factory=dict)
    follows: bool = False
    installed: Mapping[str, str] = field(default_factory=dict)


AS_IT_IS = EvaluationChoices()
_NOTHING: frozenset[str] = frozenset()

Inside = Callable[[ModuleAddress, Given], ModuleResult]
"""Evaluates a module inside this one."""


class Names:
    """The names of the module at `place` of `files` (`evaluation.Scope`).

    `reads` are the variables that were read for the value under way, `trace` all since it was last emptied. `allowance` and
    `choices` are shared by all modules of a stack.
    """

    def __init__(self, files: Tree, place: ModuleAddress, code: ModuleCode, given: Given, inside: Inside) -> None:
        self.files, self.place, self.code, self.given, self.inside = files, place, code, given, inside
        self.allowance = Budget()
        self.choices = AS_IT_IS
        self.known: dict[str, Made] = {}
        self.underway: set[str] = set()
        self.inner: dict[str, list[tuple[str, ModuleResult]]] = {}
        self.reads: set[str] = set()
        self.trace: set[str] = set()

    def named(self, root: str, name: str) -> HclValue:
        """Return `root.name`."""
        match root:
            case "var" | "local":
                return self._once(f"{root}.{name}", partial(self._first, root, name))
            case "module":
                return self._module_outputs(name)
            case "path":
                return (
                    self.place.directory or "." if name == "module" else Unknown(f"path.{name}", frozenset({TERRAFORM}))
                )
            case "terraform" if name == "workspace" and self.choices.workspace:
                return self.choices.workspace
            case "terraform" | "each" | "count" | "self":
                return Unknown(f"{root}.{name}", frozenset({TERRAFORM}))
            case _:
                return self._reference(f"{root}.{name}")

    def read_file(self, path: str) -> str:
        """Return the text of a file below the module. Raises `NotKnown`."""
        file = self.files.get(posixpath.normpath(path))
        if file is None:
            raise NotKnown(f"{path} is not a file here")
        try:
            return file.data.decode()
        except UnicodeDecodeError as error:
            raise NotKnown(f"{path} is not text") from error

    def aside(self, evaluate: Callable[[], HclValue]) -> HclValue:
        """Return a value that nothing is made from: what it reads is not noted."""
        before, self.reads = self.reads, set()
        try:
            return evaluate()
        finally:
            self.reads = before

    def filled(self, path: str, variables: Mapping[str, HclValue]) -> HclValue:
        """Return a template file filled with `variables`. Raises `NotKnown`."""
        return Evaluator(self, variables).value(template(self.read_file(path)))

    # For whoever evaluates the module's blocks.

    def taken(self, node: Expression, names: Mapping[str, HclValue]) -> Made:
        """Return an expression's value, evaluated with further names, with the variables that it was made from."""
        if isinstance(node, Literal):
            return Evaluator(self, names).value(node), _NOTHING
        before, self.reads = self.reads, set()
        value = Evaluator(self, names).value(node)
        reads, self.reads = frozenset(self.reads), before
        self.trace |= reads
        return value, reads

    def variable(self, name: str) -> Made:
        """Return a variable's value with the variables that it was made from."""
        return self.named("var", name), self.known[f"var.{name}"][1]

    def keys(self, name: str, block: Block) -> Sequence[InstanceKey] | None:
        """Return the keys of a block's instances: `[None]` without `count` and `for_each`, None when they can't be known."""
        for meta in ("count", "for_each"):
            setting = block.setting(meta)
            if setting is None:
                continue
            word = f"{name}:{meta}"
            if word in self.underway:
                return None
            value = self._once(word, partial(Evaluator(self, {}).value, setting.value))
            self.trace |= self.known[word][1]
            return instances(meta, value)
        return [None]

    def decided(self, name: str) -> frozenset[str]:
        """Return the variables that decide which instances of a block there are."""
        made = self.known.get(f"{name}:count") or self.known.get(f"{name}:for_each")
        return made[1] if made else frozenset()

    def items(self, name: str) -> Mapping[str, HclValue]:
        """Return the values of a block's `for_each` by key."""
        value, _ = self.known.get(f"{name}:for_each", (None, frozenset()))
        if isinstance(value, list):
            return {str(plain(item)): item for item in value}
        return value if isinstance(value, dict) else {}

    def unknown_instance(self, name: str) -> Mapping[str, HclValue]:
        """Return what `each` is in an instance of a block whose instances can't be known, if that is followed."""
        value, _ = self.known.get(f"{name}:for_each", (None, frozenset()))
        return {"each": any_of(value)} if self.choices.follows and isinstance(value, Unknown) else {}

    def modules(self, name: str, call: Block) -> Sequence[tuple[str, ModuleResult]] | None:
        """Return the instances of a module of the repository that is called here; None when it can't be known what they are."""
        word = f"module.{name}"
        if name in self.inner:
            return self.inner[name]
        if word in self.underway:
            return None
        if self.place.depth >= DEEPEST:
            if self.choices.follows:
                raise InvalidInput(f"more than {DEEPEST} modules, one in another")
            return None
        source, keys = call.setting("source"), self.keys(word, call)
        is_followed = keys is None and self.choices.follows
        if is_followed:
            keys = [None]
        path = Evaluator(self, {}).value(source.value) if source else None
        key_of = f"{self.place.key}.{name}".removeprefix(".")
        directory = self.choices.installed.get(key_of)
        if directory is None and isinstance(path, str):
            directory = local_directory(self.place.directory, path)
        if keys is None or directory is None or directory == self.place.directory:
            return None  # of elsewhere, or inside itself, which Terraform refuses
        if not any(posixpath.dirname(file) == directory for file in self.files):
            return None
        self.underway.add(word)
        items, found = self.items(word), []
        for key in keys:
            prefix = f"{self.place.prefix}{word}{bracketed(key)}."
            given = self._handed(call, self.unknown_instance(word) if is_followed else names_of(call, key, items))
            inner = self.inside(ModuleAddress(directory, prefix, self.place.depth + 1, key_of), given)
            found.append(("" if key is None else str(key), inner))
        self.underway.discard(word)
        self.inner[name] = found
        return found

    def _handed(self, call: Block, names: Mapping[str, HclValue]) -> Given:
        """Return what one instance of a module is given."""
        word = f"module.{call.labels[-1]}"
        decided = self.decided(word)
        found: dict[str, Made] = {}
        for name, node in self._arguments(call, word).items():
            value, reads = self.taken(node, names)
            found[name] = (value, reads | decided | self._noted(f"{word}:{name}"))
        return found

    def _arguments(self, call: Block, word: str) -> Mapping[str, Expression]:
        """Return the arguments of a module call by name."""
        found = {each.name: each.value for each in call.settings if each.name not in OF_THE_CALL}
        if not self.place.depth:
            replaced = self.choices.replaced.items()
            found |= {name.partition(":")[2]: node for name, node in replaced if name.startswith(f"{word}:")}
        return found

    def _noted(self, name: str) -> frozenset[str]:
        """Return an input of the root module as what is noted of it."""
        is_noted = self.choices.notes_inputs and not self.place.depth
        return frozenset({f"{self.place.prefix}{name}"}) if is_noted else frozenset()

    def _once(self, name: str, first: Callable[[], HclValue]) -> HclValue:
        if name not in self.known:
            if name in self.underway:
                return Unknown(name, frozenset({TERRAFORM}))  # a circle, which Terraform refuses
            self.underway.add(name)
            before, self.reads = self.reads, set()
            value = first()
            self.known[name] = (value, frozenset(self.reads))
            self.reads = before
            self.underway.discard(name)
        value, reads = self.known[name]
        self.reads |= reads
        return value

    def _first(self, root: str, word: str) -> HclValue:
        if root == "local":
            self.reads |= self._noted(f"local.{word}")
            node = self.code.locals.get(word)
            if not self.place.depth:
                node = self.choices.replaced.get(f"local.{word}", node)
            return Unknown(f"local.{word}", frozenset({TERRAFORM})) if node is None else Evaluator(self, {}).value(node)
        if not self.place.depth:
            self.reads.add(f"{self.place.prefix}{word}")
        if word in self.given:
            value, reads = self.given[word]
            self.reads |= reads
            return value
        declared = self.code.variables.get(word)
        default = declared.setting("default") if declared else None
        if default is None:
            return Unknown(f"var.{word}", frozenset({WITHOUT_VALUE}))
        return Evaluator(self, {}).value(default.value)

    def _reference(self, name: str) -> HclValue:
        rules = frozenset({REFERENCE})
        block = self.code.resources.get(name)
        if block is None:
            return Unknown(name, frozenset({TERRAFORM}))
        keys = self.keys(name, block)
        if self.choices.follows and keys is not None:
            return self._once(f"{name}:written", partial(self._as_written, name, block, keys))
        if keys is None or keys == [None]:
            return Unknown(name, rules)
        if all(isinstance(key, int) for key in keys) and block.setting("count"):
            return [Unknown(f"{name}[{key}]", rules) for key in keys]
        return {str(key): Unknown(f"{name}[{json.dumps(key)}]", rules) for key in keys}

    def _as_written(self, name: str, block: Block, keys: Sequence[InstanceKey]) -> HclValue:
        """Return the arguments that the code gives a resource, of all its instances."""
        items, found = self.items(name), dict[str, HclValue]()
        for key in keys:
            evaluator = Evaluator(self, names_of(block, key, items))
            given = {each.name: evaluator.value(each.value) for each in block.settings if each.name not in OF_THE_CALL}
            found[str(key)] = AsWritten(f"{name}{bracketed(key)}", with_echoes(block, given, self.read_file))
        if keys == [None]:
            return found["None"]
        return list(found.values()) if block.setting("count") else found

    def _module_outputs(self, name: str) -> HclValue:
        call, unknown = self.code.calls.get(name), Unknown(f"module.{name}", frozenset({REFERENCE}))
        modules = self.modules(name, call) if call else None
        if modules is None or call is None:
            return unknown
        values: dict[str, HclValue] = {}
        for key, found in modules:
            values[key] = {output: value for output, (value, _) in found.outputs.items()}
            for _, reads in found.outputs.values():
                self.reads |= reads
        if call.setting("count"):
            return list(values.values())
        return values if call.setting("for_each") else values.get("", unknown)

"""One Terraform module evaluated: its resources by address and attribute, with `count` and `for_each` made into instances."""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.hcl.attributes import META, Attribute, BlockLeaves
from bot.core.hcl.budget import OF_A_MODULE
from bot.core.hcl.declarations import module_code
from bot.core.hcl.instances import address_of, bracketed, names_of, reference_of
from bot.core.hcl.result import KEPT, Code, EvaluationMemory, Given, GivenText, ModuleResult, Remembered, Thing, free
from bot.core.hcl.scope import AS_IT_IS, EvaluationChoices, ModuleAddress, Names
from bot.core.hcl.syntax.ast import Block
from bot.core.hcl.values import HclValue, leaves
from bot.core.tree import Tree

_NOT_REMEMBERED = frozenset({"locals", "module", "terraform", "variable"})

_NOT_GIVEN: GivenText = ("None", frozenset())
_OF_THE_STATE = frozenset({"import", "moved", "removed"})
"""Blocks that say how the state came to be what it is, and make nothing."""


class Module:
    """A module at `place` of `files`, with values for its variables."""

    def __init__(
        self,
        files: Tree,
        place: ModuleAddress,
        given: Given,
        memory: EvaluationMemory | None = None,
        *,
        choices: EvaluationChoices = AS_IT_IS,
    ) -> None:
        self.files, self.place, self.given = files, place, given
        self.memory: EvaluationMemory = {} if memory is None else memory
        self.code = module_code(files, place.directory)
        self.texts: dict[str, GivenText] = dict.fromkeys(self.code.variables, _NOT_GIVEN)
        self.texts |= {name: (repr(value), reads) for name, (value, reads) in given.items()}
        self.names = Names(files, place, self.code, given, self._inside)
        self.names.choices = choices
        self.added: list[tuple[str, Thing]] = []
        self.found = ModuleResult(read=self.code.read, unreadable=self.code.unreadable)

    def evaluated(self) -> ModuleResult:
        """Return all that the module holds. Raises `InvalidInput` when that is too much."""
        self.names.allowance.spend(OF_A_MODULE + len(self.code.blocks))
        for path, block in self.code.blocks:
            if block.type in _OF_THE_STATE:
                continue
            if self.place.depth or block.type in _NOT_REMEMBERED:
                self._block(path, block)
            elif (made := self._known(path, block)) is None:
                self._first(path, block)
            else:
                self._again(block, made)
        return self.found

    def _inside(self, place: ModuleAddress, given: Given) -> ModuleResult:
        module = Module(self.files, place, given, choices=self.names.choices)
        module.names.allowance = self.names.allowance
        return module.evaluated()

    def _known(self, path: str, block: Block) -> Remembered | None:
        """Return what a block came to when the variables that it reads had the values that they have now."""
        texts = self.texts.items()
        for made in self.memory.get((path, block.line), ()):
            if made.read.items() <= texts:
                return made
        return None

    def _first(self, path: str, block: Block) -> None:
        """Evaluate a block, and remember what it came to."""
        self.added, self.names.trace = [], set()
        self._block(path, block)
        things = tuple(self.added)
        output = self.found.outputs.get(block.labels[-1]) if block.type == "output" else None
        prefix = self.place.prefix
        names = [name.removeprefix(prefix) for name in self.names.trace if name.startswith(prefix)]
        read = {name: self.texts.setdefault(name, _NOT_GIVEN) for name in names}
        made = Remembered(read, things, output, self._code_of(path, block))
        known = self.memory.setdefault((path, block.line), [])
        known[:] = [made, *known[: KEPT - 1]]

    def _again(self, block: Block, made: Remembered) -> None:
        """Add what a block came to before: without a look at each value, since a large stack is evaluated for each parameter put back."""
        found = self.found
        for address, thing in made.things:
            found.things[address if address not in found.things else free(found.things, address)] = thing
        if made.output is not None:
            found.outputs[block.labels[-1]] = made.output
        name, code = made.code
        found.codes[name if name not in found.codes else free(found.codes, name)] = code

    def _block(self, path: str, block: Block) -> None:
        name = self.place.prefix + address_of(block)
        match block.type:
            case "locals":
                for setting in block.settings:
                    address = f"{self.place.prefix}local.{setting.name}"
                    self.found.codes[address] = Code(setting.code, path, setting.line)
                return
            case "variable":
                self._variable(path, block, name)
            case "output":
                self._add(name, block.type, Thing(self._leaves(path, block, {}), path, block.line, name))
                if (given := block.setting("value")) is not None:
                    self.found.outputs[block.labels[-1]] = self.names.taken(given.value, {})
            case _:
                self._instances_of(path, block, name)
        name, code = self._code_of(path, block)
        self.found.codes[free(self.found.codes, name)] = code

    def _variable(self, path: str, block: Block, address: str) -> None:
        name, sensitive = block.labels[-1], block.setting("sensitive")
        if sensitive is not None and sensitive.code == "true":
            self.found.sensitive.add(f"{self.place.prefix}{name}")
        value, reads = self.names.variable(name)
        found = {at: Attribute(v, reads, path, block.line) for at, v in leaves(value, "value")}
        if not self.place.depth:  # inside a module they are made of what the module is given
            self._add(address, block.type, Thing(found, path, block.line, address))

    def _instances_of(self, path: str, block: Block, name: str) -> None:
        reference = reference_of(block)
        keys = self.names.keys(reference, block)
        if block.type == "module":
            for _, inner in self.names.modules(block.labels[-1], block) or []:
                self.found.add(inner)
        if keys is None:
            names = self.names.unknown_instance(reference)
            self._add(name, block.type, Thing(self._leaves(path, block, names), path, block.line, name))
            return
        items, decided = self.names.items(reference), self.names.decided(reference)
        self.names.allowance.spend(len(keys))
        for key in keys:
            reads = decided if key is not None else frozenset[str]()
            skip = META if key is not None else frozenset[str]()
            found = {
                at: replace(leaf, reads=leaf.reads | reads) if reads else leaf  # what `each.value` was made from
                for at, leaf in self._leaves(path, block, names_of(block, key, items), skip).items()
            }
            found[""] = Attribute("present", reads, path, block.line)
            self._add(name + bracketed(key), block.type, Thing(found, path, block.line, name))

    def _leaves(
        self, path: str, block: Block, names: Mapping[str, HclValue], skip: frozenset[str] = frozenset()
    ) -> dict[str, Attribute]:
        return dict(BlockLeaves(path, self.names.taken, self.names.choices.follows).of(block, names, "", skip))

    def _add(self, address: str, kind: str, thing: Thing) -> None:
        if kind == "terraform" and address in self.found.things:  # its settings may be in several blocks
            thing = replace(thing, leaves={**self.found.things[address].leaves, **thing.leaves})
        else:
            address = free(self.found.things, address)
        self.found.things[address] = thing
        self.added.append((address, thing))

    def _code_of(self, path: str, block: Block) -> tuple[str, Code]:
        return self.place.prefix + address_of(block), Code(block.code, path, block.line)

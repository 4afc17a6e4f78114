"""A whole environment evaluated: stacks in their order, hooks with their inputs, and every other file, all by address and attribute."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.core.graph import graph
from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.local_modules import is_outside
from bot.core.hcl.value_files import given_values, value_files
from bot.core.hcl.values import OUTPUT, HclValue, Unknown, join, leaves, renamed
from bot.core.parity.by_code import stack_values
from bot.core.parity.by_code.stack_values import CODE, StackJob, code_of, evaluated, placed
from bot.core.rendering.assemble import read_hooks
from bot.core.rendering.render import Parameters
from bot.core.tree import File, Tree
from bot.errors import InvalidInput
from bot.model.environment import HOOKS, MANIFEST
from bot.model.pipeline import FromOutput, FromParameter, Hook, Hooks, Pipeline, Stack
from bot.model.yaml_document import line_of
from bot.names import PurposeName, StepName

CONTENT = "(content)"


@dataclass(frozen=True, slots=True)
class InputReference:
    """An environment to be evaluated: its files, and what decides which steps it has."""

    files: Tree
    parameters: Parameters
    purpose: PurposeName
    stacks: Mapping[StepName, Stack]


@dataclass(frozen=True, slots=True)
class EvaluatedEnvironment:
    """All values of an environment. `blocks` are the addresses of the blocks that things were made from."""

    leaves: Mapping[AttributeKey, Attribute]
    blocks: Mapping[str, str]
    sensitive: frozenset[str]
    read: frozenset[str]
    """Files that were evaluated, so that only their meaning is compared."""


def snapshot(given: InputReference, renamed_address: Callable[[str], str] = str) -> EvaluatedEnvironment:
    """Return the values of an environment. Raises `InvalidInput` when its steps or hooks can't be read."""
    hooks = _hooks(given.files[HOOKS]) if HOOKS in given.files else Hooks()
    pipeline = Pipeline(stacks=dict(given.stacks), hooks=hooks.hooks)
    whole = _Whole(given, renamed_address)
    for name, node in graph(pipeline, given.purpose, given.parameters).nodes.items():
        if isinstance(node.step, Stack):
            whole.add_stack(name, node.step)
        else:
            whole.add_hook(name, node.step)
    whole.add_files()
    return EvaluatedEnvironment(whole.leaves, whole.blocks, frozenset(whole.sensitive), frozenset(whole.read))


EvaluatedOutputs = Mapping[str, tuple[HclValue, frozenset[str]]]


class _Whole:
    def __init__(self, given: InputReference, renamed_address: Callable[[str], str]) -> None:
        self.given, self.renamed = given, renamed_address
        self.leaves: dict[AttributeKey, Attribute] = {}
        self.blocks: dict[str, str] = {}
        self.sensitive: set[str] = set()
        self.read: set[str] = {MANIFEST, HOOKS}
        self.outputs: dict[StepName, EvaluatedOutputs] = {}

    def add_stack(self, name: StepName, stack: Stack) -> None:
        given: dict[str, tuple[HclValue, frozenset[str]]] = {}
        undeclared: dict[str, str] = {}
        for path, values in self._variables(name):
            self.read.add(path)
            given |= {key: (value, frozenset({f"{name}/{key}"})) for key, value in values.items()}
            undeclared |= dict.fromkeys(values, path)
        for variable, source in stack.inputs.items():
            value, reads = self._output(source)
            given[variable] = (value, reads | {f"{name}/{variable}"})
        job = StackJob(code_of(self.given.files, name), name, repr(given), given)
        found, stood = evaluated(job), placed(job, self.renamed)
        self.outputs[name] = found.outputs
        self.sensitive |= found.sensitive
        self.read |= found.read
        self.leaves |= stood.leaves
        self.blocks |= stood.blocks
        for key, path in undeclared.items():
            if f"{name}/var.{key}" not in found.codes:
                self._undeclared(path, key, given[key][0])
        self._declaration(f"stack/{name}", stack)

    def add_hook(self, name: StepName, hook: Hook) -> None:
        address = f"hook/{name}"
        self._declaration(address, hook)
        for key, source in hook.inputs.items():
            place = join("with", key)
            if isinstance(source, FromParameter):
                value: HclValue = _json(self.given.parameters.get(source.parameter))
                self._leaves(address, place, value, frozenset({f"parameter/{source.parameter}"}))
            elif isinstance(source, FromOutput):
                value, reads = self._output(source)
                self._leaves(address, place, value, reads)
                self._leaves(address, f"{place}.stand_in", _json(source.stand_in), frozenset())
            else:
                self._leaves(address, place, _json(source.value), frozenset())

    def add_files(self) -> None:
        """Add every file that is not evaluated, byte for byte."""
        for path, file in self.given.files.items():
            if path in self.read or is_outside(path):
                continue  # modules outside are the same files for both
            mode = Attribute("executable" if file.executable else "plain", frozenset(), path, 1)
            self.blocks[path] = path
            self.leaves[AttributeKey(path, "")] = Attribute("present", frozenset(), path, 1)
            self.leaves |= {AttributeKey(path, at): leaf for at, leaf in {"mode": mode, **_content(path, file)}.items()}
            self.leaves[AttributeKey(path, CODE)] = Attribute(_digest(file), frozenset(), path, 1)

    def _variables(self, stack: StepName) -> Iterator[tuple[str, Mapping[str, HclValue]]]:
        """Yield the files with values of variables, in the order in which Terraform reads them."""
        for path in value_files(self.given.files, stack):
            values = _values(path, self.given.files[path].data)
            if values is not None:
                yield path, values

    def _output(self, source: FromOutput) -> tuple[HclValue, frozenset[str]]:
        text = f"{source.step}.{source.output}"
        found = self.outputs.get(source.step, {}).get(source.output)
        if found is None:
            return Unknown(text, frozenset({OUTPUT})), frozenset()
        value, reads = found
        return renamed(value, lambda u: Unknown(f"{source.step}.{u.text}", frozenset({OUTPUT}))), reads

    def _undeclared(self, path: str, key: str, value: HclValue) -> None:
        self.leaves[AttributeKey(path, "")] = Attribute("present", frozenset(), path, 1)
        self._leaves(path, join("", key), value, frozenset(), path)

    def _declaration(self, address: str, step: Stack | Hook) -> None:
        self.blocks[address] = address
        self.leaves |= _declared(_Declaration(address, id(step), step))

    def _leaves(self, address: str, place: str, value: HclValue, reads: frozenset[str], file: str = HOOKS) -> None:
        for attribute, item in leaves(value, place):
            self.leaves[AttributeKey(address, attribute)] = Attribute(item, reads, file, 0)


@dataclass(frozen=True, slots=True)
class _Declaration:
    """How a step is declared; remembered by the object, which lives as long as this does, so that no other gets its number."""

    address: str
    number: int
    step: Stack | Hook = field(compare=False)


@lru_cache(maxsize=1024)
def _declared(given: _Declaration) -> Mapping[AttributeKey, Attribute]:
    """Return the values of a step's declaration, which are the same with whatever parameter is put back."""
    address, step = given.address, given.step
    if isinstance(step, Stack):
        file, value = MANIFEST, step.model_dump(mode="json", by_alias=True)
    else:
        file, value = HOOKS, step.model_dump(mode="json", by_alias=True, exclude={"inputs"}, exclude_none=True)
    found = {AttributeKey(address, ""): Attribute("present", frozenset(), file, 0)}
    for key, item in value.items():
        if item not in (None, [], {}):
            found |= {
                AttributeKey(address, attribute): Attribute(leaf, frozenset(), file, 0)
                for attribute, leaf in leaves(item, join("", key))
            }
    return found


@lru_cache(maxsize=64)
def _hooks(file: File) -> Hooks:
    return read_hooks({HOOKS: file}, ".")


@lru_cache(maxsize=256)
def _values(path: str, data: bytes) -> Mapping[str, HclValue] | None:
    try:
        return {name: each.value for name, each in given_values(path, data).items()}
    except InvalidInput:
        return None  # so it is compared byte for byte


def _json(value: object) -> HclValue:
    """Return JSON as a value; the two differ for the type checker alone."""
    found: HclValue = value  # type: ignore[assignment]
    return found


@lru_cache(maxsize=1024)
def _content(path: str, file: File) -> Mapping[str, Attribute]:
    if path.endswith(".json"):
        try:
            return {at or CONTENT: Attribute(v, frozenset(), path, 1) for at, v in leaves(json.loads(file.data), "")}
        except (ValueError, RecursionError):
            pass  # no JSON after all
    return {CONTENT: Attribute(_digest(file), frozenset(), path, 1)}


@lru_cache(maxsize=1024)
def _digest(file: File) -> str:
    return f"{len(file.data)} bytes, SHA-256 {hashlib.sha256(file.data).hexdigest()[:12]}"


_INSTANCE = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')


def renaming(mapped: Callable[[str], str]) -> Callable[[str], str]:
    """Return what gives an instance's key the name that it hmatch production."""
    known: dict[str, str] = {}

    def rename(address: str) -> str:
        if '["' not in address:
            return address
        if address not in known:
            known[address] = _INSTANCE.sub(lambda found: f'["{mapped(found[1])}"]', address)
        return known[address]

    return rename


def line_at(files: Tree, key: AttributeKey, leaf: Attribute) -> int:
    """Return the line of a value; those of hooks and of stacks' declarations are looked up in their document."""
    if leaf.file not in {HOOKS, MANIFEST} or leaf.file not in files:
        return leaf.line or 1
    kind, _, name = key.address.partition("/")
    words = [] if key.attribute in ("", CODE) else re.split(r"[.\[]", key.attribute)[:2]
    return line_of(files[leaf.file].data.decode(), ["hooks" if kind == "hook" else "stacks", name, *words])


def forget() -> None:
    """Forget what was evaluated before; for measurements."""
    stack_values.forget()
    _declared.cache_clear()
    _values.cache_clear()
    _content.cache_clear()


def first_difference(one: bytes, other: bytes) -> int:
    """Return the line, from 1, at which two contents part."""
    lines: Sequence[tuple[bytes, bytes]] = list(zip(one.splitlines(), other.splitlines(), strict=False))
    return next((n for n, (a, b) in enumerate(lines, start=1) if a != b), len(lines) + 1)

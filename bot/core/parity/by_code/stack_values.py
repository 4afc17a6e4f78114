"""One stack of an environment evaluated, and its values where they are in it; remembered by content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.local_modules import beside
from bot.core.hcl.module import Module
from bot.core.hcl.parser import blocks
from bot.core.hcl.result import Code, EvaluationMemory, ModuleResult, Thing
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.values import HclValue
from bot.core.tree import CODE as ENDINGS
from bot.core.tree import File, Tree
from bot.errors import InvalidInput
from bot.names import StepName

MOST_THINGS = 16_384
"""Remembered as they are placed: those of five of the largest stacks that we know of."""

StackFiles = tuple[tuple[str, File], ...]
"""Files of a stack, by path."""

CODE = "(code)"
"""The attribute that holds a block's code, for differences that no value shows."""


@dataclass(frozen=True)
class StackJob:
    """A stack to be evaluated; equal when the files and the inputs are."""

    files: StackFiles
    name: StepName
    key: str
    given: Mapping[str, tuple[HclValue, frozenset[str]]] = field(compare=False)


@lru_cache(maxsize=256)
def evaluated(job: StackJob) -> ModuleResult:
    """Return a stack's values. Remembered by content: most of a clone's stacks are evaluated many times, with few changes."""
    memory = _memory(job.name, _code(job))
    try:
        return Module(dict(job.files), ModuleAddress(job.name, f"{job.name}/"), job.given, memory).evaluated()
    except RecursionError as error:
        raise InvalidInput(f"{job.name}: its expressions are nested too deeply to be evaluated.") from error


@dataclass(frozen=True, slots=True)
class PlacedValues:
    """A stack's values by address and attribute, and the blocks that they were made from."""

    leaves: Mapping[AttributeKey, Attribute]
    blocks: Mapping[str, str]


@lru_cache(maxsize=256)
def placed(job: StackJob, renamed_address: Callable[[str], str]) -> PlacedValues:
    """Return a stack's values where they are in an environment; putting back a parameter changes few of the stacks."""
    found, newest = evaluated(job), _newest(job.name, _code(job), renamed_address)
    values = _placed_after(newest[0], found, renamed_address) if newest else None
    if values is None:
        values = _placed_anew(found, renamed_address)
    newest[:] = [_Placed(found, values)]
    return values


@dataclass(frozen=True, slots=True)
class _Placed:
    found: ModuleResult
    values: PlacedValues


@lru_cache(maxsize=64)
def _newest(name: StepName, code: StackFiles, renamed_address: Callable[[str], str]) -> list[_Placed]:
    """Return what was placed last of this code, if anything was."""
    return []


def _placed_anew(found: ModuleResult, renamed_address: Callable[[str], str]) -> PlacedValues:
    leaves: dict[AttributeKey, Attribute] = {}
    blocks: dict[str, str] = {}
    for at, thing in found.things.items():
        address = renamed_address(at)
        blocks[address] = thing.block
        leaves |= _of_thing(address, thing)
    for at, code in found.codes.items():
        leaves[AttributeKey(renamed_address(at), CODE)] = _of_code(code)
    return PlacedValues(leaves, blocks)


def _placed_after(before: _Placed, found: ModuleResult, renamed_address: Callable[[str], str]) -> PlacedValues | None:
    """Return what was placed before with the values that are other ones now, in the same order.

    None where there are other things or attributes than before, or two of them share an address, so that the last one counts.
    """
    pairs = list(zip(before.found.things.items(), found.things.items(), strict=False))
    codes = list(zip(before.found.codes.items(), found.codes.items(), strict=False))
    if (len(pairs), len(codes)) != (len(found.things), len(found.codes)) or len(before.values.leaves) != _count(found):
        return None
    leaves = dict(before.values.leaves)
    for (at, old), (address, thing) in pairs:
        if at != address or (old is not thing and list(old.leaves) != list(thing.leaves)):
            return None
        if old is not thing:
            leaves |= _of_thing(renamed_address(address), thing)
    for (at, old_code), (address, code) in codes:
        if at != address:
            return None
        if old_code is not code:
            leaves[AttributeKey(renamed_address(address), CODE)] = _of_code(code)
    return PlacedValues(leaves, before.values.blocks)


def _count(found: ModuleResult) -> int:
    """Return how many values there are, if each has an address of its own."""
    return len(found.codes) + sum(len(thing.leaves) + ("" not in thing.leaves) for thing in found.things.values())


@lru_cache(maxsize=MOST_THINGS)
def _of_thing(address: str, thing: Thing) -> Mapping[AttributeKey, Attribute]:
    """Return a thing's values where they stand; most things are remembered and come again with every parameter that is put back."""
    present = Attribute("present", frozenset(), thing.file, thing.line)
    return {
        AttributeKey(address, ""): present,
        **{AttributeKey(address, attribute): leaf for attribute, leaf in thing.leaves.items()},
    }


@lru_cache(maxsize=MOST_THINGS)
def _of_code(code: Code) -> Attribute:
    return Attribute(code.text, frozenset(), code.file, code.line)


def _code(job: StackJob) -> StackFiles:
    return tuple((path, file) for path, file in job.files if not _is_value(path, file))


@lru_cache(maxsize=64)
def _memory(name: StepName, code: StackFiles) -> EvaluationMemory:
    """Return what blocks of this code came to before."""
    return {}


def _is_value(path: str, file: File) -> bool:
    """Say whether a file can't change what blocks of other files come to, but through variables."""
    if path.endswith((".tfvars", ".tfvars.json")):
        return True
    try:
        return path.endswith(ENDINGS) and all(block.type == "terraform" for block in blocks(path, file.data))
    except (ValueError, RecursionError):
        return False


def code_of(files: Tree, name: str) -> tuple[tuple[str, File], ...]:
    """Return the files of a stack and of the modules that it calls outside itself."""
    inside = {path: file for path, file in files.items() if path.startswith(f"{name}/")}
    return tuple(sorted((inside | beside(files, name)).items(), key=lambda pair: pair[0]))


def forget() -> None:
    """Forget what was evaluated before; for measurements."""
    evaluated.cache_clear()
    placed.cache_clear()
    _of_thing.cache_clear()
    _of_code.cache_clear()
    _memory.cache_clear()
    _newest.cache_clear()

"""One stack of an environment evaluated, and its values where they stand in it; remembered by content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from bot.core.hcl.attributes import Attribute
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

AttributeKey = tuple[str, str]
"""An address and an attribute; the empty attribute says that the address exists."""

CODE = "(code)"
"""The attribute that holds a block's code, for differences that no value shows."""


@dataclass(frozen=True)
class StackJob:
    """A stack to be evaluated; equal when the files and the inputs are."""

    files: tuple[tuple[str, File], ...]
    name: StepName
    key: str
    given: Mapping[str, tuple[HclValue, frozenset[str]]] = field(compare=False)


@lru_cache(maxsize=256)
def evaluated(job: StackJob) -> ModuleResult:
    """Return a stack's values. Remembered by content: most of a clone's stacks are evaluated many times, with few changes."""
    memory = _memory(job.name, tuple((path, file) for path, file in job.files if not _is_value(path, file)))
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
    """Return a stack's values where they stand in an environment; putting back a parameter changes few of the stacks."""
    leaves: dict[AttributeKey, Attribute] = {}
    blocks: dict[str, str] = {}
    found = evaluated(job)
    for at, thing in found.things.items():
        address = renamed_address(at)
        blocks[address] = thing.block
        leaves |= _of_thing(address, thing)
    for at, code in found.codes.items():
        leaves[renamed_address(at), CODE] = _of_code(code)
    return PlacedValues(leaves, blocks)


@lru_cache(maxsize=MOST_THINGS)
def _of_thing(address: str, thing: Thing) -> Mapping[AttributeKey, Attribute]:
    """Return a thing's values where they stand; most things are remembered and come again with every parameter that is put back."""
    present = Attribute("present", frozenset(), thing.file, thing.line)
    return {(address, ""): present, **{(address, attribute): leaf for attribute, leaf in thing.leaves.items()}}


@lru_cache(maxsize=MOST_THINGS)
def _of_code(code: Code) -> Attribute:
    return Attribute(code.text, frozenset(), code.file, code.line)


@lru_cache(maxsize=64)
def _memory(name: StepName, code: tuple[tuple[str, File], ...]) -> EvaluationMemory:
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

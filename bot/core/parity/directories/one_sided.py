"""Blocks and instances that only one of two root modules has, told once for each block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.values import Unknown
from bot.core.parity.directories.evaluation import EvaluatedRoot


@dataclass(frozen=True, slots=True)
class OneSided:
    """A block's instances (or the block) that one side has and the other has not.

    `first` is the address of the first one, `leaf` says where and from what it is made.
    """

    address: str
    first: str
    leaf: Attribute
    instances: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Alone:
    """What only one side has, and the addresses that say nothing because one side can't tell its instances."""

    blocks: Sequence[OneSided]
    addresses: frozenset[str]
    untold: frozenset[str]


def alone(ours: EvaluatedRoot, theirs: EvaluatedRoot) -> Alone:
    """Return what only one of two root modules has."""
    untold = _untold(ours) | _untold(theirs)
    one_sided = ours.blocks.keys() ^ theirs.blocks.keys()
    addresses = {each for each in one_sided if not _is_below_any(each, one_sided)}
    hidden = {each for each in addresses if _block(each, ours, theirs) in untold}
    found: dict[tuple[str, bool], list[str]] = {}
    for address in sorted(addresses - hidden):
        found.setdefault((_block(address, ours, theirs), address in ours.blocks), []).append(address)
    blocks = list(_told(found, ours, theirs))
    return Alone(blocks, frozenset(one_sided), frozenset(_block(each, ours, theirs) for each in hidden))


def _told(found: dict[tuple[str, bool], list[str]], ours: EvaluatedRoot, theirs: EvaluatedRoot) -> Iterator[OneSided]:
    for (block, is_ours), addresses in found.items():
        if block.rpartition(".output.")[1] or block.startswith("output."):
            continue
        side = ours if is_ours else theirs
        address = addresses[0] if len(addresses) == 1 else block
        yield OneSided(address, addresses[0], side.leaves[AttributeKey(addresses[0], "")], len(addresses), is_ours)


def _untold(side: EvaluatedRoot) -> set[str]:
    """Return the blocks whose instances can't be known."""
    return {
        address
        for (address, attribute), leaf in side.leaves.items()
        if attribute.split(".")[0].split("[")[0] in ("count", "for_each") and isinstance(leaf.value, Unknown)
    }


def _block(address: str, ours: EvaluatedRoot, theirs: EvaluatedRoot) -> str:
    return ours.blocks.get(address) or theirs.blocks[address]


def _is_below_any(address: str, others: set[str]) -> bool:
    """Say whether an address lies inside a module that is one-sided itself."""
    parts = address.split(".")
    return any(".".join(parts[:end]) in others for end in range(2, len(parts)))

"""What is held against what: root modules by name and content, and blocks whose addresses hold the name of their side."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.parity.directories.evaluation import EvaluatedRoot
from bot.core.parity.directories.likeness import Likeness

_ENDS = re.compile(r"[.\[]")
ALIKE = 0.5
"""The share of blocks that two root modules of different names must have in common to be one that was renamed."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The same root module on both sides."""

    name: str
    ours: EvaluatedRoot
    theirs: EvaluatedRoot
    is_by_content: bool = False


@dataclass(frozen=True, slots=True)
class Pairing:
    """The root modules that both sides have, and those that only one has."""

    pairs: Sequence[Pair]
    missing: Sequence[EvaluatedRoot]
    extra: Sequence[EvaluatedRoot]


def pairing(
    ours: Sequence[EvaluatedRoot], theirs: Sequence[EvaluatedRoot], neutral: Callable[[str, bool], str]
) -> Pairing:
    """Pair root modules: by name, by name without the words of their sides (`neutral`), and then by what they hold."""
    left, right, pairs = list(ours), list(theirs), list[Pair]()
    for called in (_as_it_is, neutral):
        names = Counter(called(each.root.name, False) for each in right)
        for mine in list(left):
            name = called(mine.root.name, True)
            other = next((each for each in right if called(each.root.name, False) == name and names[name] == 1), None)
            if other is not None:
                pairs.append(Pair(other.root.name, mine, other))
                left.remove(mine)
                right.remove(other)
    scored = sorted(
        ((_likeness(mine, other), m, o) for m, mine in enumerate(left) for o, other in enumerate(right)), reverse=True
    )
    taken: set[tuple[str, int]] = set()
    for score, m, o in scored:
        if score >= ALIKE and ("ours", m) not in taken and ("theirs", o) not in taken:
            taken |= {("ours", m), ("theirs", o)}
            pairs.append(Pair(right[o].root.name, left[m], right[o], is_by_content=True))
    missing = [other for o, other in enumerate(right) if ("theirs", o) not in taken]
    extra = [mine for m, mine in enumerate(left) if ("ours", m) not in taken]
    return Pairing(sorted(pairs, key=lambda pair: pair.name), missing, extra)


@dataclass(frozen=True, slots=True)
class Renamed:
    """Our addresses and attributes that are theirs but for the words of the sides: theirs by ours."""

    addresses: Mapping[str, str]
    attributes: Mapping[AttributeKey, AttributeKey]

    def address(self, ours: str) -> str:
        """Return an address as the other side has it."""
        if ours in self.addresses:
            return self.addresses[ours]
        # An instance, or a block of a module, that is only there with the other side's inputs is called as what it belongs to.
        for end in _ENDS.finditer(ours):
            if end.start() and (found := self.addresses.get(ours[: end.start()])) is not None:
                return found + ours[end.start() :]
        return ours

    def moved(self, leaves: Mapping[AttributeKey, Attribute]) -> Mapping[AttributeKey, Attribute]:
        """Return values at the other side's addresses."""
        placed = {AttributeKey(self.address(key.address), key.attribute): leaf for key, leaf in leaves.items()}
        return {self.attributes.get(key, key): leaf for key, leaf in placed.items()}

    def input(self, ours: str) -> str:
        """Return the name of an input as the other side has it: that of an argument holds the address of its module."""
        module, colon, argument = ours.partition(":")
        return f"{self.address(module)}{colon}{argument}"


def renamed(ours: EvaluatedRoot, theirs: EvaluatedRoot, likeness: Likeness) -> Renamed:
    """Return what is called after its side: blocks (`web_staging`), and keys of maps inside them."""
    addresses = _same_but_for_words(set(ours.blocks), set(theirs.blocks), likeness, str)
    keys = {AttributeKey(addresses.get(key.address, key.address), key.attribute) for key in ours.leaves}
    one_sided = {key for key in keys ^ theirs.leaves.keys() if key.address in theirs.blocks}
    found = _same_but_for_words(keys & one_sided, theirs.leaves.keys() & one_sided, likeness, "\0".join)
    return Renamed(addresses, found)


def at_their_addresses(ours: EvaluatedRoot, names: Renamed) -> EvaluatedRoot:
    """Return a root module with the blocks that are named after their side at the addresses that the other side has for them."""
    blocks = {names.address(address): block for address, block in ours.blocks.items()}
    calls = frozenset(names.address(f"module.{name}").removeprefix("module.") for name in ours.calls)
    return replace(ours, leaves=names.moved(ours.leaves), blocks=blocks, calls=calls)


_Named = TypeVar("_Named", str, AttributeKey)


def _same_but_for_words(
    ours: set[_Named], theirs: set[_Named], likeness: Likeness, written: Callable[[_Named], str]
) -> Mapping[_Named, _Named]:
    """Return theirs by ours, of what only one side has, where both are one without the words of the sides."""
    neutral = {each: likeness.neutral_address(written(each), is_ours=False) for each in theirs - ours}
    counted = Counter(neutral.values())
    known = {text: each for each, text in neutral.items() if counted[text] == 1}
    found = {each: known.get(likeness.neutral_address(written(each), is_ours=True)) for each in ours - theirs}
    twice = Counter(each for each in found.values() if each is not None)
    return {each: other for each, other in found.items() if other is not None and twice[other] == 1}


def _as_it_is(name: str, is_ours: bool) -> str:
    return name


def _likeness(one: EvaluatedRoot, other: EvaluatedRoot) -> float:
    mine, theirs = (_holds(each) for each in (one, other))
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0


def is_content(address: str) -> bool:
    """Say whether a block is what a root module is for, and not how it is set up or what it tells."""
    return address.partition(".")[0] not in {"terraform", "provider", "output"}


def _holds(each: EvaluatedRoot) -> set[str]:
    return {block for block in each.blocks.values() if is_content(block)}

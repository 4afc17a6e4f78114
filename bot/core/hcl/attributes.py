"""The attributes of one block, by path: settings, blocks inside (numbered), and dynamic blocks written out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.core.hcl.syntax.ast import Block, Expression
from bot.core.hcl.values import TERRAFORM, HclValue, Scalar, Unknown, join, leaves

# What Terraform itself reads and what a value can't change: compared as written.
AS_WRITTEN = frozenset({"depends_on", "provider", "providers", "ignore_changes", "replace_triggered_by"})
AS_WRITTEN_BLOCKS = frozenset({"lifecycle", "validation", "precondition", "postcondition"})
META = frozenset({"count", "for_each"})


class AttributeKey(NamedTuple):
    """Where a value is: an address and an attribute of it; the empty attribute says that the address exists."""

    address: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value at an attribute: what it is, which variables it was made from (`data/db_class`), and where it stands."""

    value: Scalar | Unknown
    reads: frozenset[str]
    file: str
    line: int


Evaluate = Callable[[Expression, Mapping[str, HclValue]], tuple[HclValue, frozenset[str]]]
"""Evaluates an expression with further names, and says which variables decided it."""


@dataclass(frozen=True, slots=True)
class BlockLeaves:
    """Reads blocks of the file `path`."""

    path: str
    taken: Evaluate
    follows: bool = False
    """Whether blocks are followed into a collection that isn't known (`EvaluationChoices`)."""

    def of(
        self, block: Block, names: Mapping[str, HclValue], at: str, skip: frozenset[str] = frozenset()
    ) -> Iterator[tuple[str, Attribute]]:
        """Yield what is in a block and in the blocks inside it; `at` is the path so far."""
        for setting in block.settings:
            if setting.name in skip:
                continue
            place = join(at, setting.name)
            if setting.name in AS_WRITTEN:
                yield place, Attribute(setting.code, frozenset(), self.path, setting.line)
                continue
            value, reads = self.taken(setting.value, names)
            if isinstance(value, str):
                yield place, Attribute(value, reads, self.path, setting.line)  # most are
            elif value is not None:  # null is the same as not set
                yield from ((p, Attribute(v, reads, self.path, setting.line)) for p, v in leaves(value, place))
        counts: dict[str, int] = {}
        arguments = {setting.name for setting in block.settings}
        for inner in block.blocks:
            if (
                inner.type not in arguments
            ):  # else it is that argument, which JSON leaves open to be a block (`json_syntax/kinds`)
                yield from self._inner_leaves(inner, names, at, counts)

    def _inner_leaves(
        self, block: Block, names: Mapping[str, HclValue], at: str, counts: dict[str, int]
    ) -> Iterator[tuple[str, Attribute]]:
        kind = block.type
        if kind == "dynamic":
            yield from self._dynamic_leaves(block, names, at, counts)
            return
        place = join(at, kind)
        for label in block.labels:
            place = join(place, label)
        place = place if block.labels else f"{place}[{_next(counts, kind)}]"
        if kind in AS_WRITTEN_BLOCKS:
            yield place, Attribute(block.code, frozenset(), self.path, block.line)
        elif not block.settings and not block.blocks:
            yield place, Attribute("{}", frozenset(), self.path, block.line)
        else:
            yield from self.of(block, names, place)

    def _dynamic_leaves(
        self, block: Block, names: Mapping[str, HclValue], at: str, counts: dict[str, int]
    ) -> Iterator[tuple[str, Attribute]]:
        kind = block.labels[0] if block.labels else "dynamic"
        content = next((inner for inner in block.blocks if inner.type == "content"), None)
        over, iterator = block.setting("for_each"), block.setting("iterator")
        word = iterator.code if iterator else kind
        value, reads = self.taken(over.value, names) if over else (None, frozenset[str]())
        if content is None or isinstance(value, Unknown) or not isinstance(value, list | dict):
            text = value if isinstance(value, Unknown) else Unknown(block.code, frozenset({TERRAFORM}))
            yield f"{join(at, kind)}[*].for_each", Attribute(text, reads, self.path, block.line)
            if content is not None:
                is_followed = self.follows and isinstance(value, Unknown)
                inner = {**names, word: any_of(text) if is_followed else Unknown(word, frozenset({TERRAFORM}))}
                yield from self.of(content, inner, f"{join(at, kind)}[*]")
            return
        pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        for key, item in pairs:
            place = f"{join(at, kind)}[{_next(counts, kind)}]"
            each: dict[str, HclValue] = {"key": key, "value": item}
            for attribute, leaf in self.of(content, {**names, word: each}, place):
                yield attribute, Attribute(leaf.value, leaf.reads | reads, leaf.file, leaf.line)


def any_of(collection: Unknown) -> HclValue:
    """Return what `each` or an iterator is of a collection that isn't known: one of its keys, and one of its values."""
    return {part: Unknown(f"{part}s({collection.text})[0]", collection.rules) for part in ("key", "value")}


def _next(counts: dict[str, int], kind: str) -> int:
    counts[kind] = counts.get(kind, -1) + 1
    return counts[kind]

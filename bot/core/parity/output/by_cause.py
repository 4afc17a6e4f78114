"""The differences of two directories grouped by what causes them: a variable that decides twenty values is said once."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.parity.directories.report import CodeCause, DirectoryDifference, DirectoryParity
from bot.core.plural import counted

NOT_SET = "(not set)"
_ITEM = re.compile(r"\[\d+\]$")
_INNER = re.compile(r"(?<=\])\.")
_MOST_CHANGES = 3
_WEIGHTS = ("topology", "data", "secrets", "outbound", "sizes", "scaling", "versions", "access", "release")
"""Aspects in the order in which a reader wants to know of them."""


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Differences with the same causes. Without an input's name they are written in the code, each at its own place."""

    causes: tuple[CodeCause, ...]
    found: tuple[DirectoryDifference, ...]

    @property
    def is_written(self) -> bool:
        return not any(cause.name for cause in self.causes)


def by_cause(found: Sequence[DirectoryDifference]) -> Sequence[CauseGroup]:
    """Return changed values by their causes, what matters most first and what is written in the code last."""
    groups: dict[tuple[object, ...], list[DirectoryDifference]] = {}
    for each in found:
        if each.difference.kind == "changed":
            groups.setdefault(tuple(_key(cause) for cause in each.causes), []).append(each)
    made = [CauseGroup(each[0].causes, tuple(sorted(each, key=_order))) for each in groups.values()]
    return sorted(made, key=lambda group: (group.is_written, _weight(group.found[0]), -len(group.found)))


def by_block(found: Sequence[DirectoryDifference]) -> Sequence[Sequence[DirectoryDifference]]:
    """Return differences by the address that they are at, in the order of the first ones."""
    blocks: dict[str, list[DirectoryDifference]] = {}
    for each in found:
        blocks.setdefault(each.difference.address, []).append(each)
    return list(blocks.values())


@dataclass(frozen=True, slots=True)
class JoinedValue:
    """A value, or the items of a list that differ, taken together."""

    address: str
    attribute: str
    theirs: str
    ours: str
    aspect: str | None


def joined_lists(found: Sequence[DirectoryDifference]) -> Sequence[JoinedValue]:
    """Return the differences of one address: the items of a list as one, and a block inside that one side has not as one."""
    joined: dict[str, list[DirectoryDifference]] = {}
    for each in found:
        joined.setdefault(_ITEM.sub("", each.difference.attribute), []).append(each)
    inner: dict[tuple[str, str], list[str]] = {}
    for attribute, items in joined.items():
        inner.setdefault((_INNER.split(attribute)[0], _lacking(items)), []).append(attribute)
    told = []
    for (block, lacking), attributes in inner.items():
        if lacking and len(attributes) > 1:
            first = joined[attributes[0]][0].difference
            texts = [NOT_SET if side == lacking else f"({len(attributes)} values)" for side in ("theirs", "ours")]
            told.append(JoinedValue(first.address, block, texts[0], texts[1], first.aspect))
        else:
            told += [_joined(attribute, joined[attribute]) for attribute in attributes]
    return told


def _joined(attribute: str, items: Sequence[DirectoryDifference]) -> JoinedValue:
    first = items[0].difference
    if len(items) == 1:
        return JoinedValue(first.address, first.attribute, first.production, first.clone, first.aspect)
    theirs = [each.difference.production for each in items if each.difference.production != NOT_SET]
    ours = [each.difference.clone for each in items if each.difference.clone != NOT_SET]
    only = (
        ", ".join(text for text in theirs if text not in ours),
        ", ".join(text for text in ours if text not in theirs),
    )
    return JoinedValue(first.address, attribute, only[0] or "(nothing else)", only[1] or "(nothing else)", first.aspect)


def _lacking(items: Sequence[DirectoryDifference]) -> str:
    """Return the side that has none of these values, if there is one."""
    if all(each.difference.clone == NOT_SET for each in items):
        return "ours"
    return "theirs" if all(each.difference.production == NOT_SET for each in items) else ""


def one_sided(parity: DirectoryParity, kind: Literal["missing", "extra"] | str) -> Sequence[DirectoryDifference]:
    """Return what only one side has."""
    return [each for each in parity.differences if each.difference.kind == kind]


def block_text(each: DirectoryDifference) -> str:
    """Return what only one side has, with how much it stands for."""
    address = each.difference.address
    if address.endswith("/"):
        return f"{address} ({counted(each.instances, 'block')})"
    return f"{address} ({each.instances} instances)" if each.instances > 1 else address


def summary(parity: DirectoryParity) -> Iterator[str]:
    """Yield the first lines: what was compared, and how much of it is alike."""
    both = [each for each in parity.roots if each.ours and each.theirs]
    told = len(parity.telling)
    if not both:
        yield "No root module of one side is like one of the other: nothing was compared inside."
        return
    what = counted(len(both), "root module")
    yield (
        f"{what} with {counted(parity.compared, 'value')} compared: {counted(parity.equal, 'is', 'are')} equal, "
        f"{counted(len(parity.by_identity), 'differs', 'differ')} only in name, account or address, and "
        f"{counted(told, 'differs', 'differ')} in other ways."
    )
    for each in both:
        if each.is_by_content:
            yield f"{each.ours} is compared with {each.theirs}, which holds most of the same blocks."


def cause_title(cause: CodeCause) -> str:
    """Return an input with its values on both sides."""
    shown = [f"{change.name}: {change.theirs} → {change.ours}" for change in cause.changes[:_MOST_CHANGES]]
    more = [f"and {len(cause.changes) - _MOST_CHANGES} more"] if len(cause.changes) > _MOST_CHANGES else []
    if cause.kind == "workspace":
        return ", ".join(shown)
    return f"{cause.kind} {', '.join([*shown, *more])}" if cause.name else "written in the code"


def places(cause: CodeCause) -> str:
    """Return where a cause is said: here, and there if that is another place."""
    here, there = cause.here, cause.there
    if here is None or there is None:
        return str(here or there or "")
    return str(here) if here == there else f"{here} ({there})"


def _key(cause: CodeCause) -> tuple[object, ...]:
    return (cause.kind, cause.name, cause.changes)


def _order(each: DirectoryDifference) -> tuple[int, str, str]:
    return _weight(each), each.difference.address, each.difference.attribute


def _weight(each: DirectoryDifference) -> int:
    aspect = each.difference.aspect
    return _WEIGHTS.index(aspect) if aspect in _WEIGHTS else len(_WEIGHTS)

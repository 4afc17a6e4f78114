"""The differences of a clone in one table for a reviewer: a row for each cause, what matters most first, places shortened."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from bot.core.hcl.address_patterns import of_stack
from bot.core.markdown import cell, details, table
from bot.core.parity.output.markdown import because, sides, tables
from bot.core.parity.report import Difference, Parity
from bot.core.plural import counted
from bot.names import ParameterName

MOST_PLACES = 2
"""Places that a row names; the rest is counted, and in the fold below."""
MOST_ROWS = 20
_ASPECTS: Final = (
    "topology", "data", "secrets", "outbound", "sizes", "scaling", "versions", "access", "release"
)  # fmt: skip
"""Aspects in the order in which a reviewer wants to know of them."""
_RESOURCE = re.compile(r"(?:.*\.)?(?P<provider>[a-z0-9]+)_(?P<kind>[a-z0-9_]+)\.[^.]+")

Values = Callable[[ParameterName], tuple[str, str]]
"""A parameter's values as texts: the source's and the clone's; nothing on the side that has none."""


def by_cause(parity: Parity, values: Values) -> str:
    """Return the differences that say something, grouped, and all of them with their places in a fold."""
    telling = parity.telling
    if not telling:
        return tables(parity)
    groups: dict[tuple[object, ...], list[Difference]] = {}
    for each in telling:
        groups.setdefault(_key(each), []).append(each)
    ordered = sorted(groups.values(), key=_weight)
    rows = [_row(group, values) for group in ordered[:MOST_ROWS]]
    more = f"\n\n… and {counted(len(ordered) - MOST_ROWS, 'more cause')}, below." if len(ordered) > MOST_ROWS else ""
    head = ("Cause", parity.against, parity.environment, "Aspect", "Where")
    folded = details(f"All {counted(len(parity.differences), 'difference')}, place by place", tables(parity))
    return f"{table(head, rows)}{more}\n\n{folded}"


def place(each: Difference) -> str:
    """Return a short name of where a difference is: `app · task definition · cpu`."""
    stack, rest = of_stack(each.address)
    found = _RESOURCE.fullmatch(rest)
    named = found["kind"].replace("_", " ") if found else rest
    return " · ".join(filter(None, [stack or each.address, named if stack else "", each.attribute]))


def _key(each: Difference) -> tuple[object, ...]:
    """Return what differences of one row have in common; what nobody explains stands alone."""
    if each.is_unexplained:
        return each.address, each.attribute
    return each.causes, each.is_revision, each.waiver


def _row(group: Sequence[Difference], values: Values) -> tuple[str, str, str, str, str]:
    first = group[0]
    if len(first.causes) == 1:
        both = sides(*values(first.causes[0].parameter), absent="not set")
    elif _alike(group):
        both = sides(first.production, first.clone)
    else:
        both = (f"{len(group)} values", f"{len(group)} values")
    return because(first), *both, ", ".join(_aspects(group)), _where(group)


def _alike(group: Sequence[Difference]) -> bool:
    return all(one.production == other.production and one.clone == other.clone for one, other in pairwise(group))


def _where(group: Sequence[Difference]) -> str:
    places = list(dict.fromkeys(map(place, group)))
    kinds = {each.kind for each in group} - {"changed"}
    said = [cell(each) for each in places[:MOST_PLACES]]
    if len(places) > MOST_PLACES:
        said.append(f"and {len(places) - MOST_PLACES} more")
    whole = f" ({', '.join(sorted(kinds))})" if kinds else ""
    return f"{', '.join(said)}{whole}"


def _aspects(group: Sequence[Difference]) -> Iterator[str]:
    yield from sorted({each.aspect or "other" for each in group}, key=_rank)


def _rank(aspect: str) -> int:
    return _ASPECTS.index(aspect) if aspect in _ASPECTS else len(_ASPECTS)


def _weight(group: Sequence[Difference]) -> tuple[bool, bool, int, int]:
    first = group[0]
    whole = any(each.kind != "changed" for each in group)
    return not first.is_unexplained, not whole, min(_rank(each.aspect or "other") for each in group), -len(group)

"""Allocate a value that no other environment has.

The search starts at a place that depends on the environment's name, so that clones asked for in the same moment rarely
want the same value, and the same request drafted twice wants the same one. Whether it is really free is decided when it
is claimed (see `Claim`); this only has to propose well.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import assert_never

from bot.errors import UserError
from bot.model.pipeline import Json
from bot.model.template import Allocation, Choices, CidrParameter, Parameter, Pool
from bot.names import EnvironmentName, ParameterName


class Held:
    """Values of one parameter that are in use, made ready for the question whether another one is free."""

    def __init__(self, values: Iterable[Json]) -> None:
        self._values = tuple(values)

    @cached_property
    def texts(self) -> frozenset[str]:
        """The values as they are written."""
        return frozenset(map(str, self._values))

    @cached_property
    def _spans(self) -> Sequence[tuple[int, int]]:
        """The addresses that are held, as spans in order that don't touch, after one that ends before the first address."""
        taken = [(-1, 0)]
        for low, high in sorted(filter(None, map(span, self.texts))):
            if low <= taken[-1][1] and len(taken) > 1:
                taken[-1] = (taken[-1][0], max(high, taken[-1][1]))
            else:
                taken.append((low, high))
        return taken

    def held_to(self, low: int, high: int) -> int:
        """Return what is the first free address behind those that are held of a span and before it; up to `low` the span is free."""
        return self._spans[bisect_left(self._spans, (high, 0)) - 1][1]

    def clashes(self, parameter: Parameter, value: Json) -> bool:
        """Say whether any of the values can't be held beside this one, as `clash` does of one."""
        if not isinstance(parameter, CidrParameter):
            return value in self._values
        wanted = span(str(value))
        return wanted is not None and self.held_to(*wanted) > wanted[0]


def allocate(parameter: ParameterName, allocation: Allocation, held: Sequence[Held], name: EnvironmentName) -> Json:
    """Return the first free value, beginning at the environment's own place. Raises `UserError` when none is left."""
    match allocation:
        case Pool():
            return _network(parameter, allocation, held, name)
        case Choices():
            for choice in _rotated(list(allocation.choices), name):
                if not any(str(choice) in each.texts for each in held):
                    return choice
            raise _exhausted(parameter, f"all {len(allocation.choices)} choices")
        case _:
            assert_never(allocation)


def placed_as_in_source(theirs: Json, pool: Pool, others: Iterable[tuple[Json, Json]]) -> str | None:
    """Return the network that lies in another of the environment's as the source's network `theirs` does in the source's.

    `others` are networks of the environment, each with the source's. None if it lies in none of them, or if the pool lacks it.
    """
    wanted = span(str(theirs))
    around = [(span(str(here)), span(str(there))) for here, there in others]
    found = [
        (here, there)
        for here, there in around
        if here and there and wanted and _size(here) == _size(there) and there[0] <= wanted[0] and wanted[1] <= there[1]
    ]
    if wanted is None or not found or _size(wanted) != 1 << (32 - pool.prefix):
        return None
    here, there = min(found, key=lambda pair: _size(pair[1]))
    network = IPv4Network((here[0] + wanted[0] - there[0], pool.prefix))
    return f"{network}" if network.subnet_of(pool.pool) else None


def _size(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _network(parameter: ParameterName, allocation: Pool, held: Sequence[Held], name: EnvironmentName) -> str:
    size = 1 << (32 - allocation.prefix)
    count = 1 << (allocation.prefix - allocation.pool.prefixlen)
    first = int(allocation.pool.network_address)
    start = _place(name, count)
    position, wrapped = start, False
    while not (wrapped and position >= start):
        low = first + position * size
        high = max(each.held_to(low, low + size) for each in held)
        if high <= low:
            return f"{IPv4Network((low, allocation.prefix))}"
        position = max(position + 1, -(-(high - first) // size))  # go on behind the network that is in the way
        if position >= count:
            if wrapped:
                break
            position, wrapped = 0, True
    raise _exhausted(parameter, f"the pool {allocation.pool}")


@lru_cache(maxsize=2**17)  # networks of ten thousand environments are read once, not once for each clone
def span(text: str) -> tuple[int, int] | None:
    """Return the first address of a network and the one behind its last; None for what is no network."""
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None  # a hand-written manifest on another branch; `verify` refuses it where it stands
    return int(network.network_address), int(network.broadcast_address) + 1


def _rotated(choices: list[Json], name: EnvironmentName) -> list[Json]:
    start = _place(name, len(choices))
    return choices[start:] + choices[:start]


def _place(name: EnvironmentName, count: int) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % count


def _exhausted(parameter: ParameterName, what: str) -> UserError:
    return UserError(
        f"No value is free for `{parameter}`: {what} is in use. Destroy a clone that is no longer needed (`/list` "
        f"shows them), or choose a value with `--set {parameter}=…`."
    )

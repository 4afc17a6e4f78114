"""Which environments hold the same allocated value, or networks that overlap (law 5): one look at each, however many there are."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.inventory import allocated, names_of
from bot.errors import Finding
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.model.template import CidrParameter, Parameter
from bot.names import EnvironmentName, ParameterName


def collisions(manifests: Sequence[Manifest], templates: Mapping[str, TemplateAt], roots: Roots) -> Sequence[Finding]:
    """Return each allocated value that two environments hold, networks also where they merely overlap."""
    found: list[Finding] = []
    held: defaultdict[frozenset[ParameterName], _Held] = defaultdict(_Held)
    for manifest in sorted(manifests, key=lambda m: m.name):
        template = templates.get(manifest.revision)
        declared = template.declaration.parameters if template else {}
        for name, own in allocated(declared, manifest.parameters).items():
            parameter = declared[name]
            names = names_of(name, parameter)  # one of them may be behind, where it is called otherwise
            for others in [others for others in held if names & others]:
                for value, holder in held[others].clashing(parameter, own):
                    message = f"`{name}` is {own}, which {holder} already uses ({value}). Choose another value."
                    found.append(Finding(f"{roots.environment(manifest.name)}/{MANIFEST}", 1, message))
            held[names].add(own, manifest.name)
    return found


class _Held:
    """The values of one parameter and who holds each: `core/rendering/inventory.clash` for all of them at once.

    Of two networks one lies in the other, or they have nothing in common. So whatever overlaps a network begins in it, or is one of
    the 33 that it may lie in.
    """

    def __init__(self) -> None:
        self._holders: dict[str, EnvironmentName] = {}
        self._networks: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        self._begin: list[tuple[int, int]] = []

    def add(self, value: str, holder: EnvironmentName) -> None:
        """Note who holds a value: the last one, if there are several."""
        is_new = value not in self._holders
        self._holders[value] = holder
        network = _network(value) if is_new else None
        if network is not None:
            place = int(network.network_address), network.prefixlen
            if place not in self._networks:
                insort(self._begin, place)
            self._networks[place].append(value)

    def clashing(self, parameter: Parameter, own: str) -> Iterator[tuple[str, EnvironmentName]]:
        """Yield what can't be held beside `own`, with its holder."""
        if not isinstance(parameter, CidrParameter):
            if own in self._holders:
                yield own, self._holders[own]
            return
        network = _network(own)
        for place in self._overlapping(network) if network is not None else ():
            for value in self._networks[place]:
                yield value, self._holders[value]

    def _overlapping(self, network: IPv4Network) -> Iterator[tuple[int, int]]:
        first, last = int(network.network_address), int(network.broadcast_address)
        for prefix in range(network.prefixlen):
            around = first >> (32 - prefix) << (32 - prefix), prefix
            if around in self._networks:
                yield around
        for at in range(bisect_left(self._begin, (first, network.prefixlen)), len(self._begin)):
            if self._begin[at][0] > last:
                return
            yield self._begin[at]


def _network(value: str) -> IPv4Network | None:
    """Return the network that a value is; None for a hand-written one that is none: `verify` refuses it where it stands."""
    try:
        return IPv4Network(value)
    except ValueError:
        return None

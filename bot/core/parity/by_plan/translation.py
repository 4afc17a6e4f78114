"""Who production is, said as who the clone is: names, account, hosts, networks and ids.

A value of production is translated and then compared with the clone's. What differs by identity alone is so equal, and what
does not keeps its difference. The few texts of parameters are looked for anywhere in a value, at the edges of words; the many
ids, learnt from pairs of resources at the same address, only as a whole value or a whole word of one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Self

from bot.core.cloud_facts import CloudFacts
from bot.core.plans.plan_values import PlanValue
from bot.model.pipeline import Json

SHORTEST = 3
"""Characters of a text that is looked for inside others; a shorter one is compared as a whole only."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_KEY = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')
_ADDRESS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(/\d{1,2})?(?![\d.]*\d)")


@dataclass(frozen=True, slots=True)
class Translation:
    """Pairs of production's texts with the clone's. `anywhere` is looked for in every text; `learnt` as a whole.

    `identifiers` are the attributes by which a provider names a resource.
    """

    anywhere: Mapping[str, str] = field(default_factory=dict)
    learnt: Mapping[str, frozenset[str]] = field(default_factory=dict)
    networks: Sequence[tuple[IPv4Network, IPv4Network]] = ()
    identifiers: frozenset[str] = frozenset({"id"})
    _pattern: re.Pattern[str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, pairs: Iterable[tuple[Json, Json]], cloud: CloudFacts) -> Self:
        """Return the identity that pairs of parameters' values make; lists and maps pair by place."""
        anywhere: dict[str, str] = {}
        networks: list[tuple[IPv4Network, IPv4Network]] = []
        for production, clone in _texts(pairs):
            both = _network(production), _network(clone)
            if both[0] is not None and both[1] is not None:
                networks.append((both[0], both[1]))
            elif production != clone and len(production) >= SHORTEST:
                for form in _forms(production, clone):
                    anywhere.setdefault(*form)
        words = "|".join(_bounded(text, cloud) for text in sorted(anywhere, key=len, reverse=True))
        pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})") if words else None
        return cls(anywhere, {}, tuple(networks), frozenset({"id", cloud.identifier}), pattern)

    def with_learnt(self, pairs: Iterable[tuple[Json, Json]]) -> "Translation":
        """Return this identity with pairs of ids and outputs added."""
        learnt: dict[str, set[str]] = {text: set(others) for text, others in self.learnt.items()}
        for production, clone in _texts(pairs):
            if production != clone:
                learnt.setdefault(production, set()).add(clone)
        frozen = {text: frozenset(others) for text, others in learnt.items()}
        return replace(self, learnt=frozen)

    def agree(self, production: str, clone: str) -> bool:
        """Say whether `clone` is `production` under the clone's identity."""
        if clone in self.learnt.get(production, ()) or self.text(production) == clone:
            return True
        return any(self._renamed(production, hyphen) == clone for hyphen in ("-", "_", ""))

    def text(self, production: str) -> str:
        """Return a text of production as the clone would have it."""
        if production not in self.anywhere and (known := self.learnt.get(production)):
            return min(known)
        return self._renamed(_WORD.sub(self._word, production) if self.learnt else production)

    def _renamed(self, text: str, hyphen: str = "-") -> str:
        """Return a text with what the parameters say put in: names, account, region, hosts, networks.

        Where a hyphen may not stand, in a database's or a metric's name, templates put something else in its place.
        """
        if self._pattern is not None:
            text = self._pattern.sub(lambda match: self.anywhere[match[0]].replace("-", hyphen), text)
        return _ADDRESS.sub(self._moved, text) if self.networks else text

    def value(self, production: PlanValue) -> PlanValue:
        """Return a value of production with every text in it translated, keys too."""
        match production:
            case str():
                return self.text(production)
            case Mapping():
                return {self.text(key): self.value(item) for key, item in production.items()}
            case list() | tuple():
                return [self.value(item) for item in production]
            case _:
                return production

    def address(self, production: str) -> str:
        """Return a resource's address with the keys of `for_each` translated."""
        return _KEY.sub(lambda match: f'["{self.text(match[1])}"]', production) if '["' in production else production

    def _word(self, match: re.Match[str]) -> str:
        # A stand-in may be learnt for the environment's own name, which the parameters know better.
        known = None if match[0] in self.anywhere else self.learnt.get(match[0])
        return min(known) if known else match[0]

    def _moved(self, match: re.Match[str]) -> str:
        """Return a network or address at the same place of the clone's network as it hmatch production's."""
        try:
            at, length = IPv4Address(match[1]), int(match[2][1:]) if match[2] else None
            inside = IPv4Network(f"{match[1]}{match[2] or '/32'}", strict=False)
        except (AddressValueError, NetmaskValueError):
            return match[0]
        for production, clone in self.networks:
            if not inside.subnet_of(production):
                continue
            if length is None:
                return str(clone.network_address + (int(at) - int(production.network_address)))
            below = length - production.prefixlen
            if clone.prefixlen + below > 32:
                return match[0]
            index = (int(at) - int(production.network_address)) >> (32 - length)
            step = 1 << (32 - clone.prefixlen - below)
            return f"{clone.network_address + index * step}/{clone.prefixlen + below}"
        return match[0]


def _bounded(text: str, cloud: CloudFacts) -> str:
    """Return the pattern of a whole word; a region's may go on with the letter of a zone."""
    zone = "[a-z]?" if re.fullmatch(cloud.own_accounts.region, text) else ""
    return rf"{re.escape(text)}(?={zone}(?![A-Za-z0-9]))"


def _forms(production: str, clone: str) -> Iterable[tuple[str, str]]:
    """Yield the forms in which a name turns up where hyphens or small letters may not."""
    yield production, clone
    for change in (str.upper, str.title, lambda text: text.replace("-", "_"), lambda text: text.replace("-", "")):
        one, other = change(production), change(clone)
        if (one, other) != (production, clone):
            yield one, other


def _texts(pairs: Iterable[tuple[Json, Json]]) -> Iterable[tuple[str, str]]:
    for production, clone in pairs:
        if isinstance(production, str) and isinstance(clone, str) and production and clone:
            yield production, clone
        elif isinstance(production, list) and isinstance(clone, list):
            yield from _texts(zip(production, clone, strict=False))
        elif isinstance(production, dict) and isinstance(clone, dict):
            yield from _texts((production[key], clone[key]) for key in production if key in clone)


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text) if "/" in text else None
    except (AddressValueError, NetmaskValueError, ValueError):
        return None

"""Who production is and who the clone is, as text: to map one onto the other, and to find one inside the other.

Derived from the two manifests (parameters that are `identity` or `outbound`) and from production's own names as its code
evaluates to them, never from a list.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Literal

from bot.core.cloud_facts import CloudFacts
from bot.core.rendering.render import Declarations
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.model.template import CidrParameter
from bot.names import EnvironmentName, ParameterName

NAME = ParameterName("name")
REGION = ParameterName("region")

IdentityKind = Literal["account", "host", "endpoint", "name", "value"]

_QUAD = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(/\d{1,2})?(?![\w.]*\.\d)(?!\w)")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?([^/:\s]+)")


@dataclass(frozen=True, slots=True)
class Mark:
    """A text that is production's own. `instead` is the clone's own value in its place; `parameter` is where it comes from."""

    text: str
    kind: IdentityKind
    instead: str
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Production's identity against a clone's.

    `pairs` are (clone's text, production's text), longest first. `networks` are (clone's, production's). `marks` are the
    texts that may not be in a clone.
    """

    production: EnvironmentName
    clone: EnvironmentName
    account: str
    pairs: tuple[tuple[str, str], ...]
    networks: tuple[tuple[IPv4Network, IPv4Network], ...]
    marks: tuple[Mark, ...]
    cloud: CloudFacts

    def mapped(self, text: str) -> str:
        """Return a text of the clone's as production would have it: names, account, hosts and networks replaced."""
        placed = text
        for position, (ours, _) in enumerate(self.pairs):
            # Through tokens, so that what was put in is not replaced once more.
            if ours in placed:
                placed = _bounded(ours).sub(f"\0{position}\0", placed)
        if placed.count(".") > 2:
            placed = _QUAD.sub(lambda found: self._moved(found[1], found[2] or ""), placed)
        if "\0" not in placed:
            return placed
        return re.sub(r"\0(\d+)\0", lambda found: self.pairs[int(found[1])][1], placed)

    def with_names(self, names: Iterable[tuple[str, str]]) -> "Identity":
        """Return this identity with further marks: (production's text, the clone's in its place)."""
        known = {mark.text for mark in self.marks}
        more = {
            theirs: Mark(theirs, "value", ours)
            for theirs, ours in names
            if theirs not in known and theirs != ours and _is_telling(theirs, self.production)
        }
        return replace(self, marks=(*self.marks, *more.values()))

    def _moved(self, address: str, length: str) -> str:
        try:
            network = IPv4Network(address + (length or "/32"), strict=False)
        except (AddressValueError, NetmaskValueError, ValueError):
            return address + length
        for ours, theirs in self.networks:
            if not network.subnet_of(ours):
                continue
            offset = int(IPv4Address(address)) - int(ours.network_address)
            # A subnet of a larger network is the one at the same place, as Terraform's `cidrsubnet` counts.
            more = ours.prefixlen - theirs.prefixlen
            if length and more and 0 <= network.prefixlen - more <= 32:
                offset = offset << more if more > 0 else offset >> -more
                return f"{theirs.network_address + offset}/{network.prefixlen - more}"
            if not more:
                return f"{theirs.network_address + offset}{length}"
        return address + length


def identity(declared: Declarations, production: Manifest, clone: Manifest, cloud: CloudFacts) -> Identity:
    """Return the identity that the two manifests tell."""
    theirs, ours = production.parameters, clone.parameters
    texts = _texts(declared, theirs, ours)
    pairs: dict[str, str] = {}
    for name, (other, own) in texts.items():
        if declared[name].identity or name == REGION:
            pairs.setdefault(own, other)
    if REGION in texts:
        other, own = texts[REGION]
        pairs |= {own + letter: other + letter for letter in cloud.names.zones}  # availability zones
    if NAME not in texts:
        pairs.setdefault(clone.name, production.name)
    for own, other in list(pairs.items()):
        if "-" in own + other:
            pairs.setdefault(own.replace("-", "_"), other.replace("-", "_"))  # databases, metrics and the like
    return Identity(
        production=production.name,
        clone=clone.name,
        account=str(ours.get(ParameterName("account_id"), "")),
        pairs=tuple(sorted(pairs.items(), key=lambda pair: (-len(pair[0]), pair[0]))),
        networks=tuple(_networks(declared, theirs, ours)),
        marks=tuple(_marks(declared, texts, production.name, cloud)),
        cloud=cloud,
    )


def networks_in(text: str) -> Sequence[tuple[int, str, IPv4Network]]:
    """Return the IPv4 addresses and networks written in a text: where, as written, and as a network."""
    found = []
    for match in _QUAD.finditer(text) if text.count(".") > 2 else ():
        try:
            found.append((match.start(), match[0], IPv4Network(match[1] + (match[2] or "/32"), strict=False)))
        except (AddressValueError, NetmaskValueError, ValueError):
            continue
    return found


def host_of(text: str) -> str | None:
    """Return the host of a URL or of a mail address, or the text itself if it is a host."""
    url = _URL.match(text)
    if url:
        return url[1].lower()
    host = text.rpartition("@")[2].lower()
    return host if _HOST.fullmatch(host) and not re.fullmatch(r"[\d.]+", host) else None


def accounts_in(text: str, cloud: CloudFacts) -> Iterator[str]:
    """Yield the accounts in a resource's full name, in lower case."""
    if text.startswith(cloud.names.reference):
        yield from (part for part in re.split(r"[:/]", text) if re.fullmatch(cloud.own_accounts.account, part))
    yield from (match[1].lower() for pattern in cloud.names.accounts for match in pattern.finditer(text))


def account_reached_by_both(ours: str, theirs: str, clone: Manifest, cloud: CloudFacts) -> str | None:
    """Return the account of two resources' full names, if it is one and the same, and another than the clone's own.

    In its own account another resource is another's. Without a parameter that says which account that is, nobody knows.
    """
    own = {str(clone.parameters[name]).lower() for name in Policy().account_parameters if name in clone.parameters}
    forms = {_form(each, cloud) for each in own}
    both = set(accounts_in(ours, cloud)) & {*accounts_in(theirs, cloud)}
    return next((each for each in sorted(both - own) if _form(each, cloud) in forms), None)


def _form(account: str, cloud: CloudFacts) -> str | None:
    """Return the cloud whose accounts look so."""
    return next((name for name, each in cloud.accounts.items() if re.fullmatch(each.account, account)), None)


def _texts(
    declared: Declarations, theirs: Mapping[ParameterName, Json], ours: Mapping[ParameterName, Json]
) -> dict[ParameterName, tuple[str, str]]:
    """Return the parameters that are text on both sides and differ: (production's, the clone's)."""
    found = {}
    for name in declared:
        other, own = theirs.get(name), ours.get(name)
        if isinstance(other, str) and isinstance(own, str) and other != own and other and own:
            found[name] = (other, own)
    return found


def _networks(
    declared: Declarations, theirs: Mapping[ParameterName, Json], ours: Mapping[ParameterName, Json]
) -> Iterable[tuple[IPv4Network, IPv4Network]]:
    for name, parameter in declared.items():
        if isinstance(parameter, CidrParameter) and parameter.identity and name in theirs and name in ours:
            yield IPv4Network(str(ours[name])), IPv4Network(str(theirs[name]))


def _marks(
    declared: Declarations,
    texts: Mapping[ParameterName, tuple[str, str]],
    production: EnvironmentName,
    cloud: CloudFacts,
) -> Iterable[Mark]:
    for name, (other, own) in texts.items():
        parameter = declared[name]
        if isinstance(parameter, CidrParameter) or not (parameter.identity or parameter.outbound):
            continue
        host = host_of(other)
        if parameter.outbound:
            if host is None and not _is_telling(other, production):
                continue  # a word such as `send`
            yield Mark(other, "endpoint", own, name)
            if host is not None and other != host and not _is_mailbox_beside(other, own):
                # Also when the clone's own value leads there: another path of production's host is production all the same.
                yield Mark(host, "host", own if host != host_of(own) else "a host that is not production's", name)
        elif re.fullmatch(cloud.own_accounts.account, other):
            yield Mark(other, "account", own, name)
        elif host is not None and not _is_mailbox_beside(other, own):
            yield Mark(host, "host", own, name)
        elif _is_telling(other, production):
            yield Mark(other, "value", own, name)


def _is_mailbox_beside(other: str, own: str) -> bool:
    """Say whether both are mail addresses of one domain (`oncall@`, `dev@`): the mailbox tells them apart, and the domain is both's."""
    are_mail = "@" in other and "@" in own and not _URL.match(other) and not _URL.match(own)
    return are_mail and host_of(other) is not None and host_of(other) == host_of(own)


def _is_telling(text: str, production: EnvironmentName) -> bool:
    """Say whether a text means production wherever it stands: not the bare word, nor any other plain one."""
    return len(text) >= 5 and text != production and re.search(r"[^A-Za-z]", text) is not None


@lru_cache(maxsize=4096)
def _bounded(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])")

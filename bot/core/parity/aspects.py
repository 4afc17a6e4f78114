"""Which aspect of an environment a difference is about: topology, sizes, versions, scaling, data, identity, secrets, outbound …

The rules, first match wins:
1. what the template declares (`aspects:` in template.yaml);
2. a missing or extra resource, hook or file is topology;
3. what is production's own once names, account, network and hosts are mapped is identity;
4. what a parameter that reaches outside causes is outbound;
5. the tables, by type and attribute: the cloud's and the one below;
6. what only identity parameters cause is identity.

The table comes before the last rule on purpose: a size that hangs on the environment's name is still a size.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.core.cloud_facts import CloudFacts, OtherCloud
from bot.core.hcl.address_patterns import matches
from bot.model.template import Aspect

# What every provider and every hook has: attributes by their last names, wherever they stand; the numbers in a path
# (`disks[0].size`) don't count. The cloud's table adds its own to these.
_ATTRIBUTES: Mapping[Aspect, str] = {
    "secrets": r"(.*_)?password(_wo)?, private_key(_pem)?, auth_token, access_key, secret_key",
    "versions": r"required_version, required_providers\..*, source",
    "scaling": "",
    "sizes": "",
    "data": r"prevent_destroy",
    "topology": r"count, for_each, needs, uses, run\..*, when\..*",
}

# Where a place says more than an attribute's name: patterns as in waivers and in `aspects:`.
_PLACES: Sequence[tuple[Aspect, str]] = (
    ("versions", "*.terraform.lock.hcl"),
    ("versions", "hooks/*"),
    ("data", "seed/*"),
)

SECRET = re.compile(
    r"(^|[._])((.*_)?password|secret_string|secret_binary|private_key(_pem)?|auth_token|access_key|secret_key|api_key)(_wo)?$"
)
"""Attributes whose values are never shown."""


@dataclass(frozen=True, slots=True)
class AspectFacts:
    """What the rules need to know of one difference. `is_identity` says that the values are equal once identity is mapped."""

    kind: str
    address: str
    attribute: str
    is_identity: bool = False
    is_outbound: bool = False
    is_caused_by_identity: bool = False


def aspect_of(facts: AspectFacts, declared: Mapping[Aspect, Sequence[str]], cloud: CloudFacts) -> Aspect | None:
    """Return the aspect of a difference, or None when no rule knows it. `declared` are the template's own patterns."""
    for aspect, patterns in declared.items():
        if any(matches(pattern, facts.address, facts.attribute) for pattern in patterns):
            return aspect
    if facts.kind != "changed":
        return "topology"
    if facts.is_identity:
        return "identity"
    if facts.is_outbound:
        return "outbound"
    found = tabled(facts.address, facts.attribute, cloud)
    if found is None and facts.is_caused_by_identity:
        return "identity"
    return found


def tabled(address: str, attribute: str, cloud: CloudFacts) -> Aspect | None:
    """Return what the tables say of an attribute of an address."""
    own = next((each for each in cloud.others if re.search(rf"(?:^|[./]){each.prefix}", address)), None)
    for aspect, pattern in (*(own.aspects.places if own else ()), *cloud.aspects.places, *_PLACES):
        if matches(pattern, address, attribute):
            return aspect
    name = re.sub(r"\[[^\]]*\]", "", attribute)
    return (_by_name(name, own) if own else None) or _by_name(name, cloud)


@lru_cache(maxsize=8192)
def is_secret(attribute: str) -> bool:
    """Say whether an attribute's value must not be shown."""
    return SECRET.search(re.sub(r"\[[^\]]*\]", "", attribute)) is not None


@lru_cache(maxsize=8192)
def _by_name(attribute: str, cloud: CloudFacts | OtherCloud) -> Aspect | None:
    tails = [attribute]
    while "." in tails[-1]:
        tails.append(tails[-1].partition(".")[2])
    for aspect, pattern in _compiled(cloud):
        if any(pattern.fullmatch(tail) for tail in tails):
            return aspect
    return None


@lru_cache(maxsize=8)
def _compiled(cloud: CloudFacts | OtherCloud) -> tuple[tuple[Aspect, re.Pattern[str]], ...]:
    return tuple(
        (aspect, _any_of(names, cloud.aspects.attributes.get(aspect, ""))) for aspect, names in _ATTRIBUTES.items()
    )


def _any_of(*lists: str) -> re.Pattern[str]:
    names = [name.strip() for names in lists for name in re.split(r",(?![^(]*\))", names)]
    return re.compile("|".join(f"(?:{name})" for name in names if name) or r"(?!)")

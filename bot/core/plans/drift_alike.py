"""Which changes outside are the same in several environments: such a change has one cause, and somebody makes it by hand each time.

A change is known by its address and by what is there, whatever the environment is called. One in which anything is secret is left out.
"""

import re
from collections.abc import Collection, Mapping

from bot.core.digest import digest_of
from bot.core.plans.drift import Drift
from bot.core.plans.drift_facts import DriftFact, facts_of
from bot.model.pipeline import Json
from bot.names import EnvironmentName


def signs(drift: Drift) -> tuple[str, ...]:
    """Return a short digest of each change, equal for the same change of another environment."""
    changes = facts_of(drift).changes
    return tuple(dict.fromkeys(sign(drift.environment, fact) for fact in changes if not fact.secret))


def sign(environment: EnvironmentName, fact: DriftFact) -> str:
    """Return a short digest of one change, in which nothing is secret."""
    return digest_of(_unnamed([fact.step, fact.address, fact.how, fact.there], _own_name(environment)))[:12]


def causes(
    found: Mapping[EnvironmentName, Collection[str]],
) -> Mapping[frozenset[str], tuple[EnvironmentName, ...]]:
    """Return the signs that several environments have, with these environments: what the very same ones share has one cause."""
    places: dict[str, list[EnvironmentName]] = {}
    for name, its in sorted(found.items()):
        for each in its:
            places.setdefault(each, []).append(name)
    shared: dict[tuple[EnvironmentName, ...], set[str]] = {}
    for each, names in sorted(places.items()):
        if len(names) > 1:
            shared.setdefault(tuple(names), set()).add(each)
    return {frozenset(signs): names for names, signs in shared.items()}


def is_named_in(environment: EnvironmentName, fact: DriftFact) -> bool:
    """Say whether what is there names the environment, so that it can't be the same text in any other."""
    return _unnamed(fact.there, _own_name(environment)) != fact.there


def _own_name(environment: EnvironmentName) -> re.Pattern[str]:
    # Only as a word: a clone named `ap` would change each `app` otherwise, and match nothing.
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])")


def _unnamed(value: Json, own_name: re.Pattern[str]) -> Json:
    match value:
        case str():
            return own_name.sub("{environment}", value)
        case dict():
            return {own_name.sub("{environment}", key): _unnamed(item, own_name) for key, item in value.items()}
        case list():
            return [_unnamed(item, own_name) for item in value]
        case _:
            return value

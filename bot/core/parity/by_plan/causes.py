"""Which parameter explains a difference between a clone's plan and production's state.

Two computations, in this order. (1) The comparison by code has put each parameter back and seen which attributes become like
production's; its causes count here if it evaluated the very values that are planned. (2) Otherwise each differing text is put
back in the planned value itself: if that makes it production's, the parameter is the cause (tags that the provider adds). A parameter counts only in a stack
that is given it, as a variable or through the stacks before it. A resource that is missing or extra is explained by code alone.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.hcl.address_patterns import of_stack
from bot.core.parity.by_plan.compare import PlanDifference
from bot.core.parity.by_plan.translation import Translation
from bot.core.parity.report import Cause, Difference
from bot.core.plans.plan import without_keys
from bot.core.plans.plan_values import MERGED, Masked, PlanValue, UnknownUntilApply
from bot.model.pipeline import Json
from bot.names import ParameterName, StepName

_INDEX = re.compile(r"\[[^\]]*\]")
_DEFAULT = re.compile(r"default_(?:tags|labels)\.(?:tags\.)?(.+)")
HIDDEN = "***"
_ABSENT = frozenset({"", "null", "(not set)", "(absent)"})
SHORTEST = 3
"""Characters of a text that may be put back inside another; a shorter one counts only as a whole value."""


@dataclass(frozen=True, slots=True)
class Putting:
    """A parameter that differs: what it is in production and in the clone, and in which stacks it is known."""

    cause: Cause
    production: Json
    clone: Json
    stacks: frozenset[StepName]


def causes(found: PlanDifference, by_code: "ByCode", parameters: Sequence[Putting]) -> tuple[Cause, ...]:
    """Return the parameters that explain a difference; none when it is unexplained."""
    if found.leaf is None:
        return by_code.of_resource(f"{found.stack}/{found.address}")
    known = by_code.of_attribute(
        f"{found.stack}/{found.address}", found.leaf.path, found.leaf.production, found.leaf.clone
    )
    if known:
        return known
    here = [each for each in parameters if found.stack in each.stacks]
    return tuple(
        each.cause for each in here if _explains(each, found.leaf.expected, found.leaf.clone, found.leaf.production)
    )


class ByCode:
    """What the comparison by code found, by address and attribute, in the clone's names."""

    def __init__(self, differences: Iterable[Difference], translation: Translation) -> None:
        self._attributes: dict[tuple[str, str], list[Difference]] = {}
        self._resources: dict[str, Difference] = {}
        self._defaults: dict[tuple[str, str], list[Difference]] = {}
        for each in differences:
            if each.kind == "changed":
                key = without_keys(each.address), _INDEX.sub("", each.attribute)
                self._attributes.setdefault(key, []).append(each)
                stack, rest = of_stack(key[0])
                if rest.startswith("provider.") and (default := _DEFAULT.fullmatch(key[1])):
                    self._defaults.setdefault((stack, default[1]), []).append(each)
            else:
                self._resources[translation.address(each.address)] = each

    def of_resource(self, address: str) -> tuple[Cause, ...]:
        """Return why a resource is missing or extra: the resource's own difference, or its block's `count` or `for_each`."""
        return tuple(dict.fromkeys(cause for each in self._about(address) for cause in each.causes))

    def of_attribute(self, address: str, path: str, production: PlanValue, clone: PlanValue) -> tuple[Cause, ...]:
        """Return the causes of an attribute whose values by code are those of the plan."""
        return next((each.causes for each in self._saying(address, path, production, clone) if each.causes), ())

    def is_revision(self, found: PlanDifference) -> bool:
        """Say whether the template's revision is what makes a difference, which has no other cause."""
        address = f"{found.stack}/{found.address}"
        if found.leaf is None:
            return any(each.is_revision for each in self._about(address))
        leaf = found.leaf
        return any(each.is_revision for each in self._saying(address, leaf.path, leaf.production, leaf.clone))

    def _about(self, address: str) -> Iterator[Difference]:
        bare = without_keys(address)
        found = self._resources.get(address) or self._resources.get(bare)
        if found is not None:
            yield found
            return
        for attribute in ("count", "for_each"):
            yield from self._attributes.get((bare, attribute), ())

    def _saying(self, address: str, path: str, production: PlanValue, clone: PlanValue) -> Iterator[Difference]:
        bare, written = without_keys(address), _INDEX.sub("", path)
        own, _, key = written.partition(".")
        found = [each for name in _prefixes(written) for each in self._attributes.get((bare, name), ())]
        if own in MERGED:
            found += self._attributes.get((bare, f"{MERGED[own]}.{key}"), ())
            found += self._defaults.get((of_stack(bare)[0], key), ())
        yield from (each for each in found if _says(each.clone, clone) and _says(each.production, production))


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length])


def _says(shown: str, value: PlanValue) -> bool:
    """Say whether a text of the report by code is this value; what either may not show can't be told apart."""
    if isinstance(value, Masked | UnknownUntilApply) or shown == HIDDEN:
        return True
    if not value and shown in _ABSENT:
        return True  # what code leaves out, the provider has as nothing, zero or false
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    return shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


def _explains(each: Putting, expected: PlanValue, clone: PlanValue, production: PlanValue) -> bool:
    """Say whether the clone's text becomes production's (or what identity makes of it) with the parameter put back.

    Only texts that are no number: that something is false, or 1, as a parameter is, proves nothing.
    """
    texts = (clone, each.clone, each.production)
    if not all(isinstance(text, str) and text and not text.isdigit() for text in texts):
        return False
    if clone == each.clone:
        return each.production in {production, expected}
    if min(len(str(each.clone)), len(str(each.production))) < SHORTEST:
        return False
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(str(each.clone))}(?![A-Za-z0-9])")
    back = word.sub(lambda _: str(each.production), str(clone))
    return back != clone and back in {production, expected}


def reach(
    given: Mapping[StepName, Iterable[ParameterName]], needs: Mapping[StepName, Iterable[StepName]]
) -> Mapping[ParameterName, frozenset[StepName]]:
    """Return in which stacks each parameter is known: where it is a variable, and in every stack that takes outputs of those."""
    found: dict[ParameterName, set[StepName]] = {}
    for stack, names in given.items():
        for name in names:
            found.setdefault(name, set()).add(stack)
    return {name: frozenset(_downstream(stacks, needs)) for name, stacks in found.items()}


def _downstream(stacks: set[StepName], needs: Mapping[StepName, Iterable[StepName]]) -> set[StepName]:
    more = {stack for stack, sources in needs.items() if stack not in stacks and stacks & set(sources)}
    return _downstream(stacks | more, needs) if more else stacks

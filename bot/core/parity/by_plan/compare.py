"""A clone's plan against production's state: every resource, every attribute, in the shape of every other parity report.

Pairs of resources are found by address, and what their ids teach is used for all others. Attribution is not done here:
`bot.core.parity.by_plan.causes` finds which parameter explains what is left.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.core.parity.by_plan.configured import Declared, calls, declared, declared_elsewhere
from bot.core.parity.by_plan.snapshot import Resource, SourceSnapshot, sealed, values_of
from bot.core.parity.by_plan.translation import Translation
from bot.core.parity.by_plan.values import PlanLeaf, ValueComparison
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan, without_keys
from bot.core.plans.plan_values import PlanValue
from bot.core.plans.stack_inputs import Inputs
from bot.core.tree import Tree
from bot.model.pipeline import Json, Stack
from bot.names import StepName

NOT_APPLIED = "production's stack has never been applied"
SHORTEST_STAND_IN = 8
"""Characters. A shorter stand-in (`http`) is a value like any other, and is compared."""

_SHORTEST_LEARNT = 6
_NAMES = ("id", "name", "endpoint", "url", "address", "suffix", "fqdn")
"""Endings of attributes that say who a resource is."""
_GONE = frozenset({Action.DELETE, Action.FORGET})


@dataclass(frozen=True, slots=True)
class PlannedStack:
    """A stack of the clone: its plan, what its inputs were, and the code of modules of elsewhere, by Terraform's key of each."""

    stack: Stack
    plan: TerraformPlan
    inputs: Inputs
    downloaded: Mapping[str, Tree] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanSide:
    """The code of an environment, with the modules outside that it calls, for what it sets."""

    code: Tree
    stacks: Mapping[StepName, Stack]


@dataclass(frozen=True, slots=True)
class PlanSides:
    """Both environments' code."""

    production: PlanSide
    clone: PlanSide

    def declared(self, stack: StepName, downloaded: Mapping[str, Tree]) -> "_Code":
        """Return what both sides' code of a stack declares, with that of modules of elsewhere which both call alike."""
        theirs, ours = (calls(side.code, stack) for side in (self.production, self.clone))
        alike = {key for key, call in ours.items() if theirs.get(key) == call}
        shared = {
            key: files for key, files in downloaded.items() if any(f"{key}.".startswith(f"{each}.") for each in alike)
        }
        elsewhere = declared_elsewhere(shared)
        return _Code(
            {**elsewhere, **declared(self.production.code, stack)}, {**elsewhere, **declared(self.clone.code, stack)}
        )


@dataclass(frozen=True, slots=True)
class _Code:
    """What the code of a stack declares, by address, on both sides."""

    production: Mapping[str, Declared]
    clone: Mapping[str, Declared]


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """A difference at `leaf` of the resource at `address` of `stack`; without a leaf the resource itself is missing or extra."""

    stack: StepName
    address: str
    type: str
    leaf: PlanLeaf | None
    is_missing: bool = False
    file: str = ""
    line: int = 0

    @property
    def declared_at(self) -> str:
        return without_keys(self.address)


@dataclass(slots=True)
class PlanComparison:
    """What the comparison found, before attribution.

    `same_secrets` are places where the clone holds production's secret; `apart` is what the plan does not show: what is known
    after apply, and seals.
    """

    compared: int = 0
    set_apart: Counter[str] = field(default_factory=Counter)
    found: list[PlanDifference] = field(default_factory=list)
    same_secrets: list[str] = field(default_factory=list)
    apart: dict[tuple[str, str], PlanValue] = field(default_factory=dict)
    translation: Translation = field(default_factory=Translation)


def compare(
    snapshot: SourceSnapshot,
    clone: Mapping[StepName, PlannedStack],
    sides: PlanSides,
    translation: Translation,
) -> PlanComparison:
    """Return every difference between production's state and the clone's plans."""
    learnt = translation.with_learnt(_learnt(snapshot, clone, sides, translation))
    result = PlanComparison(translation=learnt)
    for name in dict.fromkeys([*snapshot.stacks, *clone]):
        there, here = snapshot.stacks.get(name), clone.get(name)
        if there is None and here is not None and name in sides.production.stacks:
            result.set_apart[NOT_APPLIED] += sum(1 for _ in _kept(here.plan))
            continue
        held = {learnt.address(item.address): item for item in there.resources} if there else {}
        planned = {change.address: change for change in _kept(here.plan)} if here else {}
        code = sides.declared(name, here.downloaded if here else {})
        texts = frozenset(_stand_in_texts(here) if here else ())
        one = _Stack(name, snapshot.key, learnt, code, texts)
        for address in dict.fromkeys([*held, *planned]):
            one.compare(address, held.get(address), planned.get(address), result)
    return result


@dataclass(frozen=True, slots=True)
class _Stack:
    name: StepName
    key: str
    translation: Translation
    code: _Code
    mock_outputs: frozenset[str | tuple[str, ...]]

    def compare(self, address: str, there: Resource | None, here: PlannedChange | None, result: PlanComparison) -> None:
        block = self.code.clone.get(without_keys(address))
        file, line = (block.file, block.line) if block else ("", 0)
        result.compared += 1  # that the resource is there at all
        if there is None or here is None:
            kind = here.type if here is not None else there.type if there is not None else ""
            result.found.append(PlanDifference(self.name, address, kind, None, here is None, file, line))
            return
        is_set = _is_set(self.code, address, there.address)
        run = ValueComparison(self.translation, self.key, self.mock_outputs, is_set, here.action is not Action.CREATE)
        run.compare(values_of(there), sealed(here.after, self.key))
        result.compared += run.compared
        result.set_apart += run.set_apart
        result.same_secrets += [f"{self.name}/{address}:{path}" for path in run.same_secrets]
        result.apart |= {(f"{self.name}/{address}", path): value for path, value in run.apart.items()}
        result.found += [PlanDifference(self.name, address, here.type, leaf, False, file, line) for leaf in run.leaves]


def _is_set(code: _Code, here: str, there: str) -> Callable[[str], bool]:
    """Return whether either side's code sets an attribute; of a resource whose code is elsewhere, all count as set."""
    blocks = code.production.get(without_keys(there)), code.clone.get(without_keys(here))

    def is_set(path: str) -> bool:
        return any(block is None or block.sets(path) for block in blocks)

    return is_set


def _kept(plan: TerraformPlan) -> Iterator[PlannedChange]:
    return (change for change in plan.changes if not change.is_data and change.action not in _GONE)


def _learnt(
    snapshot: SourceSnapshot,
    clone: Mapping[StepName, PlannedStack],
    sides: PlanSides,
    translation: Translation,
) -> Iterator[tuple[Json, Json]]:
    """Yield pairs that mean the same on both sides: what stacks hand on, and what providers call paired resources."""
    for name, here in clone.items():
        for variable, source in here.stack.inputs.items():
            upstream = snapshot.stacks.get(source.step)
            if upstream is not None and source.output in upstream.outputs and variable in here.inputs.values:
                yield upstream.outputs[source.output], here.inputs.values[variable]
        there = snapshot.stacks.get(name)
        if there is None:
            continue
        code = sides.declared(name, here.downloaded)
        held = {translation.address(item.address): item for item in there.resources}
        for change in _kept(here.plan):
            if change.address in held:
                is_set = _is_set(code, change.address, change.address)
                yield from _names(held[change.address], change, is_set, translation.identifiers)


def _names(
    there: Resource, here: PlannedChange, is_set: Callable[[str], bool], identifiers: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the texts that the provider gave both, one and the other: ids and host names."""
    production, clone = values_of(there), here.after
    if not isinstance(production, Mapping) or not isinstance(clone, Mapping):
        return
    for attribute, value in production.items():
        other = clone.get(attribute)
        if (
            isinstance(value, str)
            and isinstance(other, str)
            and min(len(value), len(other)) >= _SHORTEST_LEARNT
            and attribute.endswith((*_NAMES, *identifiers))
            and (attribute in identifiers or not is_set(attribute))
        ):
            yield value, other


def _stand_in_texts(stack: PlannedStack) -> Iterator[str | tuple[str, ...]]:
    """Yield the stand-ins: texts, and lists as a whole, which may have another length than production's."""
    for name in stack.inputs.mock_outputs:
        yield from _texts(stack.inputs.values[name])


def _texts(value: Json) -> Iterator[str | tuple[str, ...]]:
    if isinstance(value, str) and len(value) >= SHORTEST_STAND_IN:
        yield value
    elif isinstance(value, list):
        yield tuple(sorted(map(str, value)))
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)

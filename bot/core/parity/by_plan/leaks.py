"""The leak check over what is planned: values of resources, data and outputs, which is also what hooks are given.

Beside what the check by code looks for, a snapshot tells what the cloud itself named in production: ids and host names. A clone whose
plan holds one of those reaches into production however it came by it. What is sensitive is searched too, and never quoted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.address_patterns import key_of
from bot.core.parity.by_plan.snapshot import SourceSnapshot
from bot.core.parity.identity import Identity
from bot.core.parity.leaks import Leak, SearchedText, search
from bot.core.parity.waivers import Waivers
from bot.core.plans.environment_plan import EnvironmentPlan
from bot.core.plans.plan import Action
from bot.core.plans.plan_values import Masked, PlanValue
from bot.model.pipeline import Json

HIDDEN = "(sensitive)"


@dataclass(frozen=True, slots=True)
class _Place:
    address: str
    attribute: str
    text: str
    is_sensitive: bool


def planned_leaks(
    planned: EnvironmentPlan,
    identity: Identity,
    snapshot: SourceSnapshot | None,
    waivers: Waivers,
) -> Sequence[Leak]:
    """Return every leak in the plans, waived ones too, in order; `identity` is production's with its names."""
    given = dict(_given(snapshot, identity.cloud)) if snapshot is not None else {}
    found: dict[tuple[str, str, str], Leak] = {}
    for place in _places(planned):
        text = SearchedText(key_of(place.address, place.attribute), 0, place.text)
        for leak in [*search([text], identity), *_ids(text, given, identity.cloud)]:
            shown = replace(leak, found=HIDDEN) if place.is_sensitive else leak
            waived = replace(shown, waiver=waivers.naming(place.address, place.attribute))
            found.setdefault((shown.place, shown.found, shown.what), waived)
    return [found[key] for key in sorted(found)]


def _places(planned: EnvironmentPlan) -> Iterator[_Place]:
    for stack in planned.stacks:
        for change in stack.plan.changes:
            if change.action not in {Action.DELETE, Action.FORGET}:
                yield from _texts(f"{stack.name}/{change.address}", "", change.after)
        for output in stack.plan.outputs:
            if output.action is not Action.DELETE:
                yield from _texts(f"{stack.name}/output.{output.name}", "", output.after)


def _texts(address: str, path: str, value: PlanValue, is_sensitive: bool = False) -> Iterator[_Place]:
    match value:
        case str():
            yield _Place(address, path, value, is_sensitive)
        case Masked():
            yield from _texts(address, path, value.reveal(), is_sensitive=True)
        case Mapping():
            for key, item in value.items():
                yield from _texts(address, f"{path}.{key}" if path else key, item, is_sensitive)
        case list() | tuple():
            for number, item in enumerate(value):
                yield from _texts(address, f"{path}[{number}]", item, is_sensitive)
        case _:
            return


def _ids(text: SearchedText, given: Mapping[str, str], cloud: CloudFacts) -> Iterator[Leak]:
    for match in cloud.names.made_up.finditer(text.text):
        if match[0] in given:
            what = f"{cloud.name}'s id of production's `{given[match[0]]}`"
            yield Leak(text.place, text.line, match[0], what, "use the clone's own")


def _given(snapshot: SourceSnapshot, cloud: CloudFacts) -> Iterator[tuple[str, str]]:
    """Yield what the cloud named in production, and the resource that it names."""
    for name, stack in snapshot.stacks.items():
        for resource in stack.resources if stack is not None else ():
            values = resource.values if isinstance(resource.values, dict) else {}
            for text in _own(values, cloud):
                if cloud.names.made_up.fullmatch(text):
                    yield text, f"{name}/{resource.address}"


def _own(values: Mapping[str, Json], cloud: CloudFacts) -> Iterable[str]:
    """Yield the texts by which a resource itself is known, not those by which it knows others, or that a region shares."""
    return (value for name in cloud.names.attributes if isinstance(value := values.get(name), str))

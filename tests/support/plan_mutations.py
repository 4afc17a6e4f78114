"""Single changes to a plan's JSON, as though code, a provider or a person had made the clone otherwise."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: its kind, what it is, and the whole plan with it.

    What is right to say of it: a difference that is `told` (missing, extra, changed) at `address`, below `attribute`, and that
    nothing but a hand makes, so no parameter is its cause.
    """

    kind: str
    what: str
    plan: bytes
    told: Literal["missing", "extra", "changed"]
    address: str
    attribute: str = ""


def mutations(plan: bytes) -> Iterator[Mutation]:
    """Yield every single change of the plan: each known value, each block, each resource removed, added, renamed and destroyed."""
    document = json.loads(plan)
    for number, resource in enumerate(document["resource_changes"]):
        if resource["mode"] != "managed":
            continue
        address, after = resource["address"], resource["change"]["after"]

        def changed(kind: str, place: Place, value: Any, number: int = number, address: str = address) -> Mutation:
            what = f"{address}:{'.'.join(map(str, place))}"
            return Mutation(kind, what, _with(document, number, place, value), "changed", address, str(place[0]))

        for place, value in _leaves(after, ()):
            yield changed("attribute", place, _other(value))
            if value not in (None, "", False, 0):
                yield changed("attribute removed", place, None)
        for place, blocks in _lists(after, ()):
            of = "block" if isinstance(blocks[0], dict) else "item"
            yield changed(f"{of} removed", place, blocks[:-1])
            yield changed(f"{of} added", place, [*blocks, _more(blocks[-1])])
        yield from _of_resource(document, number, address)


def _of_resource(document: Any, number: int, address: str) -> Iterator[Mutation]:
    gone = copy.deepcopy(document)
    del gone["resource_changes"][number]
    yield Mutation("resource removed", address, json.dumps(gone).encode(), "missing", address)
    destroyed = copy.deepcopy(document)
    change = destroyed["resource_changes"][number]["change"]
    change |= {"actions": ["delete"], "before": change["after"], "after": None, "after_unknown": {}}
    yield Mutation("resource destroyed", address, json.dumps(destroyed).encode(), "missing", address)
    for kind, name in (
        ("resource added", f"{address.partition('[')[0]}_2"),
        ("count", f"{address.partition('[')[0]}[7]"),
    ):
        more = copy.deepcopy(document)
        more["resource_changes"].append({**copy.deepcopy(document["resource_changes"][number]), "address": name})
        yield Mutation(kind, name, json.dumps(more).encode(), "extra", name)


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*place, number))
    elif value is not None:
        yield place, value


def _lists(value: Any, place: Place) -> Iterator[tuple[Place, list[Any]]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lists(item, (*place, key))
    elif isinstance(value, list) and value:
        yield place, value
        for number, item in enumerate(value):
            yield from _lists(item, (*place, number))


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 7 if isinstance(value, int | float) else f"{value}-otherwise"


def _more(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _more(inner) for key, inner in item.items()}
    return [_more(inner) for inner in item] if isinstance(item, list) else item if item is None else _other(item)


def _with(document: Any, number: int, place: Place, value: Any) -> bytes:
    changed = copy.deepcopy(document)
    at = changed["resource_changes"][number]["change"]["after"]
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return json.dumps(changed).encode()

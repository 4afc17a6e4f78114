"""What a state holds and the code lacks: which blocks bring it into code, and what becomes of the code that Terraform writes for them.

Terraform writes literals alone, and null for what a provider can't read back. Here an id of another resource of the state becomes a
reference to it, and null becomes what the state knows; what is sensitive stays out of the code.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.core.plans.plan_values import MERGED
from bot.errors import Unverifiable
from bot.model.pipeline import Json

_BLOCK: Final = re.compile(r'^resource "([\w-]+)" "([\w-]+)" \{$')
_ARGUMENT: Final = re.compile(r"^(  ([\w-]+) *= )(.*)$")
_TEXT: Final = re.compile(r'"((?:[^"\\$%]|\\.|[$%](?!\{))*)"')
_UNSET: Final = re.compile(r'^\s*[\w-]+\s*= (?:0|false|null|""|\[\]|\{\})$')
_ARGUMENT_LINE: Final = re.compile(r'^\s*[\w-]+\s*= (?:[\w.-]+|"[^"]*"|\[.*\]|\{\})$')
_GENERATED: Final = re.compile(r"^# (__generated__ by Terraform|Please review these resources).*\n", re.MULTILINE)
_UNREADABLE: Final = "can't be read back"
_DEFAULTS: Final = "the provider would add its defaults"
SHORTEST_ID: Final = 6
"""Letters of an id that is looked for: a shorter one may be any other word."""


@dataclass(frozen=True, slots=True)
class StateResource:
    """A resource of a root module's state. `values` are what the state knows, `secret` the arguments that are sensitive in it."""

    type: str
    name: str
    values: Mapping[str, Json] = field(repr=False)
    secret: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"


@dataclass(frozen=True, slots=True)
class StateResources:
    """What a state holds: single resources of the root module, and the addresses of all others (in modules, or several of one block)."""

    single: Sequence[StateResource]
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class WrittenCode:
    """Code for resources of the state; `secret` are the arguments that a person has to give a value."""

    text: str
    secret: Sequence[str]


def read_state_resources(document: bytes) -> StateResources:
    """Read `terraform show -json`. Raises `Unverifiable`; the message never quotes the document."""
    return _read_resources(document, "values")


def read_planned_resources(document: bytes) -> StateResources:
    """Read what `terraform show -json` of a plan says will be there, what is imported included. Raises `Unverifiable`."""
    return _read_resources(document, "planned_values")


def _read_resources(document: bytes, key: str) -> StateResources:
    try:
        root: Mapping[str, Any] = json.loads(document).get(key, {}).get("root_module", {})
        single, others = list[StateResource](), list[str]()
        for each in root.get("resources", ()):
            if each["mode"] != "managed":
                continue
            if "index" in each:
                others.append(str(each["address"]))
                continue
            secret = frozenset(name for name, mark in each.get("sensitive_values", {}).items() if mark)
            single.append(StateResource(each["type"], each["name"], each["values"], secret))
        for module in root.get("child_modules", ()):
            others += _addresses(module)
        return StateResources(single, others)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unverifiable("The Terraform state could not be read as JSON") from None


def _addresses(module: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(each["address"]) for each in module.get("resources", ()) if each["mode"] == "managed")
    for below in module.get("child_modules", ()):
        yield from _addresses(below)


def lacking(state: StateResources, code: Collection[str], modules: Collection[str]) -> StateResources:
    """Return what the state holds of which the code has no block, by the addresses of its resources and the names of its modules."""
    others = [
        address
        for address in state.others
        if (
            address.split(".")[1].split("[")[0] not in modules
            if address.startswith("module.")
            else _base(address) not in code
        )
    ]
    return StateResources([each for each in state.single if each.address not in code], others)


def _base(address: str) -> str:
    return address.partition("[")[0]


def import_blocks(resources: Sequence[StateResource]) -> str:
    """Return the blocks for which Terraform writes code; a resource without an id can't be imported."""
    return "".join(
        f"import {{\n  to = {each.address}\n  id = {_quoted(str(each.values['id']))}\n}}\n"
        for each in resources
        if each.values.get("id")
    )


def written_code(
    generated: str, resources: Sequence[StateResource], everything: Sequence[StateResource], identifiers: Sequence[str]
) -> WrittenCode:
    """Return Terraform's code for `resources`, made whole by what the state knows of `everything`; `identifiers` are attributes that name one."""
    by_address = {each.address: each for each in resources}
    ids = _unique_ids(everything, identifiers)
    lines, secret = list[str](), list[str]()
    edges: dict[str, set[str]] = {}
    here: StateResource | None = None
    for line in _GENERATED.sub("", generated).strip().splitlines():
        if found := _BLOCK.match(line):
            here = by_address.get(f"{found[1]}.{found[2]}")
        argument = _ARGUMENT.match(line)
        if here is not None and argument is not None and _says_nothing(here, argument[2], argument[3]):
            continue
        if here is not None and argument is not None and argument[3].partition(" #")[0] == "null":
            if argument[2] in here.secret:
                secret.append(f"{here.address}:{argument[2]}")
            lines.append(_referring(_from_state(here, argument[1], argument[2]) or line, here, ids, edges))
        else:
            lines.append(_referring(line, here, ids, edges) if here is not None else line)
    return WrittenCode("\n".join(lines) + "\n", secret)


def _says_nothing(resource: StateResource, name: str, written: str) -> bool:
    """Say whether an argument is unset, or the beginning of a whole that is set: written out, it would only be in conflict with another."""
    whole, beginning = resource.values.get(name.removesuffix("_prefix")), resource.values.get(name)
    if name.endswith("_prefix") and isinstance(whole, str) and isinstance(beginning, str):
        return whole.startswith(beginning)
    if name in resource.secret or written.partition(" #")[0] not in ("null", '""'):
        return False
    return not resource.values.get(name)


def _from_state(resource: StateResource, before: str, name: str) -> str | None:
    """Return an argument with what the state knows of it, if that is a plain value which may be in code."""
    value = resource.values.get(name)
    if name in resource.secret or not isinstance(value, str | int | float | bool):
        return None
    return before + (_quoted(value) if isinstance(value, str) else json.dumps(value))


def _unique_ids(everything: Sequence[StateResource], identifiers: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Return the resource and attribute that an id belongs to, where it is one resource's alone."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in everything:
        for name in identifiers:
            value = each.values.get(name)
            if isinstance(value, str) and len(value) >= SHORTEST_ID and name not in each.secret:
                found.setdefault(value, []).append((each.address, name))
    return {value: owner for value, owners in found.items() if (owner := _owner(owners)) is not None}


def _owner(owners: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """Return whose an identifier is: one resource's alone or, where others repeat it (a version its secret's), that of the one with this id."""
    addresses = {address for address, _ in owners}
    named = {address for address, name in owners if name == "id"} if len(addresses) > 1 else addresses
    return next((owner for owner in reversed(owners) if owner[0] in named), None) if len(named) == 1 else None


def without_unset(text: str, lines: Collection[int]) -> str:
    """Return code without those of its lines, counted from 1, whose value says as much as none: a provider may write 0 for what it refuses to read."""
    return without_lines(
        text, {at for at, line in enumerate(text.splitlines(), 1) if at in lines and _UNSET.match(line)}
    )


def ignoring(text: str, arguments: Mapping[str, Sequence[str]]) -> str:
    """Return code in which Terraform leaves arguments of a resource alone, by address, that a provider would set though nobody asks for it."""
    lines, names = list[str](), None
    for line in text.splitlines():
        if found := _BLOCK.match(line):
            names = arguments.get(f"{found[1]}.{found[2]}")
        if line == "}" and names:
            said = [_DEFAULTS if each in MERGED else _UNREADABLE for each in names]
            why = ", or ".join(dict.fromkeys(said))
            lines += ["  lifecycle {", f"    ignore_changes = [{', '.join(names)}] # {why}", "  }"]
        lines.append(line)
    return "\n".join(lines) + "\n"


def without_lines(text: str, lines: Collection[int]) -> str:
    """Return code without those of its lines, counted from 1, that are whole arguments."""
    kept = (line for at, line in enumerate(text.splitlines(), 1) if at not in lines or not _ARGUMENT_LINE.match(line))
    return "\n".join(kept) + "\n"


def _referring(line: str, here: StateResource, ids: Mapping[str, tuple[str, str]], edges: dict[str, set[str]]) -> str:
    """Return a line with references in place of other resources' ids, as long as none leads back to where it came from."""

    def reference(found: re.Match[str]) -> str:
        owner = ids.get(json.loads(found[0]))
        if owner is None or owner[0] == here.address or _leads(edges, owner[0], here.address):
            return found[0]
        edges.setdefault(here.address, set()).add(owner[0])
        return ".".join(owner)

    return line if _BLOCK.match(line) else _TEXT.sub(reference, line)


def _leads(edges: Mapping[str, set[str]], start: str, end: str) -> bool:
    seen, left = set[str](), [start]
    while left:
        current = left.pop()
        if current == end:
            return True
        if current not in seen:
            seen.add(current)
            left += edges.get(current, ())
    return False


def _quoted(text: str) -> str:
    """Return a text as HCL writes it."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")

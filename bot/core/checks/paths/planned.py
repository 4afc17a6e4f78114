"""What arguments came to in a plan that only a service could say, like the answer of a data source: are they paths of the machine that plans?

Asked before anything of the plan is posted, and of arguments that the code gives to resources of unknown providers. A text is a path only if
the machine has its first directory: identities of many services begin with a slash, too. What is known only after an apply is left to
confinement, and found by the plan after it.

Source of the format: https://developer.hashicorp.com/terraform/internals/json-format.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from bot.core.checks.gate_rules import GateRules
from bot.core.checks.paths.of_machine import allowed, complaint, is_of_machine

_Module: TypeAlias = Mapping[str, Any]
_Key: TypeAlias = tuple[str, str, str]


def planned_path_findings(document: bytes, rules: GateRules, is_here: Callable[[str], bool]) -> Iterator[str]:
    """Yield what is wrong with a plan from `terraform show -json`; `is_here` says whether the machine has a file of that path.

    No value is quoted, since it may be a secret. A document that is no plan yields nothing: whoever reads it says so.
    """
    try:
        plan = json.loads(document)
        written = plan["configuration"]["root_module"]
        states = [plan.get("planned_values") or {}, (plan.get("prior_state") or {}).get("values") or {}]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    found: dict[str, None] = {}
    for state in states:
        for line in _of_module(state.get("root_module") or {}, written, rules, is_here):
            found[line] = None
    yield from found


def _of_module(values: _Module, written: _Module, rules: GateRules, is_here: Callable[[str], bool]) -> Iterator[str]:
    given = {_key(each): each.get("expressions") or {} for each in written.get("resources") or ()}
    for resource in values.get("resources") or ():
        if rules.knows_files_of(resource["type"]):
            continue
        arguments = given.get(_key(resource), {})
        for argument, value in (resource.get("values") or {}).items():
            if argument in arguments:
                for name in dict.fromkeys(_paths(argument, value, is_here)):
                    if not allowed(resource["type"], name, rules.policy):
                        yield f"`{name}` of `{resource['address']}`: {complaint(resource['type'], name)}"
    calls = written.get("module_calls") or {}
    for inner in values.get("child_modules") or ():
        call = calls.get(_called(inner["address"]), {})
        yield from _of_module(inner, call.get("module") or {}, rules, is_here)


def _key(resource: Mapping[str, Any]) -> _Key:
    return resource["mode"], resource["type"], resource["name"]


def _called(address: str) -> str:
    """Return the name of the innermost call in a module's address (`y` of `module.x["a.b"].module.y[0]`)."""
    *_, last = address.split("module.")
    return last.partition("[")[0].rstrip(".")


def _paths(name: str, value: object, is_here: Callable[[str], bool]) -> Iterator[str]:
    """Yield the names of the arguments in a value that are a path of the machine."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _paths(key, each, is_here)
    elif isinstance(value, list):
        for each in value:
            yield from _paths(name, each, is_here)
    elif isinstance(value, str) and is_of_machine(name, value, is_known=False):
        top = "/" + value.lstrip("/").partition("/")[0]
        if not value.startswith("/") or is_here(top):
            yield name

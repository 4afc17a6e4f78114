"""Addresses of blocks, and the instances that `count` and `for_each` make of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bot.core.hcl.syntax.ast import Block
from bot.core.hcl.values import HclValue, NotKnown, Unknown, number, rules_in

InstanceKey: TypeAlias = "str | int | None"
"""What tells an instance from the others; None for a block without `count` and `for_each`."""

_ECHOES = {"terraform_data": (("output", "input"),), "null_data_source": (("outputs", "inputs"),)}
"""Attributes that are an argument again, by type of resources."""
_FILES = frozenset({"local_file", "local_sensitive_file"})
MOST = 1024
"""Instances that a `count` may create. More would make a comparison slow and its report unreadable."""


def reference_of(block: Block) -> str:
    """Return how code refers to a block: `terraform_data.y`, `data.terraform_data.y`."""
    head = "" if block.type == "resource" else f"{block.type}."
    return head + ".".join(block.labels)


def address_of(block: Block) -> str:
    """Return where a block is, in its module."""
    match block.type:
        case "resource":
            return ".".join(block.labels)
        case "variable":
            return f"var.{'.'.join(block.labels)}"
        case "provider":
            alias = block.setting("alias")
            return f"provider.{'.'.join(block.labels)}" + (f".{alias.code.strip(chr(34))}" if alias else "")
        case kind:
            return ".".join((kind, *block.labels))


def instances(meta: str, value: HclValue) -> Sequence[InstanceKey] | None:
    """Return the keys that the value of `count` or `for_each` makes; None when they can't be known."""
    if isinstance(value, Unknown):
        return None
    if meta == "count":
        try:
            count = number(value)
        except NotKnown:
            return None
        return list(range(int(count))) if 0 <= count <= MOST else None
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list) and not rules_in(value) and all(isinstance(item, str) for item in value):
        return [str(item) for item in value]
    return None


def names_of(block: Block, key: InstanceKey, items: Mapping[str, HclValue]) -> Mapping[str, HclValue]:
    """Return what `count` and `each` mean in one instance; `items` are the values of `for_each` by key."""
    if key is None:
        return {}
    if block.setting("count"):
        return {"count": {"index": key}}
    return {"each": {"key": key, "value": items.get(str(key))}}


def bracketed(key: InstanceKey) -> str:
    """Return the key as it is written in an address."""
    return "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"


def with_echoes(block: Block, given: Mapping[str, HclValue], read: Callable[[str], str]) -> Mapping[str, HclValue]:
    """Return what the code gives a resource, with the attributes that say it again, or say what a file of the module says."""
    kind, found = block.labels[0], dict(given)
    for output, argument in _ECHOES.get(kind, ()):
        if argument in given:
            found[output] = given[argument]
    if kind in _FILES and isinstance(path := given.get("filename"), str):
        try:
            found.setdefault("content", read(path))
        except NotKnown:
            return found
    return found

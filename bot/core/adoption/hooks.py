"""What production's people do beside Terraform, as far as its code shows: hooks that a clone may need, for a person to declare."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.cloud_facts import CloudFacts
from bot.core.parity.directories.evaluation import EvaluatedRoot

_INSIDE = re.compile(r"^(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)+")
_AT = re.compile(r"[.\[].*")


@dataclass(frozen=True, slots=True)
class ProposedHook:
    """A kind of hook, the blocks that it may be for (`stack/address`), and what Terraform leaves to people there."""

    kind: str
    blocks: tuple[str, ...]
    why: str


def proposed_hooks(
    evaluated: Mapping[str, EvaluatedRoot], stacks: Mapping[str, str], cloud: CloudFacts
) -> Sequence[ProposedHook]:
    """Return the hooks that the resources of production suggest, by kind; what its code does itself suggests none."""
    found: dict[tuple[str, str], list[str]] = {}
    for root, each in evaluated.items():
        types = {_type(block) for block in each.blocks.values()}
        arguments: dict[str, set[str]] = {}
        for address, attribute in each.leaves:
            arguments.setdefault(address, set()).add(_AT.sub("", attribute))
        for address, block in each.blocks.items():
            rule = cloud.left_to_hooks.get(_type(block))
            if rule is not None and not rule.unless & (types | arguments[address]):
                found.setdefault((rule.hook, rule.why), []).append(f"{stacks[root]}/{block}")
    return [ProposedHook(kind, tuple(dict.fromkeys(blocks)), why) for (kind, why), blocks in sorted(found.items())]


def _type(block: str) -> str:
    """Return the type of a resource's block; `data` of what is only read."""
    return _AT.sub("", _INSIDE.sub("", block))

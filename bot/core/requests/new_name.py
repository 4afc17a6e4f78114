"""The name that a new clone may have: free, beside its template, and not to be taken for another."""

import re
from collections.abc import Collection
from dataclasses import replace

from bot.commands.model import Clone
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.parameter_rules import taken_name
from bot.core.requests.validation import Correctable
from bot.errors import InvalidInput
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import Policy
from bot.model.roots import Roots
from bot.model.template import Template
from bot.names import EnvironmentName, TemplateName, resembles


def check_name(command: Clone, inventory: Inventory, policy: Policy, template: Template) -> None:
    """Refuse a name that is in use or could be taken for another. Raises `Correctable`."""
    name = command.name
    if said := taken_name(template, name):
        raise Correctable(said)
    protected = next((p for p in policy.protected if p == name or resembles(name, p)), None)
    if protected:
        raise Correctable(
            f"`{name}` is the protected environment `{protected}`, or looks like it. Choose another name."
        )
    if name in inventory.unmanaged:
        raise Correctable(
            f"`{policy.roots.environment(name)}` already exists and is not an environment: it has no {MANIFEST}. Choose another name.",
            replace(command, name=_free_name(name, inventory)),
        )
    if inventory.has(name):
        left = inventory.unreadable.get(name)
        is_live = name in inventory.live or (left is not None and left.is_live)
        where = "exists" if is_live else "is proposed in an open pull request"
        raise Correctable(
            f"Environment `{name}` already {where}. Choose another name; `/status {name}` shows this one.",
            replace(command, name=_free_name(name, inventory)),
        )
    adopted = next((m.name for m in inventory.with_older_state() if name in _names_of_states(m)), None)
    if adopted:
        raise Correctable(
            f"`{adopted}` keeps an older state under the name `{name}`. Choose another name, so that the two can't be confused."
        )
    alike = inventory.alike(name)
    if alike:
        raise Correctable(
            f"`{name}` looks like the existing environment `{alike}`. Choose a name that can't be confused with it."
        )


def check_pair(command: Clone, template: TemplateName, roots: Roots) -> None:
    """Refuse a name by which the clone would lie elsewhere than beside its template. Raises `Correctable` with one that would not."""
    elsewhere = roots.apart(command.name, template)
    if elsewhere is None:
        return
    bare = command.name.removeprefix(f"{roots.pair(command.name)}-")
    try:
        instead = replace(command, name=EnvironmentName(roots.named(bare, template)))
    except InvalidInput:
        instead = None
    raise Correctable(elsewhere, instead)


def _names_of_states(manifest: Manifest) -> Collection[str]:
    """Return what the keys of older states begin with, where a clone of that name would keep its own."""
    states = list((manifest.state or {}).values())
    workspaces = {each.workspace for each in states if each.workspace}
    return workspaces | {re.split(r"[/_.]", each.key, maxsplit=1)[0] for each in states}


def _free_name(name: EnvironmentName, inventory: Inventory) -> EnvironmentName:
    stem = name[: EnvironmentName.longest - 4].rstrip("-")
    return next(free for number in range(2, 1000) if not inventory.has(free := EnvironmentName(f"{stem}-{number}")))

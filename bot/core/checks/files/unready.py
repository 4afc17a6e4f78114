"""States of the environment's own stacks that code reads: what a first plan, made before any of them is there, can't do with them.

What the root module reads of a stack that it needs is planned as known after the apply (`core/checks/unread_states`). The rest fails.
"""

from collections.abc import Iterator, Mapping

from bot.core.checks.bounded_paths import name_of
from bot.core.checks.remote_states import KIND, own_states_read
from bot.core.cloud_facts import BackendFacts
from bot.core.graph import needed
from bot.core.hcl.declarations import module_code
from bot.core.hcl.syntax.ast import AttributeAccess, Block, Expression, NameExpression, Setting, parts_of
from bot.core.tree import Tree
from bot.model.pipeline import Stack
from bot.names import StepName

_COUNTING = frozenset({"count", "for_each"})
_INPUT = "(`inputs: {subnet: {from: network.subnet, stand_in: none-yet}}`): production's plan stays empty"


def unready(code: Tree, stacks: Mapping[StepName, Stack], backends: Mapping[str, BackendFacts]) -> Iterator[str]:
    """Yield what to do about each stack whose first plan would fail for a state of the environment's own that is not there yet."""
    for name in stacks:
        for read in own_states_read(code, name, stacks, backends):
            needs = needed(stacks, name)
            others = sorted(read.stacks - {name} - needs)
            if others and needs <= stacks.keys():  # a hook may need it
                yield (
                    f"{read.path}:{read.line} reads the state of `{others[0]}`, and stack `{name}` does not need it, so a clone may be planned and "
                    f"applied in the wrong order. Add `needs: [{others[0]}]` to stack `{name}` in template.yaml."
                )
            elif not read.is_of_root:
                yield (
                    f"{read.path}:{read.line} reads the state of another stack in a module, which a clone does not have before its first apply, so "
                    f"its first plan fails. Read it in stack `{name}`, and hand the module what it needs."
                )
            elif (found := counted(code, name, read.name)) is not None:
                path, setting = found
                yield (
                    f"{path}:{setting.line} `{setting.name}` depends on the state of another stack, which a clone does not have before its first "
                    f"apply, so its first plan fails. Take the value as a variable, and give stack `{name}` its value as an input in "
                    f"template.yaml {_INPUT}."
                )


def counted(code: Tree, directory: str, name: str) -> tuple[str, Setting] | None:
    """Return the first `count` or `for_each` of a module that comes to something of this remote state, if only through locals."""
    blocks = module_code(code, directory).blocks
    local = {setting.name: setting for _, block in blocks if block.type == "locals" for setting in block.settings}
    meant, left = {f"data.{KIND}.{name}"}, dict(local)
    while found := [each for each, setting in left.items() if _mentions(setting, meant)]:
        meant |= {f"local.{each}" for each in found}
        left = {each: setting for each, setting in left.items() if each not in found}
    return next(((path, each) for path, block in blocks for each in _countings(block) if _mentions(each, meant)), None)


def _countings(block: Block) -> Iterator[Setting]:
    if block.type in {"resource", "data", "module"}:
        yield from (setting for setting in block.settings if setting.name in _COUNTING)


def _mentions(setting: Setting, names: set[str]) -> bool:
    return any(_name_of(part) in names for part in parts_of(setting.value))


def _name_of(value: Expression) -> str:
    match value:
        case AttributeAccess(AttributeAccess(NameExpression("data"), kind), name):
            return f"data.{kind}.{name}"
        case _:
            return name_of(value)

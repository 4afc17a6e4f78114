"""States of other stacks that code reads, which a new environment does not have yet when it is first planned."""

from collections.abc import Iterator, Mapping

from bot.core.checks.remote_states import KIND
from bot.core.hcl.declarations import module_code
from bot.core.tree import Tree
from bot.model.pipeline import Stack
from bot.model.policy import StaticCheckRules
from bot.names import StepName


def unready(code: Tree, stacks: Mapping[StepName, Stack], gate: StaticCheckRules) -> Iterator[str]:
    """Yield what to do about each stack that reads states of its environment's own; where the policy names others, which is meant can't be told."""
    if gate.remote_states or KIND in gate.data_sources:
        return
    for name in stacks:
        blocks = module_code(code, name).blocks
        read = [(path, block.line) for path, block in blocks if block.type == "data" and block.labels[:1] == (KIND,)]
        for path, line in read[:1]:
            yield (
                f"{path}:{line} reads the state of another stack, which a clone does not have before its first apply, so its first plan fails. Take "
                f"the value as a variable, and give stack `{name}` its value as an input in template.yaml "
                "(`inputs: {subnet: {from: network.subnet, stand_in: none-yet}}`): production's plan stays empty."
            )

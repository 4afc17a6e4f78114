"""What a stack reads of the states of its environment's other stacks: it counts as given to it, like an input."""

from collections.abc import Mapping

from bot.core.checks.remote_states import own_states_read
from bot.core.cloud_facts import BackendFacts
from bot.core.ledger.ledger import KeptOutput, Ledger
from bot.core.tree import Tree
from bot.model.pipeline import Stack
from bot.names import StepName


def states_read(
    name: StepName, code: Tree, stacks: Mapping[StepName, Stack], ledger: Ledger, backends: Mapping[str, BackendFacts]
) -> Mapping[StepName, Mapping[str, KeptOutput]]:
    """Return what the ledger keeps of the outputs that a stack's code takes of the states of the environment's other stacks."""
    found: dict[StepName, dict[str, KeptOutput]] = {}
    for read in own_states_read(code, name, stacks, backends):
        for stack in read.stacks - {name}:
            entry = ledger.steps.get(stack)
            kept = entry.outputs if entry is not None else {}
            found.setdefault(stack, {}).update(
                {output: value for output, value in kept.items() if read.outputs is None or output in read.outputs}
            )
    return found

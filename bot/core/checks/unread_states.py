"""Which states of the environment's own stacks a stack can't read yet, or not as they will be: their outputs are then planned as known after the apply.

It is Terraform's own way for a data source whose configuration isn't known yet, so nobody has to say what stands for the outputs. Like a plan
with mock outputs such a plan is a preview: before the apply it is made again in the same way, and compared with what was reviewed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from bot.core.checks.remote_states import StateRead
from bot.core.plans.plan import Action, TerraformPlan
from bot.names import StepName


def has_no_outputs_yet(plan: TerraformPlan) -> bool:
    """Say whether the state that was planned on holds none of the stack's outputs, as before its first apply."""
    if plan.outputs:
        return all(output.action is Action.CREATE for output in plan.outputs)
    return all(change.action in {Action.CREATE, Action.READ} for change in plan.changes)


def changing_outputs(plan: TerraformPlan) -> frozenset[str]:
    """Return the outputs whose value in the state is another one once the plan is applied."""
    return frozenset(output.name for output in plan.outputs if output.action is not Action.NO_OP)


def unread(reads: Iterable[StateRead], missing: Collection[StepName]) -> Iterator[StateRead]:
    """Yield what a root module reads of states of which one is `missing`. What its modules read can't be put off."""
    yield from (read for read in reads if read.is_of_root and not read.stacks.isdisjoint(missing))


def outdated(reads: Iterable[StateRead], changing: Mapping[StepName, frozenset[str]]) -> Iterator[StateRead]:
    """Yield what a root module reads of states that are about to change in an output which it takes of them."""
    for read in reads:
        new = frozenset[str]().union(*(changing.get(stack, frozenset()) for stack in read.stacks))
        if read.is_of_root and (new if read.outputs is None else new & read.outputs):
            yield read


def advice(reads: Sequence[StateRead]) -> str:
    """Return what to do if a plan failed for want of what was put off; nothing where that was nothing."""
    if not reads:
        return ""
    read = reads[0]
    return (
        f"\n{read.path}:{read.line} reads a state that does not exist yet, or is about to change, so its content was not known. If that is why, take the value as an input "
        "with a mock output (`inputs: {subnet: {from: network.subnet, stand_in: none-yet}}` in template.yaml)."
    )

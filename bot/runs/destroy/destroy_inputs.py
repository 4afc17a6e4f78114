"""The inputs of a stack that is destroyed. What goes is in the state, so they only have to be valid, and always the same."""

from collections.abc import Mapping

from bot.core.ledger.kept_outputs import clear_outputs
from bot.core.ledger.ledger import Ledger
from bot.core.ledger.renamed_steps import by_any_name
from bot.core.plans.stack_inputs import Output, value_of
from bot.errors import UserError
from bot.model.pipeline import Json, Stack
from bot.names import ParameterName, StepName


def destroy_inputs(name: StepName, stack: Stack, ledger: Ledger) -> Mapping[ParameterName, Json]:
    """Return the outputs that the ledger keeps, and mock outputs for secret or lost ones. Raises `UserError` without either."""
    values: dict[ParameterName, Json] = {}
    outputs = {step: clear_outputs(entry) for step, entry in by_any_name(ledger).items()}
    for variable, source in stack.inputs.items():
        found = value_of(source, {}, outputs)
        if isinstance(found, Output):
            values[variable] = found.value
        elif source.stand_in is not None:
            values[variable] = source.stand_in
        else:
            raise UserError(
                f"The destroy of stack `{name}` can't be planned: `{source.source}` is sensitive or lost, and its input `{variable}` "
                "has no `stand_in`."
            )
    return values

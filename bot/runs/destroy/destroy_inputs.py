"""The inputs of a stack whose end is planned. What is destroyed is in the state, so they only have to be valid, and always the same."""

from collections.abc import Mapping

from bot.core.ledger.ledger import Clear, Ledger
from bot.errors import UserError
from bot.model.pipeline import Json, Stack
from bot.names import ParameterName, StepName


def end_inputs(name: StepName, stack: Stack, ledger: Ledger) -> Mapping[ParameterName, Json]:
    """Return the outputs that the ledger keeps, and stand-ins for secret or lost ones. Raises `UserError` without either."""
    values: dict[ParameterName, Json] = {}
    for variable, source in stack.inputs.items():
        entry = ledger.steps.get(source.step)
        kept = entry.outputs.get(source.output) if entry is not None else None
        if isinstance(kept, Clear):
            values[variable] = kept.value
        elif source.stand_in is not None:
            values[variable] = source.stand_in
        else:
            raise UserError(
                f"The end of stack `{name}` can't be planned: `{source.source}` is secret or lost, and its input `{variable}` has "
                "no `stand_in`."
            )
    return values

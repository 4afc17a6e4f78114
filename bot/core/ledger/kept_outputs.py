"""The outputs of a step as far as the ledger has them."""

from bot.core.ledger.ledger import Clear, LedgerEntry
from bot.core.plans.stack_inputs import Output, Outputs


def clear_outputs(entry: LedgerEntry | None) -> Outputs:
    """Return the outputs that are not sensitive; of a sensitive one the ledger has only a digest."""
    kept = entry.outputs if entry is not None else {}
    return {key: Output(output.value) for key, output in kept.items() if isinstance(output, Clear)}

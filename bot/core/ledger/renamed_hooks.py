"""What the ledger says of hooks that a newer revision of the template calls otherwise.

An entry moves to the hook's present name before anything runs. It keeps the name that the hook has in the commit which applied it, so that a
destroy finds the code, and the first one, which is that by which kinds mark what they make outside.
"""

from collections.abc import Mapping

from bot.core.ledger.ledger import Ledger, LedgerEntry
from bot.model.pipeline import Hook
from bot.names import StepName


def with_present_names(ledger: Ledger, hooks: Mapping[StepName, Hook]) -> Ledger:
    """Return the ledger with each renamed hook under the name that it has now. Done again it changes nothing."""
    present = {
        old: name
        for name, hook in hooks.items()
        if name not in ledger.steps
        for old in [next((old for old in hook.renamed_from if old in ledger.steps and old not in hooks), None)]
        if old is not None
    }
    if not present:
        return ledger
    steps = {present.get(name, name): _moved(name, entry, present) for name, entry in ledger.steps.items()}
    return ledger.model_copy(update={"steps": steps})


def by_any_name(ledger: Ledger) -> Mapping[StepName, LedgerEntry]:
    """Return the entries by their present names, and by those that the code which applied them has."""
    former = {entry.declared_as: entry for entry in ledger.steps.values() if entry.declared_as is not None}
    return {**former, **ledger.steps}


def marked_as(name: StepName, entry: LedgerEntry | None) -> StepName:
    """Return the name by which a hook marks what it makes outside: the first that it had."""
    return entry.marked_as or name if entry is not None else name


def _moved(name: StepName, entry: LedgerEntry, present: Mapping[StepName, StepName]) -> LedgerEntry:
    if name not in present:
        return entry
    return entry.model_copy(update={"declared_as": entry.declared_as or name, "marked_as": entry.marked_as or name})

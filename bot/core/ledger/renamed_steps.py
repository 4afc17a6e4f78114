"""What the ledger says of steps that another revision of the template calls otherwise.

An entry moves to the step's present name before anything runs. It keeps the name that the step has in the commit which applied it, so that a
destroy finds the code, and the first one, which is that by which kinds of hooks mark what they make outside. Of a stack it also keeps where the
state lies, until the stack's next run has moved it. An earlier version, which has the step under a former name, finds it in the same way.
"""

from collections.abc import Iterator, Mapping

from bot.core.ledger.ledger import FormerPlace, FormerState, Ledger, LedgerEntry
from bot.model.pipeline import Hook, Stack
from bot.names import StepName

STATE = "terraform.destroy"
"""What the undo of a stack uses, by which its entry is told from a hook's."""


def with_present_names(ledger: Ledger, steps: Mapping[StepName, Stack | Hook]) -> Ledger:
    """Return the ledger with each renamed step under the name that it has now. Done again it changes nothing."""
    present = _present_names(ledger, steps)
    if not present:
        return ledger
    taken = set(present.values())  # by what an earlier environment of the name has left, of which nothing is there
    found = {
        present.get(name, name): _moved(name, entry, present)
        for name, entry in ledger.steps.items()
        if name not in taken
    }
    return ledger.model_copy(update={"steps": found})


def _present_names(ledger: Ledger, steps: Mapping[StepName, Stack | Hook]) -> dict[StepName, StepName]:
    """Return the present names of the entries that have another one. What says that it was called so comes before what an entry was called."""
    present: dict[StepName, StepName] = {}
    for names in (_former_names, _later_names):
        for name, step in steps.items():
            if name in present.values() or (name in ledger.steps and _stands(ledger.steps[name])):
                continue
            free = [old for old in names(ledger, name, step) if old not in steps and old not in present]
            standing = [old for old in free if _stands(ledger.steps[old])]
            if standing or (free and name not in ledger.steps):
                present[(standing or free)[0]] = name
    return present


def mistaken_names(ledger: Ledger, steps: Mapping[StepName, Stack | Hook]) -> Mapping[StepName, str]:
    """Return what is wrong with a step that would leave what another made: one of another kind, or one that had its name and is gone."""
    found: dict[StepName, str] = {}
    for name, step in steps.items():
        kind = _kind(isinstance(step, Stack))
        for old in (each for each in step.renamed_from if each in ledger.steps and each not in steps):
            if not _is_of(step, ledger.steps[old]):
                found[name] = (
                    f"`renamed_from` names `{old}`, which was applied here as a {_kind(not isinstance(step, Stack))}, and `{name}` is a "
                    f"{kind}: take `{old}` out of `renamed_from`. What it made stays recorded under its own name."
                )
            elif _stands(ledger.steps[old]) and _is_anothers(ledger, name, old):
                found[name] = (
                    f"`renamed_from` names `{old}`, but another {kind} called `{name}` was applied here too, and what it made is still there, although "
                    f"the template no longer has it: the two can't be one. Give this {kind} another name, and keep `renamed_from: [{old}]`."
                )
    return found


def _is_anothers(ledger: Ledger, name: StepName, old: StepName) -> bool:
    """Say whether what stands under a step's name is not what was called `old`."""
    entry = ledger.steps.get(name)
    return entry is not None and _stands(entry) and old not in entry.formerly


def _kind(is_stack: bool) -> str:
    return "stack" if is_stack else "hook"


def by_any_name(ledger: Ledger) -> Mapping[StepName, LedgerEntry]:
    """Return the entries by their present names, and by those that they had."""
    former = {old: entry for entry in ledger.steps.values() for old in entry.formerly}
    declared = {entry.declared_as: entry for entry in ledger.steps.values() if entry.declared_as is not None}
    return {**former, **declared, **ledger.steps}


def present_names(ledger: Ledger) -> Mapping[StepName, StepName]:
    """Return the present name of each step by every one that it had."""
    names = {id(entry): name for name, entry in ledger.steps.items()}
    return {known: names[id(entry)] for known, entry in by_any_name(ledger).items()}


def marked_as(name: StepName, entry: LedgerEntry | None) -> StepName:
    """Return the name by which a hook marks what it makes outside: the first that it had."""
    return entry.marked_as or name if entry is not None else name


def _former_names(ledger: Ledger, name: StepName, step: Stack | Hook) -> Iterator[StepName]:
    """Yield the names under which the ledger may have the step, of those that it had."""
    yield from (old for old in step.renamed_from if old in ledger.steps and _is_of(step, ledger.steps[old]))


def _later_names(ledger: Ledger, name: StepName, step: Stack | Hook) -> Iterator[StepName]:
    """Yield the names under which the ledger may have the step, of those that it got later: this is an earlier version."""
    yield from (other for other, entry in ledger.steps.items() if name in entry.formerly and _is_of(step, entry))


def _stands(entry: LedgerEntry) -> bool:
    return entry.result != "undone"


def _is_of(step: Stack | Hook, entry: LedgerEntry) -> bool:
    """Say whether an entry can be that of a step: a stack is no hook. Of what was undone nothing is left to mistake."""
    return entry.undo is None or isinstance(step, Stack) == (entry.undo.uses == STATE)


def _moved(name: StepName, entry: LedgerEntry, present: Mapping[StepName, StepName]) -> LedgerEntry:
    if name not in present:
        return entry
    declared = entry.declared_as or name
    is_stack = entry.undo is not None and entry.undo.uses == STATE
    update = {
        "declared_as": declared,
        "marked_as": entry.marked_as or name,
        "formerly": tuple(dict.fromkeys((*entry.formerly, name))),
        "former_state": _former_state(name, entry) if is_stack else entry.former_state,
    }
    return entry.model_copy(update=update)


def _former_state(name: StepName, entry: LedgerEntry) -> FormerState:
    """Return where the state of a stack lies that gets another name, and where a run may have left a copy of it on its way."""
    former = entry.former_state
    if former is None:
        return FormerState(stack=entry.declared_as or name, commit=entry.commit)
    if entry.declared_as is not None:
        return former  # no run began under this name
    here = FormerPlace(stack=name, commit=entry.commit)
    others = (each for each in former.copies if each.stack != name)
    return former.model_copy(update={"copies": (*others, here)})

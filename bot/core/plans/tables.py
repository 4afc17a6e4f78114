"""A stack's plan in words: tables of what happens to which resource, and attribute by attribute what changes."""

from collections.abc import Iterator, Mapping, Sequence

from bot.core.markdown import cell, code, fence, table
from bot.core.plans import value_text
from bot.core.plans.plan import Action, OutputChange, PlannedChange
from bot.core.plans.plan_values import UNKNOWN, ValueChange

_WORDS: Mapping[Action, str] = {
    Action.DELETE: "**destroy**",
    Action.REPLACE: "**replace**",
    Action.FORGET: "forget",
    Action.UPDATE: "change",
    Action.CREATE: "add",
    Action.READ: "read",
    Action.NO_OP: "keep",
}
"""In the order in which reviewers need them: what is lost first."""

_REASONS = {
    "replace_because_tainted": "its creation failed halfway",
    "replace_because_cannot_update": "it can't be changed in place",
    "replace_by_request": "requested",
    "replace_by_triggers": "`replace_triggered_by`",
    "delete_because_no_resource_config": "no longer in the code",
    "delete_because_no_module": "its module is no longer in the code",
    "delete_because_count_index": "beyond `count`",
    "delete_because_each_key": "its key is no longer in `for_each`",
    "delete_because_wrong_repetition": "switched between `count` and `for_each`",
    "delete_because_no_move_target": "its `moved` target doesn't exist",
}


def changes_table(changes: Sequence[PlannedChange]) -> str:
    """Return the changes as a table, destructions first."""
    order = list(_WORDS)
    rows = [
        (_WORDS[change.action], code(change.address), _note(change))
        for change in sorted(changes, key=lambda c: (order.index(c.action), c.address))
    ]
    return table(("Action", "Resource", "Why"), rows)


def attributes(changes: Sequence[PlannedChange], outputs: Sequence[OutputChange]) -> str:
    """Return what changes, attribute by attribute, as a block that GitHub colours."""
    order = list(_WORDS)
    lines: list[str] = []
    for change in sorted(changes, key=lambda c: (order.index(c.action), c.address)):
        lines += [*_change_lines(change), ""]
    for output in outputs:
        lines += _output_lines(output)
    return fence("\n".join(lines).rstrip(), "diff")


def _note(change: PlannedChange) -> str:
    notes = []
    if change.is_import:
        notes.append("imported")
    if change.previous_address and change.previous_address != change.address:
        notes.append(f"was {code(change.previous_address)}")
    if change.action in {Action.REPLACE, Action.DELETE} and change.reason:
        notes.append(_REASONS.get(change.reason, cell(change.reason.replace("_", " "))))
    if change.replace_paths:
        notes.append(f"because of {', '.join(code(path) for path in change.replace_paths)}")
    return "; ".join(notes)


def _change_lines(change: PlannedChange) -> Iterator[str]:
    match change.action:
        case Action.CREATE:
            yield f"+ {change.address}"
            yield from _created(change)
        case Action.DELETE | Action.FORGET:
            yield f"- {change.address}" + (" (removed from state only)" if change.action == Action.FORGET else "")
        case Action.REPLACE:
            yield f"- {change.address} (replaced)"
            for difference in change.differences:
                if difference.after is not UNKNOWN:
                    yield from _changed(difference, change)
        case _:
            yield f"! {change.address}"
            for difference in change.differences:
                yield from _changed(difference, change)


def _created(change: PlannedChange) -> Iterator[str]:
    given = [d for d in change.differences if d.after is not None]
    if any(difference.path == "tags" for difference in given):
        # The provider repeats them with the tags that every resource has.
        given = [difference for difference in given if difference.path != "tags_all"]
    later = sum(1 for difference in given if difference.after is UNKNOWN)
    for difference in given:
        if difference.after is not UNKNOWN and difference.after not in ({}, []):
            yield from value_text.given(difference.path, difference.after)
    if later:
        yield f"      … and {later} {'attribute' if later == 1 else 'attributes'} known after apply"


def _changed(difference: ValueChange, change: PlannedChange) -> Iterator[str]:
    forces = " (forces the replacement)" if difference.path in change.replace_paths else ""
    return value_text.changed(difference.path, difference.before, difference.after, forces)


def _output_lines(output: OutputChange) -> Iterator[str]:
    match output.action:
        case Action.NO_OP:
            return
        case Action.CREATE:
            yield f"+ output {output.name} = {value_text.on_one_line(output.after)}"
        case Action.DELETE:
            yield f"- output {output.name}"
        case _:
            before, after = value_text.both_on_one_line(output.before, output.after)
            yield f"! output {output.name}: {before} → {after}"

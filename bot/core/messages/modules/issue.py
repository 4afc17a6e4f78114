"""The issue of a rollout of modules: a table that is edited in place."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.commands.model import RolloutAction
from bot.core.markdown import cell, code, shortened, table
from bot.core.messages.modules.held import modules
from bot.core.plural import counted
from bot.core.rollout.module_record import ModuleRecord, written
from bot.core.rollout.next_actions import NextActions
from bot.core.rollout.record import ENDED, FAILURES, MemberStage, RolloutMember
from bot.model import duration
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.names import EnvironmentName

MOST_ROWS: Final = 150
"""Rows of the table, those that need somebody first, as in the issue of a template's rollout."""

TURNED_OFF: Final = "<!-- envclone:rollout-turned-off -->"
SUPERSEDED: Final = "<!-- envclone:rollout-superseded -->"

_WORDS: Mapping[MemberStage, str] = {
    MemberStage.FAILED: "**failed**",
    MemberStage.REFUSED: "**needs you**",
    MemberStage.MERGED: "being applied",
    MemberStage.WAITING: "waiting",
    MemberStage.GONE: "destroyed",
    MemberStage.APPLIED: "applied",
}
"""In the order in which people need them; a module's rollout has no other stages."""

OVER: Final = "This rollout is over. To apply a change of a module that an environment is waiting for, comment `/resume <name>`; if the rollout was aborted, you can also reopen this issue to continue it."
STEERED: Final[Mapping[RolloutAction, str]] = {
    "pause": "Paused: nothing more is applied. Comment `/rollout resume` to continue.",
    "resume": "Resumed.",
    "abort": "Aborted. What is waiting stays as it is: `/resume <name>` applies one environment, and so does the next merge that changes it. Reopen this issue to continue.",
}


@dataclass(frozen=True, slots=True)
class ShownModules:
    """A rollout as it is after a look at it."""

    record: ModuleRecord
    todo: NextActions
    policy: Policy
    is_aborted: bool = False


def title(record: ModuleRecord, todo: NextActions | None = None) -> str:
    """Return the issue's title."""
    said = {"paused": " (paused)", "stopped": " (stopped)", "done": " (done)"}.get(todo.verdict, "") if todo else ""
    more = f" and {len(record.modules) - 1} more" if len(record.modules) > 1 else ""
    return f"Rollout of {record.modules[0]}{more} at {record.commit[:12]}{said}"


def body(shown: ShownModules) -> str:
    """Return the issue's text."""
    record = shown.record
    parts = [
        f"{written(record)}\n{_introduction(record)}",
        _verdict(shown),
        _plans(record.members),
        _table(record),
        "" if shown.todo.verdict == "done" or shown.is_aborted else _commands(shown.todo),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def superseded(newer: int) -> str:
    """Say why a rollout ends before it is done."""
    return (
        f"A module has changed again, so this rollout continues in #{newer}, with everything that has not been applied."
    )


def turned_off(left: int) -> str:
    """Say why a rollout ends that the policy has turned off, and what becomes of what is left."""
    said = "The policy no longer applies modules in waves, so this rollout ends."
    if not left:
        return said
    return f"{said} To apply the {counted(left, 'environment')} that it has not applied, comment `/resume <name>` for each; the table shows which."


def _introduction(record: ModuleRecord) -> str:
    return (
        f"Merged up to {record.commit[:12]}: {modules(record.modules)}. The environments that use what changed are applied in waves, as they were planned "
        "and reviewed in the merged pull requests. This issue is edited in place; close it to abort the rollout."
    )


def _verdict(shown: ShownModules) -> str:
    record, todo, rollout = shown.record, shown.todo, shown.policy.rollout
    wave = f"wave {min(todo.wave + 1, len(record.waves))} of {len(record.waves)}"
    if todo.verdict == "done":
        counts = Counter(_WORDS[each.stage] for each in record.members.values())
        return f"**Done**: {', '.join(f'{count} {word}' for word, count in counts.most_common())}."
    if shown.is_aborted:
        return (
            f"**Aborted** in {wave}: what is waiting stays as it is. `/resume <name>` applies one environment, and so does the next merge that changes "
            "it. Reopen this issue to continue."
        )
    match todo.verdict:
        case "paused":
            return f"**Paused** in {wave}: nothing more is applied. Comment `/rollout resume` to continue."
        case "stopped":
            failed = sum(each.stage in FAILURES for each in record.members.values())
            return (
                f"**Stopped** in {wave}: {counted(failed, 'environment')} failed, and the policy tolerates {rollout.failure_tolerance}. Nothing more is "
                f"applied until {'it is' if failed == 1 else 'they are'} fixed; then the rollout continues by itself."
            )
        case "waiting":
            begins = todo.waves_done[todo.wave - 1] + rollout.wait
            return f"**Waiting**: {wave} begins at {_moment(begins)}, {duration.words(rollout.wait)} after the previous wave."
        case _:
            ended = sum(each.stage in ENDED for each in record.members.values())
            return f"**Running**: {wave}; {ended} of {counted(len(record.members), 'environment')} done."


def _plans(members: Mapping[EnvironmentName, RolloutMember]) -> str:
    """Return what applying all that is waiting would do."""
    counts = Counter(each.risk for each in members.values() if each.stage is MemberStage.WAITING)
    return (
        f"Waiting, by risk: {', '.join(f'{counts[risk]} {risk.words}' for risk in Risk if counts[risk])}."
        if counts
        else ""
    )


def _table(record: ModuleRecord) -> str:
    waves = {name: number for number, wave in enumerate(record.waves, 1) for name in wave}
    order = list(_WORDS)
    names = sorted(waves, key=lambda name: (order.index(record.members[name].stage), waves[name], name))
    rows = [tuple(_row(name, waves[name], record.members[name])) for name in names[:MOST_ROWS]]
    more = f"\n… and {len(names) - MOST_ROWS} more." if len(names) > MOST_ROWS else ""
    return f"{table(('Environment', 'Wave', 'Stage', 'Risk', 'Planned in', 'Note'), rows)}{more}"


def _row(name: EnvironmentName, wave: int, member: RolloutMember) -> Iterator[str]:
    yield from (code(name), str(wave), _WORDS[member.stage], member.risk.words)
    yield f"#{member.pull}" if member.pull is not None else ""
    yield cell(shortened(member.note, 300))


def _commands(todo: NextActions) -> str:
    return f"Comment `/rollout {'resume' if todo.verdict == 'paused' else 'pause'}` or `/rollout abort` here."


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"

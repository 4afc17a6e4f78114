"""The issue of a rollout of modules: a table that is edited in place."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.commands.model import RolloutAction
from bot.core.markdown import cell, code, shortened
from bot.core.messages.modules.held import modules
from bot.core.messages.rollouts.standing import RolloutStanding, filled, in_title, stages_table
from bot.core.plural import counted
from bot.core.rollout.module_record import ModuleRecord, written
from bot.core.rollout.next_actions import NextActions
from bot.core.rollout.record import MemberStage, RolloutMember
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.names import EnvironmentName

_WORDS: Mapping[MemberStage, str] = {
    MemberStage.FAILED: "**failed**",
    MemberStage.REFUSED: "**needs you**",
    MemberStage.MERGED: "being applied",
    MemberStage.WAITING: "waiting",
    MemberStage.GONE: "destroyed",
    MemberStage.APPLIED: "applied",
}
"""In the order in which people need them; a module's rollout has no other stages."""

_VERDICTS: Mapping[str, str] = {
    "done": "**Done**: {ends}.",
    "aborted": (
        "**Aborted** in {wave}: what is waiting stays as it is. `/resume <name>` applies one environment, and so does the next merge that changes "
        "it. Reopen this issue to continue."
    ),
    "paused": "**Paused** in {wave}: nothing more is applied. Comment `/rollout resume` to continue.",
    "stopped": (
        "**Stopped** in {wave}: {failed} failed, and the policy tolerates {tolerated}. Nothing more is applied until {fixed}; then the rollout "
        "continues by itself."
    ),
    "waiting": "**Waiting**: {wave} begins at {begins}, {wait} after the previous wave.",
    "running": "**Running**: {wave}; {ended} of {members} done.",
}

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
    more = f" and {len(record.modules) - 1} more" if len(record.modules) > 1 else ""
    return f"Rollout of {record.modules[0]}{more} at {record.commit[:12]}{in_title(todo)}"


def body(shown: ShownModules) -> str:
    """Return the issue's text."""
    record, is_over = shown.record, shown.todo.verdict == "done" or shown.is_aborted
    standing = RolloutStanding(record.waves, record.members, shown.todo, shown.policy)
    verdict = "aborted" if shown.is_aborted and shown.todo.verdict != "done" else shown.todo.verdict
    parts = [
        f"{written(record)}\n{_introduction(record)}",
        filled(_VERDICTS[verdict], standing, _WORDS),
        _plans(record.members),
        stages_table(("Environment", "Wave", "Stage", "Risk", "Planned in", "Note"), standing, _WORDS, _row),
        "" if is_over else _commands(shown.todo),
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


def _plans(members: Mapping[EnvironmentName, RolloutMember]) -> str:
    """Return what applying all that is waiting would do."""
    counts = Counter(each.risk for each in members.values() if each.stage is MemberStage.WAITING)
    return (
        f"Waiting, by risk: {', '.join(f'{counts[risk]} {risk.words}' for risk in Risk if counts[risk])}."
        if counts
        else ""
    )


def _row(name: EnvironmentName, wave: str, member: RolloutMember) -> Iterator[str]:
    yield from (code(name), wave, _WORDS[member.stage], member.risk.words)
    yield f"#{member.pull}" if member.pull is not None else ""
    yield cell(shortened(member.note, 300))


def _commands(todo: NextActions) -> str:
    return f"Comment `/rollout {'resume' if todo.verdict == 'paused' else 'pause'}` or `/rollout abort` here."

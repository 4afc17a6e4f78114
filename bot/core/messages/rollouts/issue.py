"""The issue that shows a rollout: a table that is edited in place, and what would happen before it does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.commands.model import RolloutAction
from bot.core.markdown import cell, code, shortened
from bot.core.messages.rollouts.standing import RolloutStanding, filled, in_title, stages_table
from bot.core.plural import counted, joined
from bot.core.requests.template_history import TemplateVersion
from bot.core.rollout.arrival import arrival
from bot.core.rollout.next_actions import NextActions
from bot.core.rollout.record import MemberStage, RolloutMember, RolloutRecord, written
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.names import EnvironmentName

_WORDS: Mapping[MemberStage, str] = {
    MemberStage.FAILED: "**failed**",
    MemberStage.REFUSED: "**needs you**",
    MemberStage.BLOCKED: "**blocked**",
    MemberStage.PLANNED: "planned, waiting to be merged",
    MemberStage.PLANNING: "planning",
    MemberStage.MERGED: "merged, being applied",
    MemberStage.WAITING: "waiting",
    MemberStage.DECLINED: "closed without merging",
    MemberStage.GONE: "destroyed or expired",
    MemberStage.APPLIED: "applied",
}
"""In the order in which people need them."""

_VERDICTS: Mapping[str, str] = {
    "done": "**Done**: {ends}.",
    "paused": "**Paused** in {wave}: nothing is proposed or merged. Comment `/rollout resume` to continue.",
    "stopped": (
        "**Stopped** in {wave}: {failed} failed, and the policy tolerates {tolerated}. Nothing more is proposed or merged until {fixed} or {closed}; "
        "then the rollout continues by itself."
    ),
    "waiting": "**Waiting**: {wave} begins at {begins}, {wait} after the previous wave.",
    "running": "**Running**: {wave}; {ended} of {members} done.",
}


@dataclass(frozen=True, slots=True)
class ShownRollout:
    """A rollout as it is after a look at it: what it remembers, what was decided, and how its environments stand."""

    record: RolloutRecord
    todo: NextActions
    members: Mapping[EnvironmentName, RolloutMember]
    policy: Policy
    now: datetime


def title(record: RolloutRecord, todo: NextActions | None = None) -> str:
    """Return the issue's title."""
    return f"Rollout of template {record.template} at {record.revision[:12]}{in_title(todo)}"


def opening(record: RolloutRecord, version: TemplateVersion) -> str:
    """Return the issue's text before anything was done; `version` is the commit that made the revision."""
    count = sum(map(len, record.waves))
    said = f"{counted(count, 'environment')} in {counted(len(record.waves), 'wave')}"
    return f"{written(record)}\n{_introduction(record)}\n\nIt begins with commit {version.commit[:12]} (“{cell(version.subject)}”) and brings {said} up to date.\n"


def body(shown: ShownRollout) -> str:
    """Return the issue's text."""
    standing = RolloutStanding(shown.record.waves, shown.members, shown.todo, shown.policy)
    parts = [
        f"{written(shown.record)}\n{_introduction(shown.record)}",
        _verdict(shown, standing),
        _plans(shown.members),
        stages_table(("Environment", "Wave", "Stage", "Risk", "Pull request", "Note"), standing, _WORDS, _row),
        _commands(shown.todo),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def superseded(newer: int | None, left: Sequence[int]) -> str:
    """Say why a rollout ends before it is done. Without a newer one nothing is behind; `left` are pull requests that nobody needs now."""
    if newer is None:
        said = "The template has a newer revision, and every environment is already at it, so this rollout ends."
    else:
        said = f"The template has a newer revision, so the rollout continues in #{newer}, where its open pull requests are brought up to date."
    if not left:
        return said
    numbers = joined([f"#{number}" for number in left])
    what = "the environment that it changes is" if len(left) == 1 else "the environments that they change are"
    return f"{said} Close {numbers}: {what} already at the newest revision."


def turned_off() -> str:
    """Say why a rollout ends that the policy has turned off, and how it goes on."""
    return (
        "The policy has rollouts turned off, so this one ends here. Open pull requests stay open: merge or close them. To continue, set "
        "`rollout: {enabled: true}` and reopen this issue."
    )


OVER: Final = (
    "This rollout is over. To bring one environment to the template's newest revision, comment `/sync <name>`. If the rollout was aborted, reopen "
    "this issue to continue it."
)
OFF: Final = (
    "The policy has rollouts turned off, so nothing is proposed or merged here. Set `rollout: {enabled: true}` to continue, or comment "
    "`/rollout abort`."
)
STEERED: Final[Mapping[RolloutAction, str]] = {
    "pause": "Paused: nothing more is proposed or merged. Comment `/rollout resume` to continue.",
    "resume": "Resumed.",
    "abort": "Aborted. Open pull requests stay open; `/sync <name>` brings one environment to the newest revision. Reopen this issue to continue.",
}


def under_way(rollouts: Sequence[int], *, enabled: bool) -> str:
    """Answer which rollouts are under way, and how one starts."""
    if not rollouts:
        starts = " A rollout starts automatically when a newer revision of a template is merged into the default branch and an environment is behind, or when a module beside the environments changes."
        return f"No rollout is under way.{starts}" if enabled else elsewhere(())
    named = joined([f"#{number}" for number in rollouts])
    return (
        f"Under way: {named}. In the rollout's issue, comment `/rollout pause`, `/rollout resume` or `/rollout abort`."
    )


def elsewhere(rollouts: Sequence[int]) -> str:
    """Say where the command belongs."""
    if not rollouts:
        return "No rollout is under way. To turn rollouts on, add `rollout: {enabled: true}` to the policy."
    named = " or ".join(f"#{number}" for number in rollouts)
    return f"This is not the issue of a rollout. Comment in {named} instead."


def _introduction(record: RolloutRecord) -> str:
    return (
        f"Template {code(record.template)} has a newer revision, {code(record.revision[:12])}, and its environments follow in waves, by pull "
        "request. This issue is edited in place; close it to abort the rollout."
    )


def _verdict(shown: ShownRollout, standing: RolloutStanding) -> str:
    said = filled(_VERDICTS[shown.todo.verdict], standing, _WORDS)
    return f"{said}{_until(shown)}" if shown.todo.verdict == "running" else said


def _until(shown: ShownRollout) -> str:
    found = arrival(shown.record, shown.members, shown.policy, shown.now)
    # To the hour, so that the text changes when there is something to say, and not at each look.
    return (
        f" At this pace it will be done by {found.replace(minute=0) + timedelta(hours=1):%Y-%m-%d %H:%M} UTC."
        if found
        else ""
    )


def _plans(members: Mapping[EnvironmentName, RolloutMember]) -> str:
    """Return what merging all that is planned would do."""
    planned = {name: each.risk for name, each in members.items() if each.stage is MemberStage.PLANNED}
    if not planned:
        return ""
    lines = [_would(risk, sorted(name for name, each in planned.items() if each is risk)) for risk in Risk]
    return f"Open plans by risk: {', '.join(filter(None, lines))}."


def _would(risk: Risk, names: Sequence[EnvironmentName]) -> str:
    if not names:
        return ""
    said = {
        Risk.NONE: "none",
        Risk.IN_PLACE: "in place",
        Risk.REPLACE: "**replace**",
        Risk.DESTROY: "**destroy**",
        Risk.UNKNOWN: "**unknown**",
    }[risk]
    named = f" ({', '.join(map(code, names[:5]))}{', …' if len(names) > 5 else ''})"
    return f"{len(names)} {said}{named if risk not in (Risk.NONE, Risk.IN_PLACE) else ''}"


def _row(name: EnvironmentName, wave: str, member: RolloutMember) -> Iterator[str]:
    yield from (code(name), wave, _WORDS[member.stage])
    yield member.risk.words if member.stage in {MemberStage.PLANNED, MemberStage.MERGED} else ""
    yield f"#{member.pull}" if member.pull is not None else ""
    yield cell(shortened(member.note, 300))


def _commands(todo: NextActions) -> str:
    if todo.verdict == "done":
        return ""
    other = "resume" if todo.verdict == "paused" else "pause"
    return f"Comment `/rollout {other}` or `/rollout abort` here. Open pull requests stay open."

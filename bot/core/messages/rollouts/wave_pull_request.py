"""What people read of the one pull request of a wave: a table of its environments, and what each of them changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.markdown import cell, code, details, shortened, table
from bot.core.messages import change_pull_request, sync_text
from bot.core.messages.change_pull_request import ProposedChange
from bot.core.messages.sync_text import ProposedSync
from bot.core.plural import counted, joined
from bot.core.rollout.record import MemberStage, RolloutMember

ROOM: Final = 50_000
"""Characters of what is said of the environments one by one: it leaves a quarter of what GitHub takes to the table of a hundred of them."""
LONGEST_PLAN: Final = 80
"""Characters that the table shows of a plan's title: counts of what is added, changed and destroyed fit."""


@dataclass(frozen=True, slots=True)
class ProposedWave:
    """A wave with what its pull request describes: what changes in each environment, and how each stands. `issue` is the rollout's address."""

    changes: Sequence[tuple[ProposedChange, RolloutMember]]
    number: int
    count: int
    issue: str


def title(wave: ProposedWave) -> str:
    """Return the title of the pull request, and of its commit."""
    after = wave.changes[0][0].after
    return title_of(len(wave.changes), f"{after.template} at {after.revision[:12]}", wave.number)


def title_of(count: int, to: str, number: int) -> str:
    """Return the title by how many environments are brought to which template."""
    return f"Sync {counted(count, 'environment')} with template {to} (wave {number})"


def body(wave: ProposedWave) -> str:
    """Return the pull request's body in GitHub's Markdown."""
    migrated = {
        name: each for change, _ in wave.changes if change.sync for name, each in change.sync.migrations.items()
    }
    parts = [
        _introduction(wave),
        table(("Environment", "Risk", "Plan", "Differences from its source"), (_row(*each) for each in wave.changes)),
        "### What the template changed",
        *_steps(wave),
        sync_text.migrations(migrated),
        "### What changes in each environment",
        *_folded(wave),
        (
            "**Merging this pull request applies exactly the plans that are posted below,** each environment by itself. If the plan of one has "
            "changed by then, nothing is applied to it."
        ),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _introduction(wave: ProposedWave) -> str:
    after = wave.changes[0][0].after
    return (
        f"Wave {wave.number} of {wave.count} of [this rollout]({wave.issue}) brings {counted(len(wave.changes), 'environment')} to revision "
        f"{code(after.revision[:12])} of template {code(after.template)}. It merges by itself only if the policy allows the risk of every one. "
        "An environment whose plan fails, or that somebody changes meanwhile, leaves this pull request and gets one of its own."
    )


def _row(proposed: ProposedChange, member: RolloutMember) -> tuple[str, str, str, str]:
    is_planned = member.stage is MemberStage.PLANNED
    plan = shortened(member.note, LONGEST_PLAN) if member.note else "planning"
    return (code(proposed.after.name), member.risk.words if is_planned else "", cell(plan), _differences(proposed.sync))


def _differences(sync: ProposedSync | None) -> str:
    if sync is None or sync.parity is None:
        return ""
    before, after = len(sync.parity.before.telling), len(sync.parity.after.telling)
    unexplained = len(sync.parity.after.unexplained)
    more = f", **{unexplained} unexplained**" if unexplained else ""
    return f"{before} → {after}{more}" if before != after else f"{after}{more}"


def _steps(wave: ProposedWave) -> Iterator[str]:
    """Yield what the template changed, once for all that come from the same revision."""
    former = {proposed.before.revision: proposed for proposed, _ in wave.changes}
    for revision, proposed in former.items():
        names = [code(each.after.name) for each, _ in wave.changes if each.before.revision == revision]
        if len(former) > 1:
            yield f"For {joined(names, 10)}, from revision {code(revision[:12])}:"
        yield sync_text.template_changes(proposed.sync.step) if proposed.sync is not None else ""


def _folded(wave: ProposedWave) -> Iterator[str]:
    """Yield what changes in each environment, folded away, as long as there is room."""
    room, left = ROOM, []
    for proposed, _ in wave.changes:
        said = details(str(proposed.after.name), change_pull_request.what_changes(proposed))
        if len(said) > room:
            left.append(code(proposed.after.name))
            continue
        room -= len(said)
        yield said
    if left:
        yield f"For {joined(left, 100)}, see the changed files."

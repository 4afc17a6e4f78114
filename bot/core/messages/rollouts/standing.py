"""How any rollout stands, as its issue shows it: the end of its title, the verdict and the table of its environments."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from bot.core.markdown import table
from bot.core.plural import counted
from bot.core.rollout.next_actions import NextActions
from bot.core.rollout.record import ENDED, FAILURES, MemberStage, RolloutMember
from bot.core.rollout.waves import Waves
from bot.model import duration
from bot.model.policy import Policy
from bot.names import EnvironmentName

MOST_ROWS: Final = 150
"""Rows of the table, those that need somebody first: with some 200 characters each they leave room for the record of a thousand."""

TURNED_OFF: Final = "<!-- envclone:rollout-turned-off -->"
SUPERSEDED: Final = "<!-- envclone:rollout-superseded -->"

_IN_TITLE: Final = frozenset({"paused", "stopped", "done"})

StageWords: TypeAlias = Mapping[MemberStage, str]
"""What a rollout's stages are called, in the order in which people need them."""


@dataclass(frozen=True, slots=True)
class RolloutStanding:
    """A rollout after a look at it: its waves, how their environments stand, what was decided, and by which policy."""

    waves: Waves
    members: Mapping[EnvironmentName, RolloutMember]
    todo: NextActions
    policy: Policy


def in_title(todo: NextActions | None) -> str:
    """Return what the title ends with."""
    return f" ({todo.verdict})" if todo is not None and todo.verdict in _IN_TITLE else ""


def filled(verdict: str, standing: RolloutStanding, words: StageWords) -> str:
    """Fill a verdict's text with what it names of this rollout."""
    todo, rollout, members = standing.todo, standing.policy.rollout, standing.members.values()
    failed = sum(each.stage in FAILURES for each in members)
    return verdict.format(
        wave=f"wave {min(todo.wave + 1, len(standing.waves))} of {len(standing.waves)}",
        ends=", ".join(
            f"{count} {word}" for word, count in Counter(words[each.stage] for each in members).most_common()
        ),
        ended=sum(each.stage in ENDED for each in members),
        members=counted(len(members), "environment"),
        failed=counted(failed, "environment"),
        fixed="it is fixed" if failed == 1 else "they are fixed",
        closed="its pull request is closed" if failed == 1 else "their pull requests are closed",
        tolerated=rollout.failure_tolerance,
        begins=_begins(todo, rollout.wait),
        wait=duration.words(rollout.wait),
    )


def _begins(todo: NextActions, wait: timedelta) -> str:
    """Return when the next wave begins; nothing before the first one, which waits for none."""
    return _moment(todo.waves_done[-1] + wait) if todo.waves_done else ""


def _moment(moment: datetime) -> str:
    """Return a moment, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def stages_table(
    head: tuple[str, ...],
    standing: RolloutStanding,
    words: StageWords,
    row: Callable[[EnvironmentName, str, RolloutMember], Iterable[str]],
) -> str:
    """Return the table of the environments; `row` gives one's cells from its name, the number of its wave, and how it stands."""
    waves = {name: number for number, wave in enumerate(standing.waves, 1) for name in wave}
    members, order = standing.members, list(words)
    names = sorted(waves, key=lambda name: (order.index(members[name].stage), waves[name], name))
    rows = [tuple(row(name, str(waves[name]), members[name])) for name in names[:MOST_ROWS]]
    more = f"\n… and {len(names) - MOST_ROWS} more." if len(names) > MOST_ROWS else ""
    return f"{table(head, rows)}{more}"

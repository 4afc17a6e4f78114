"""Which environments a merge leaves to a rollout, and what each of them waits for."""

from collections.abc import Mapping, Sequence

from bot.core.markdown import code
from bot.core.plural import joined
from bot.core.rollout.module_record import HeldModule
from bot.names import EnvironmentName

MOST_NAMED = 20


def summary(names: Sequence[EnvironmentName]) -> str:
    """Say in the job that finds the targets of an apply which environments are none, and why."""
    named, one = joined(list(map(code, names)), MOST_NAMED), len(names) == 1
    return (
        f"Left to a rollout, because only a module that {'it uses' if one else 'they use'} has changed: {named}. The rollout's issue shows when "
        f"{'it is' if one else 'each is'} applied (`rollout.modules` in the policy). To apply one now, comment {code(f'/resume {names[0]}')}.\n"
    )


def waits(held: HeldModule) -> str:
    """Say what one environment waits for."""
    return f"wave {held.wave} of #{held.issue}, which applies a change of {modules(held.modules)}"


def waiting(held: Mapping[EnvironmentName, HeldModule]) -> str:
    """Name all that wait, for a list."""
    by_issue: dict[int, list[EnvironmentName]] = {}
    for name, each in sorted(held.items()):
        by_issue.setdefault(each.issue, []).append(name)
    lines = [
        f"Waiting for a change of {modules(held[names[0]].modules)} (#{issue}): {joined(list(map(code, names)), MOST_NAMED)}."
        for issue, names in sorted(by_issue.items())
    ]
    return "\n\n".join(lines)


def not_applied(places: Sequence[str]) -> str:
    """Say why a step is not applied as the default branch has it, where only modules beside the environment changed since."""
    return f"{modules(places)} changed since it was applied: it may be waiting for its wave of a rollout, and `/resume` applies it now"


def modules(places: Sequence[str]) -> str:
    """Name modules by their directories."""
    return joined([code(place) for place in places], 3)

"""Which environments a merge leaves to a rollout: those of which it changes nothing but a module beside them."""

from collections.abc import Sequence

from bot.core.hcl.local_modules import beside, outside, places_outside
from bot.core.tree import Tree, below
from bot.model.policy import Policy


def holds(before: Policy, after: Policy | None) -> bool:
    """Say whether a merge leaves them to a rollout, by the policy before it and after it; None is one that can't be read.

    Both count: a merge that turns this off is applied at once, and nobody is asked to find what one held that turned it on.
    """
    return before.rollout.holds_modules and (after is None or after.rollout.holds_modules)


def modules_changed(before: Tree, now: Tree, stack: str) -> Sequence[str]:
    """Return the directories beside an environment that a stack is made of and in which anything differs; none if its own differs as well."""
    if below(before, stack) != below(now, stack):
        return ()
    one, other = (outside(beside(code, stack)) for code in (before, now))
    changed = [path for path in one.keys() | other.keys() if one.get(path) != other.get(path)]
    return [place for place in places_outside(now) if any(path.startswith(f"{place}/") for path in changed)]

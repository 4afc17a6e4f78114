"""Going on with a stack that was half applied: what its fresh plan may do, given what was approved when it was begun.

The fresh plan can't have the reviewed fingerprint any more, because some of it is done. The code, the parameters and the
review are still the same, and the plan that was begun had been held against that review. So what is left may be a part of
it, and a resource that was being made when the run died may be made anew; nothing else.
"""

from collections.abc import Mapping, Sequence

from bot.core.plans.plan import Action, TerraformPlan

_MAY_BECOME: Mapping[str, frozenset[Action]] = {
    # Tainted when the run died while it was made (replace), or made without its last attributes (update).
    Action.CREATE: frozenset({Action.CREATE, Action.REPLACE, Action.UPDATE}),
    # What is left of a replacement that makes before it destroys is the removal of the old one.
    Action.REPLACE: frozenset({Action.CREATE, Action.REPLACE, Action.UPDATE, Action.DELETE}),
    Action.UPDATE: frozenset({Action.UPDATE}),
    Action.DELETE: frozenset({Action.DELETE}),
    Action.FORGET: frozenset({Action.FORGET}),
    Action.NO_OP: frozenset({Action.NO_OP}),
    Action.READ: frozenset({Action.READ}),
}


def actions(plan: TerraformPlan) -> dict[str, str]:
    """Return what a plan does, by address: what is kept as approved."""
    return {change.address: change.action.value for change in plan.changes if change.changes_anything}


def exceeding(approved: Mapping[str, str], plan: TerraformPlan) -> Sequence[str]:
    """Return what the plan would do beyond what was approved, as `<action> <address>`, in order."""
    return sorted(
        f"{change.action} {change.address}"
        for change in plan.changes
        if change.changes_anything and change.action not in _MAY_BECOME.get(approved.get(change.address, ""), ())
    )

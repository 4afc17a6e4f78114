"""The risk of an environment's plan: one word for what its apply may do, by which a rollout decides who has to look at it."""

import re
from collections.abc import Collection

from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import HookPlan
from bot.model.environment import MANIFEST
from bot.model.risk import Risk

ORDER = tuple(Risk)
_SAID = re.compile(rf"Risk: \*\*({'|'.join(risk.words for risk in Risk)})\*\*")


def risk_of(plan: EnvironmentPlan, *, is_as_promised: bool = True) -> Risk:
    """Return the greatest risk of its steps; unknown when the environment is not like its source where it must be."""
    found = [_of_step(step) for step in plan.steps]
    return max([*found, Risk.NONE if is_as_promised else Risk.UNKNOWN], key=ORDER.index)


def risk_before_plan(changed: Collection[str]) -> Risk:
    """Return what is known of a change by its files (below the environment's directory) alone."""
    return Risk.NONE if set(changed) <= {MANIFEST} else Risk.UNKNOWN


def said(risk: Risk) -> str:
    """Return the risk in a plan's text."""
    return f"Risk: **{risk.words}**"


def said_in(text: str) -> Risk:
    """Return the risk that a plan's text names first; unknown when it names none."""
    found = _SAID.search(text)
    return next((risk for risk in Risk if found and risk.words == found[1]), Risk.UNKNOWN)


def _of_step(step: StackPlan | HookPlan) -> Risk:
    if isinstance(step, HookPlan) and step.makes_anew:
        return Risk.REPLACE
    if isinstance(step, HookPlan):
        return {"already_so": Risk.NONE, "would_run": Risk.IN_PLACE, "unknown": Risk.UNKNOWN}[step.verb_result]
    if step.is_preview:
        return Risk.UNKNOWN  # what it was planned with is not what it will be applied with
    counts = step.plan.counts
    if counts.destroy > counts.replace:
        return Risk.DESTROY
    if counts.replace:
        return Risk.REPLACE
    return Risk.IN_PLACE if step.changes_anything else Risk.NONE

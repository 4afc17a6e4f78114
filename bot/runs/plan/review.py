"""The review that is kept of a plan: fingerprints under a key of its own."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.hcl.local_modules import code_id
from bot.core.plans.environment_plan import StackPlan
from bot.core.plans.plan import HookPlan
from bot.core.plans.review import Review, ReviewedStep
from bot.core.tree import Tree
from bot.model.environment import Manifest
from bot.runs.plan.request import PlanRequest

KEY_BYTES = 32
"""Of an HMAC-SHA256's key: as many as its digest has, beyond which nothing is gained (RFC 2104)."""


@dataclass(frozen=True, slots=True)
class ReviewedPlan:
    """The planned steps, and when they were planned."""

    steps: Sequence[StackPlan | HookPlan]
    at: datetime


def review_of(request: PlanRequest, manifest: Manifest, code: Tree, plan: ReviewedPlan) -> Review:
    """Return the review of a plan of the environment whose code is `code`."""
    key = secrets.token_hex(KEY_BYTES)
    steps = {
        step.name: step.reviewed(key)
        if isinstance(step, StackPlan)
        else ReviewedStep(kind=step.kind, is_due=step.verb_result == "would_run")
        for step in plan.steps
    }
    return Review(
        environment=request.environment,
        commit=request.commit,
        tree=code_id(code),
        template_revision=manifest.revision,
        change=request.change,
        key=key,
        steps=steps,
        planned_at=plan.at,
        run_url=request.run_url,
    )

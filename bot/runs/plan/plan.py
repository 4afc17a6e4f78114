"""Plan one environment of a pull request and keep what was reviewed.

Security. The pull request's checkout is data: nothing of it is run but Terraform, and that only after the static gate and
the re-render proof. The policy and the tool come from the base branch. The credentials are those of the plan role, which
reads everything and writes `reviews/*` in the state bucket alone, so the state isn't locked, and what `apply` trusts later
is written here and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.clients.git.commits import tree_at
from bot.clouds.registry import FACTS
from bot.core.checks.destroyable import undestroyable_plan
from bot.core.checks.second_production import created_again
from bot.core.hcl.local_modules import outside, own
from bot.core.messages.versions.imports import import_changes
from bot.core.parity.certificate import certificate_key, write_certificate
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.review import Review, review_key, write_review
from bot.core.rendering.assemble import read_manifest, read_pipeline
from bot.core.requests.codify.imports import IMPORTED, changed_imports
from bot.core.tree import Tree, tree_id
from bot.errors import Finding, UserError
from bot.model.policy import Policy
from bot.names import EnvironmentName
from bot.runs.plan.context import PlanContext
from bot.runs.plan.parity import ParityResult, compare_code, parity_result
from bot.runs.plan.refusals import refusals
from bot.runs.plan.request import PlanRequest
from bot.runs.plan.review import ReviewedPlan, review_of
from bot.runs.plan.steps.steps import Failed, ImportsWritten, plan_steps


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan, and the review that was kept of it if the clone is what it must be like.

    A review that is not kept can't be applied, whoever may merge past a failed check.
    """

    plan: EnvironmentPlan
    review: Review
    parity: ParityResult | None = None

    @property
    def holds(self) -> bool:
        return self.parity is None or self.parity.holds


@dataclass(frozen=True, slots=True)
class PlanRefused:
    """The code may not be planned; nothing of it was run."""

    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Undestroyable:
    """A clone was planned that could not be destroyed again; no review was kept, so it can't be applied."""

    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class CreatedAgain:
    """A protected environment was planned as though nothing of it existed; no review was kept, so it can't be applied."""

    findings: Sequence[Finding]


PlanOutcome: TypeAlias = Planned | PlanRefused | Undestroyable | CreatedAgain | Failed | ImportsWritten


def plan(request: PlanRequest, context: PlanContext) -> PlanOutcome:
    """Plan every step of the environment. Raises `UserError` and `Unverifiable` when it can't even be tried."""
    name, where = request.environment, context.policy.roots.environment(request.environment)
    files = context.checkout.code(name)
    if not files:
        raise UserError(
            f"{where} is deleted in this pull request, so this is a destroy plan. To propose one, comment `/destroy {name}`."
        )
    manifest, pipeline = read_manifest(files, where), read_pipeline(files, where)
    findings = refusals(name, files, context) or _uncommitted(request, files, context)
    on = context.proposed.on if context.proposed is not None else None
    comparison = None
    if not findings:
        against = replace(context.against, policy=context.policy)
        comparison = compare_code(manifest, context.checkout, against, context.now(), on=on)
    findings = findings or (comparison.findings() if comparison is not None else ())
    if findings:
        return PlanRefused(findings)
    steps = plan_steps(manifest, pipeline, files, context)
    if isinstance(steps, Failed | ImportsWritten):
        return steps
    stacks = [step for step in steps if isinstance(step, StackPlan)]
    if again := created_again(manifest, stacks, context.policy):
        return CreatedAgain(again)
    if stuck := _undestroyable(name, files, stacks, context.policy):
        return Undestroyable(stuck)
    for step, changed in changed_imports(files, stacks).items():
        return Failed(step, import_changes(f"{where}/{step}/{IMPORTED}", changed))
    environment = EnvironmentPlan(name, request.commit, request.change, steps)
    review = review_of(request, manifest, files, ReviewedPlan(steps, context.now()))
    result = parity_result(environment, comparison, context.now()) if comparison is not None else None
    planned = Planned(environment, review, result)
    if planned.holds:
        if result is not None and result.certificate is not None:
            key = certificate_key(name, request.commit)
            context.store.write(key, write_certificate(result.certificate))
        context.store.write(review_key(name, request.commit), write_review(review))
    return planned


def _undestroyable(
    name: EnvironmentName, files: Tree, stacks: Sequence[StackPlan], policy: Policy
) -> Sequence[Finding]:
    """Return what the plan of a clone tells, beyond its code, of what would outlast the clone."""
    if name in policy.protected:
        return ()
    return undestroyable_plan(files, stacks, policy.roots.environment(name), FACTS.destroy_rules)


def _uncommitted(request: PlanRequest, files: Tree, context: PlanContext) -> Sequence[Finding]:
    """Refuse a work tree that is not its commit: what a checkout overlooks (`.terraform`) nobody proved."""
    where = context.policy.roots.environment(request.environment)
    committed = tree_at(context.checkout.root, request.commit, where)
    if committed == tree_id(own(files)) and outside(files) == outside(_committed(request, context)):
        return ()
    message = (
        f"the work tree differs from commit {request.commit[:12]}: commit your changes, and remove from git what tools "
        "leave behind (`.terraform`)."
    )
    return [Finding(where, 1, message)]


def _committed(request: PlanRequest, context: PlanContext) -> Tree:
    return context.checkout.code_at(request.environment, request.commit) or {}

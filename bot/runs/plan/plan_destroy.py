"""Plan the destroy of an environment whose directory a pull request removes, and keep what was reviewed.

The code is that which was applied, from the default branch's history; nothing of the pull request is run. The review names
every resource that may go: the destroy may do less, never more.
"""

from dataclasses import replace

from bot.clients.ledger import LedgerFile
from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformEvent, TerraformFailed
from bot.clients.terraform.plan_options import PlanOptions
from bot.core.graph import Graph, Node
from bot.core.ledger.ledger import Ledger, LedgerEntry
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import HookPlan
from bot.core.plans.plan_json import read_plan
from bot.core.plans.review import review_key, write_review
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.destroy import removable
from bot.errors import UserError
from bot.model.pipeline import Hook, Stack
from bot.names import StepName
from bot.runs.apply.former_state import FormerCode, state_before_its_move
from bot.runs.destroy.applied_versions import AppliedStep, AppliedVersion, PolicyBase, applied
from bot.runs.destroy.destroy_inputs import destroy_inputs
from bot.runs.earlier_code import passes
from bot.runs.executor import run_graph
from bot.runs.plan.context import PlanContext
from bot.runs.plan.plan import Planned
from bot.runs.plan.request import PlanRequest
from bot.runs.plan.review import ReviewedPlan, review_of
from bot.runs.plan.steps.steps import SIDE_BY_SIDE, Failed


def plan_destroy(request: PlanRequest, context: PlanContext, base: str) -> Planned | Failed:
    """Plan the destroy of every step. `base` is the commit before the change. Raises `UserError` and `Unverifiable`."""
    name, where = request.environment, context.policy.roots.environment(request.environment)
    files = context.checkout.environment_at(name, base)
    if not files:
        raise UserError(
            f"{where} exists neither at commit {base[:12]} nor in this change: there is nothing to destroy."
        )
    manifest = read_manifest(files, where)
    removable(name, manifest, context.policy)
    ledger = LedgerFile(context.store, name).read()
    with applied(context.checkout.root, name, ledger, PolicyBase(base, context.policy)) as found:
        try:
            steps = _DestroyPlans(context, ledger, found).plan()
        except _StepFailed as error:
            return Failed(error.step, str(error))
    planned = EnvironmentPlan(name, request.commit, "destroy", steps)
    review = review_of(replace(request, change="destroy"), manifest, files, ReviewedPlan(steps, context.now()))
    context.store.write(review_key(name, request.commit), write_review(review))
    return Planned(planned, review)


class _StepFailed(Exception):
    """Ends the planning of the steps that were to follow."""

    def __init__(self, step: StepName, reason: str) -> None:
        super().__init__(reason)
        self.step = step


class _DestroyPlans:
    """Plans the destroy of each step; none needs another, since what a destroy does is in the state."""

    def __init__(self, context: PlanContext, ledger: Ledger, found: AppliedVersion) -> None:
        self._context = context
        self._ledger = ledger
        self._found = found

    def plan(self) -> list[StackPlan | HookPlan]:
        """Return the plans in the order in which the steps are destroyed."""
        order = self._found.backwards.order
        apart = Graph({name: Node(name, self._found.steps[name].step, ()) for name in order})
        results = run_graph(apart, lambda node: self._plan_step(self._found.steps[node.name]), SIDE_BY_SIDE)
        return [results[name] for name in order]

    def _plan_step(self, each: AppliedStep) -> StackPlan | HookPlan:
        return self._stack(each, each.step) if isinstance(each.step, Stack) else _hook(each, each.step)

    def _stack(self, each: AppliedStep, stack: Stack) -> StackPlan:
        def say(event: TerraformEvent) -> None:
            if event.kind in {"planned_change", "diagnostic", "change_summary"}:
                self._context.log(f"{each.name}: {event.message}")

        name, policy = each.version.manifest.name, self._context.policy
        where = f"{policy.roots.environment(name)}/{each.name}"
        former = each.entry.former_state if each.entry is not None else None
        try:
            with self._context.terraform.opened(each.directory) as module:
                module.init()
                if former is not None:
                    code = FormerCode(self._context.checkout, name, passes(policy), self._context.terraform)
                    module.lend_state(state_before_its_move(module, each.name, former, code))
                options = PlanOptions(lock=False, destroy=True)
                saved = module.plan(destroy_inputs(each.name, stack, self._ledger), options, say, stack.timeout)
                return StackPlan(each.name, read_plan(module.show(saved)))
        except (TerraformFailed, TimedOut) as error:
            raise _StepFailed(each.name, f"{where}: {error}") from error


def _hook(each: AppliedStep, hook: Hook) -> HookPlan:
    kind, no_undo = each.kind, hook.undo.none if hook.undo else ""
    entry = each.entry
    assert entry is not None
    if entry.result == "undone":
        return HookPlan(each.name, kind, "already_so", "was undone", no_undo)
    if no_undo or (entry.undo is not None and entry.undo.none):
        return HookPlan(each.name, kind, "already_so", "nothing to undo", no_undo or _none(entry))
    return HookPlan(each.name, kind, "would_run", f"undoes what it did at {entry.started_at:%Y-%m-%d %H:%M} UTC")


def _none(entry: LedgerEntry) -> str:
    return entry.undo.none if entry.undo else ""

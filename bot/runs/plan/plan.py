"""Plan one environment of a pull request and keep what was reviewed.

Security. The pull request's checkout is data: nothing of it is run but Terraform, and that only after the static gate and
the re-render proof. The policy and the tool come from the base branch. The credentials are those of the plan role, which
reads everything and writes `reviews/*` in the state bucket alone, so the state isn't locked, and what `apply` trusts later
is written here and nowhere else.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.clients.git.commits import tree_at
from bot.clients.ledger import LedgerFile
from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformEvent, TerraformFailed, warning_in
from bot.clients.terraform.plan_options import PlanOptions
from bot.clouds.registry import FACTS
from bot.core.checks.destroyable import undestroyable_plan
from bot.core.checks.files.unready import counted
from bot.core.checks.remote_states import StateRead, own_states_read
from bot.core.checks.second_production import created_again
from bot.core.checks.unread_states import advice, changing_outputs, has_no_outputs_yet, outdated, unread
from bot.core.graph import Graph, Node, graph
from bot.core.hcl.local_modules import outside, own
from bot.core.ledger.ledger import FormerState
from bot.core.ledger.renamed_steps import mistaken_names, with_present_names
from bot.core.messages.versions.imports import import_changes
from bot.core.parity.certificate import certificate_key, write_certificate
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import HookPlan
from bot.core.plans.plan_json import read_plan
from bot.core.plans.review import Review, review_key, write_review
from bot.core.plans.stack_inputs import Inputs, Outputs, known, resolved
from bot.core.rendering.assemble import read_manifest, read_pipeline
from bot.core.requests.codify.imports import IMPORTED, changed_imports, open_imports
from bot.core.tree import Tree, tree_id
from bot.errors import Finding, UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Pipeline, Stack
from bot.model.policy import Policy
from bot.names import EnvironmentName, StepName
from bot.runs.apply.former_state import FormerCode, state_before_its_move
from bot.runs.earlier_code import passes
from bot.runs.executor import run_graph
from bot.runs.plan.context import PlanContext
from bot.runs.plan.parity import ParityResult, compare_code, parity_result
from bot.runs.plan.refusals import refusals
from bot.runs.plan.request import PlanRequest
from bot.runs.plan.review import ReviewedPlan, review_of
from bot.runs.plan.steps.hook_checks import HookChecks
from bot.runs.plan.steps.imported import Written, written_for

SIDE_BY_SIDE = 4
"""Stacks planned at once. Each takes some 600 MB while its provider runs, and a hosted runner has 16 GB."""


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


@dataclass(frozen=True, slots=True)
class Failed:
    """A step could not be planned; `reason` is for people and holds no secret."""

    step: StepName
    reason: str


@dataclass(frozen=True, slots=True)
class ImportsWritten:
    """Terraform wrote the code for what a stack imports, which the pull request lacks; it is not planned without."""

    step: StepName
    written: Written


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
    steps = _plan_steps(manifest, pipeline, files, context)
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


def _plan_steps(
    manifest: Manifest, pipeline: Pipeline, files: Tree, context: PlanContext
) -> Sequence[StackPlan | HookPlan] | Failed | ImportsWritten:
    ordered = graph(pipeline, manifest.purpose, manifest.parameters)
    before = LedgerFile(context.store, manifest.name).read()
    for name, message in mistaken_names(before, pipeline.steps).items():
        return Failed(name, f"`{name}`: {message}")
    ledger = with_present_names(before, pipeline.steps)
    checks = HookChecks(
        environment=manifest.name,
        directory=context.checkout.root / context.checkout.roots.environment(manifest.name),
        parameters=manifest.parameters,
        files=files,
        base=context.base_template(manifest.template),
        ledger=ledger,
        environment_variables=context.terraform.environment,
        log=context.log,
        networks=context.policy.gate.probe_networks,
        reach=context.terraform.reach,
        data_reset_at=manifest.data_reset_at,
    )
    try:
        results = run_graph(ordered, _Steps(context, checks, ordered).plan, SIDE_BY_SIDE)
    except _StepFailed as error:
        return error.failed
    return [results[name] for name in ordered.order]


class _StepFailed(Exception):
    """Ends the planning of the steps that were to follow."""

    def __init__(self, failed: Failed | ImportsWritten) -> None:
        super().__init__(failed.step)
        self.failed = failed


class _Steps:
    """Plans steps as they become ready, and hands what is known of each one's outputs to those after it."""

    def __init__(self, context: PlanContext, checks: HookChecks, ordered: Graph) -> None:
        self._environment = checks.environment
        self._context = context
        self._checks = checks
        self._graph = ordered
        self._lock = threading.Lock()
        self._outputs: dict[StepName, Outputs] = {}
        self._changing: set[StepName] = set()
        self._without_state: set[StepName] = set()
        self._changing_outputs: dict[StepName, frozenset[str]] = {}

    def plan(self, node: Node) -> StackPlan | HookPlan:
        if not isinstance(node.step, Stack):
            planned = self._checks.plan(node.name, node.step, self._known(), self._changing_before(node))
            self._done(node.name, planned.verb_result != "already_so", self._checks.outputs_of(node.name))
            return planned
        inputs, reads = resolved(node.name, node.step, self._known()), self._unread(node.name)
        try:
            stack = self._plan_stack(node.name, node.step, inputs, reads)
        except (TerraformFailed, TimedOut) as error:
            where = f"{self._context.checkout.roots.environment(self._environment)}/{node.name}"
            raise _StepFailed(Failed(node.name, f"{where}: {error}{advice(reads)}")) from error
        self._done(node.name, stack.plan.alters_what_others_see, known(stack.plan))
        with self._lock:
            self._changing_outputs[node.name] = changing_outputs(stack.plan)
            if stack.moves_from is not None or has_no_outputs_yet(stack.plan):
                self._without_state.add(node.name)
        return stack

    def _unread(self, name: StepName) -> Sequence[StateRead]:
        """Return what the stack reads of states that are not there yet, or will say otherwise, of stacks that it needs."""
        with self._lock:
            missing = {each for each in self._without_state if name in self._graph.dependents(each)}
            changing = {
                each: outputs
                for each, outputs in self._changing_outputs.items()
                if outputs and name in self._graph.dependents(each)
            }
        if not missing and not changing:
            return ()
        stacks = {each: node.step for each, node in self._graph.nodes.items() if isinstance(node.step, Stack)}
        files = self._checks.files
        reads = own_states_read(files, name, stacks, FACTS.backends)
        # What counts resources can't be unknown: the apply finds that the state has changed, and asks for another review.
        late = [read for read in outdated(reads, changing) if counted(files, name, read.name) is None]
        return tuple(dict.fromkeys([*unread(reads, missing), *late]))

    def _plan_stack(self, name: StepName, stack: Stack, inputs: Inputs, reads: Sequence[StateRead]) -> StackPlan:
        where = f"{self._context.checkout.roots.environment(self._environment)}/{name}"
        place, warnings = self._context.checkout.root / where, dict[Finding, None]()

        def say(event: TerraformEvent) -> None:
            if (warning := warning_in(event, where)) is not None:
                warnings[warning] = None
            if event.kind in {"planned_change", "diagnostic", "change_summary"}:
                self._context.log(f"{name}: {event.message}")

        with self._context.terraform.opened(place, inputs.secrets) as module:
            module.init()
            former = self._former_state(name)
            if former is not None:
                module.lend_state(state_before_its_move(module, name, former, self._former_code()))
            downloaded = module.downloaded_code()  # before any of it, or a provider, runs
            if imports := open_imports(name, self._checks.files):
                raise _StepFailed(ImportsWritten(name, written_for(module, imports, inputs.values, stack.timeout)))
            # The plan role can't write a lock; what changes meanwhile is found by the fingerprint before the apply.
            options = PlanOptions(lock=False, unread_states=tuple(read.name for read in reads))
            saved = module.plan(inputs.values, options, say, stack.timeout)
            made = read_plan(module.show(saved), inputs.secrets)
        waits = {stack.inputs[variable].step for variable in inputs.mock_outputs}
        waits |= {each for read in reads for each in read.stacks}
        waits_for = tuple(step for step in self._graph.order if step in waits)
        moves_from = former.stack if former is not None else None
        planned = StackPlan(name, made, inputs.mock_outputs, waits_for, inputs, tuple(warnings), downloaded, moves_from)
        return replace(planned, unread_states=options.unread_states)

    def _former_state(self, name: StepName) -> FormerState | None:
        entry = self._checks.ledger.steps.get(name)
        return entry.former_state if entry is not None else None

    def _former_code(self) -> FormerCode:
        context = self._context
        return FormerCode(context.checkout, self._environment, passes(context.policy), context.terraform)

    def _known(self) -> Mapping[StepName, Outputs]:
        with self._lock:
            return dict(self._outputs)

    def _changing_before(self, node: Node) -> tuple[StepName, ...]:
        with self._lock:
            return tuple(need for need in node.needs if need in self._changing)

    def _done(self, name: StepName, changes: bool, outputs: Outputs) -> None:
        with self._lock:
            self._outputs[name] = outputs
            if changes:
                self._changing.add(name)

"""Plan the steps of an environment as they become ready, each with what is known of the outputs of those before it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.clients.ledger import LedgerFile
from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformEvent, TerraformFailed, warning_in
from bot.clients.terraform.plan_options import PlanOptions
from bot.clouds.registry import FACTS
from bot.core.checks.files.unready import counted
from bot.core.checks.remote_states import StateRead, own_states_read
from bot.core.checks.unread_states import advice, changing_outputs, has_no_outputs_yet, outdated, unread
from bot.core.graph import Graph, Node, graph
from bot.core.ledger.ledger import FormerState
from bot.core.ledger.renamed_steps import mistaken_names, with_present_names
from bot.core.plans.environment_plan import StackPlan
from bot.core.plans.plan import HookPlan
from bot.core.plans.plan_json import read_plan
from bot.core.plans.stack_inputs import Inputs, Outputs, known, resolved
from bot.core.requests.codify.imports import open_imports
from bot.core.tree import Tree
from bot.errors import Finding
from bot.model.environment import Manifest
from bot.model.pipeline import Pipeline, Stack
from bot.names import StepName
from bot.runs.apply.former_state import FormerCode, state_before_its_move
from bot.runs.earlier_code import passes
from bot.runs.executor import run_graph
from bot.runs.plan.context import PlanContext
from bot.runs.plan.steps.hook_checks import HookChecks
from bot.runs.plan.steps.imported import Written, written_for

SIDE_BY_SIDE = 4
"""Stacks planned at once. Each takes some 600 MB while its provider runs, and a hosted runner has 16 GB."""


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


def plan_steps(
    manifest: Manifest, pipeline: Pipeline, files: Tree, context: PlanContext
) -> Sequence[StackPlan | HookPlan] | Failed | ImportsWritten:
    """Plan all steps of an environment, in the order of its graph, or return why one of them could not be."""
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

"""Look for drift: hold each step of a live environment against what was applied, with the read-only role.

The checkout is the default branch's. A step is compared only if the ledger says that it was applied from exactly the code
and inputs that are there; else it is "not applied yet". Terraform plans it with the outputs that the steps before it have
in their state; that one plan also says what else changed since. Nothing is locked and nothing is written.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.ledger import LedgerFile
from bot.clients.objects.store import ObjectStore
from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.terraform import Terraform
from bot.core.checks.static_checks import GateRules, gate
from bot.core.graph import Node, graph
from bot.core.ledger.data_reset import is_part_of_one
from bot.core.ledger.ledger import Ledger
from bot.core.ledger.renamed_steps import with_present_names
from bot.core.ledger.step_digest import HookGiven, StackGiven, given, hook_digest, stack_digest
from bot.core.ledger.transitions import is_done, why_not_applied
from bot.core.messages.modules import held
from bot.core.parity.by_code.codified import codified
from bot.core.plans.drift import Drift, StepDrift, of_stack
from bot.core.plans.plan_json import read_plan
from bot.core.plans.plan_values import leaves
from bot.core.plans.stack_inputs import Output, Outputs
from bot.core.rendering.assemble import read_hooks, read_manifest
from bot.core.rollout.held import modules_changed
from bot.core.tree import Tree
from bot.errors import Unverifiable, UserError
from bot.hooks import verbs
from bot.model.environment import Manifest
from bot.model.pipeline import Hook, Json, Pipeline, Stack
from bot.names import EnvironmentName, ParameterName, StepName
from bot.runs.executor import run_graph
from bot.runs.plan.steps.hook_checks import HookChecks
from bot.runs.plan.verify import Templates
from bot.runs.states_read import states_read

SIDE_BY_SIDE = 4
"""Stacks planned at once. Each takes some 600 MB while its provider runs, and a hosted runner has 16 GB."""


@dataclass(frozen=True, slots=True)
class DriftRequest:
    """Which environment to look at, in the checkout at `root`, which is at `commit` of the default branch."""

    environment: EnvironmentName
    root: Path
    commit: str


@dataclass(frozen=True, slots=True)
class DriftContext:
    """What looking for drift acts on. `rules` are the policy's of the default branch."""

    store: ObjectStore
    terraform: Terraform
    rules: GateRules
    now: Callable[[], datetime]
    log: Callable[[str], None] = field(default=lambda line: None)


def find_drift(request: DriftRequest, context: DriftContext) -> Drift:
    """Return what is not as it was applied. Raises `UserError` and `Unverifiable` when it can't even be tried."""
    name, where = request.environment, context.rules.roots.environment(request.environment)
    files = Checkout(request.root, context.rules.roots).code(name)
    if not files:
        raise UserError(f"{where} does not exist on this branch.")
    manifest = read_manifest(files, where)
    refused = gate(files, manifest.stacks, context.rules, where)
    if refused:
        raise UserError("This code was rejected by the static checks:\n" + "\n".join(map(str, refused)))
    ledger = LedgerFile(context.store, name).read()
    if because := _incomparable(ledger, context.now()):
        return Drift(name, request.commit, because=because)
    pipeline = Pipeline.of(manifest.stacks, read_hooks(files, where))
    check = _DriftCheck(
        Checkout(request.root, context.rules.roots), context, files, with_present_names(ledger, pipeline.steps)
    )
    ordered = graph(pipeline, manifest.purpose, manifest.parameters)
    found = run_graph(ordered, check.look, SIDE_BY_SIDE)
    after = LedgerFile(context.store, name).read()
    if (after.steps, after.lease is None) != (ledger.steps, ledger.lease is None):
        return Drift(name, request.commit, because="an apply started meanwhile")
    steps = tuple(found[step] for step in ordered.order)
    return Drift(
        name, request.commit, steps, settings=_settings(Checkout(request.root, context.rules.roots), manifest, steps)
    )


def _settings(checkout: Checkout, manifest: Manifest, steps: Sequence[StepDrift]) -> Mapping[ParameterName, str]:
    """Return the parameters that would make the code say what is there; none when the template is not there to try it."""
    if not any(step.changes for step in steps):
        return {}
    try:
        return codified(manifest, Templates(checkout).at(manifest), steps)
    except (UserError, Unverifiable):
        return {}


def _incomparable(ledger: Ledger, now: datetime) -> str:
    """Say why an environment can't be compared at all; empty when it can."""
    if ledger.lease is not None and ledger.lease.until > now:
        return f"{ledger.lease.lock_owner} is at work on it"
    if not ledger.steps:
        return "it was never applied"
    undoing = (entry for entry in ledger.steps.values() if entry.verb == "undo" and entry.result != "undone")
    if not all(map(is_part_of_one, undoing)):
        return "it is being destroyed"
    return ""


class _DriftCheck:
    """Looks at steps as their turn comes, and hands each one's real outputs to those after it."""

    def __init__(self, checkout: Checkout, context: DriftContext, files: Tree, ledger: Ledger) -> None:
        self._checkout = checkout
        self._context = context
        self._files = files
        self._ledger = ledger
        self._manifest = manifest = read_manifest(files, str(checkout.root))
        self._directory = checkout.root / context.rules.roots.environment(manifest.name)
        self._key = LedgerFile(context.store, manifest.name).known_digest_key()
        self._lock = threading.Lock()
        self._outputs: dict[StepName, Outputs] = {}
        self._checks = HookChecks(
            environment=manifest.name,
            directory=self._directory,
            parameters=manifest.parameters,
            files=files,
            # Merged and applied already, so there is nothing that a pull request could have slipped in.
            base=files,
            ledger=ledger,
            environment_variables=context.terraform.environment,
            log=context.log,
            networks=context.rules.policy.probe_networks,
            reach=context.terraform.reach,
        )

    def look(self, node: Node) -> StepDrift:
        name, step = node.name, node.step
        try:
            inputs = given(name, step, self._manifest.parameters, self._known())
            return self._stack(name, step, inputs) if isinstance(step, Stack) else self._hook(name, step, inputs)
        except (UserError, TerraformFailed, TimedOut) as error:
            return StepDrift(name, step.kind, "unchecked", text=str(error))

    def _stack(self, name: StepName, stack: Stack, inputs: Mapping[ParameterName, Output]) -> StepDrift:
        backends = self._context.rules.cloud.backends
        states = states_read(name, self._files, self._manifest.stacks, self._ledger, backends)
        digest = stack_digest(name, self._files, StackGiven(inputs, states), self._key)
        values: dict[ParameterName, Json] = {key: output.value for key, output in inputs.items()}
        secrets = _secrets(inputs)
        with self._context.terraform.opened(self._directory / name, secrets) as module:
            module.init()
            self._done(name, module.outputs())
            if not is_done(self._ledger, name, digest):
                return self._not_applied(name, stack.kind)
            saved = module.plan(values, PlanOptions(lock=False), timeout=stack.timeout)
            found = of_stack(name, read_plan(module.show(saved), secrets))
        self._context.log(f"{name}: {found.state}")
        return found

    def _hook(self, name: StepName, hook: Hook, inputs: Mapping[ParameterName, Output]) -> StepDrift:
        self._done(name, self._checks.outputs_of(name))
        reads = verbs.reads(hook, {key: output.value for key, output in inputs.items()})
        digest = hook_digest(hook, self._files, HookGiven(inputs, self._manifest.parameters, reads), self._key)
        if not is_done(self._ledger, name, digest):
            return self._not_applied(name, hook.kind)
        if hook.run is not None and hook.run.check is None:
            return StepDrift(name, hook.kind, "no_check", text="it declares no `check`")
        found = self._checks.plan(name, hook, self._known(), ())
        self._context.log(f"{name}: {found.verb_result}")
        match found.verb_result:
            case "already_so":
                return StepDrift(name, found.kind, "same", text=found.text)
            case "would_run":
                return StepDrift(name, found.kind, "drifted", text=found.text)
            case _:
                return StepDrift(name, found.kind, "unchecked", text=found.text)

    def _not_applied(self, name: StepName, kind: str) -> StepDrift:
        modules = self._modules_since(name)
        text = held.not_applied(modules) if modules else why_not_applied(self._ledger, name)
        return StepDrift(name, kind, "not_applied", text=text, modules=tuple(modules))

    def _modules_since(self, step: StepName) -> Sequence[str]:
        """Return the modules beside the environment that changed since a step was applied, if nothing else of it did."""
        entry, rules = self._ledger.steps.get(step), self._context.rules
        if entry is None or entry.result != "succeeded":
            return ()
        name = self._manifest.name
        before = self._checkout.code_at(name, entry.commit)
        changed = modules_changed(before, self._files, step) if before is not None else ()
        return tuple(filter(None, (rules.roots.module(place, name) for place in changed)))

    def _known(self) -> Mapping[StepName, Outputs]:
        with self._lock:
            return dict(self._outputs)

    def _done(self, name: StepName, outputs: Outputs) -> None:
        with self._lock:
            self._outputs[name] = outputs


def _secrets(inputs: Mapping[ParameterName, Output]) -> tuple[str, ...]:
    hidden = [output.value for output in inputs.values() if output.is_sensitive]
    return tuple(str(leaf) for value in hidden for _, leaf in leaves(value) if not isinstance(leaf, bool | None))

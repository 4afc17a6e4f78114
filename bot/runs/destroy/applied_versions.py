"""An environment as it was applied: each step's code at the commit whose apply ran it last, whatever became of it since.

The ledger names those commits. So an environment can be destroyed when its template has changed, when an apply stopped half
way between two versions, and when its directory is gone from the default branch.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.hcl_referee import gate_rules
from bot.clouds.registry import FACTS
from bot.core.checks.backend import misplaced, state_place
from bot.core.checks.static_checks import gate
from bot.core.graph import Graph, graph, graph_of_remains, in_reverse
from bot.core.ledger.ledger import Ledger, LedgerEntry
from bot.core.rendering.assemble import read_hooks, read_manifest
from bot.core.requests.accounts import account_of
from bot.core.tree import Tree
from bot.errors import Unverifiable, UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Hook, Pipeline, Stack
from bot.model.policy import Policy
from bot.names import EnvironmentName, StepName


@dataclass(frozen=True, slots=True)
class Version:
    """An environment's directory, and the modules outside that it calls, as they were at a commit; laid out in `directory`."""

    commit: str
    manifest: Manifest
    pipeline: Pipeline
    code: Tree
    directory: Path


@dataclass(frozen=True, slots=True)
class AppliedStep:
    """A step as it was applied last; `entry` is what the ledger says of it, None when it says nothing."""

    name: StepName
    step: Stack | Hook
    version: Version
    entry: LedgerEntry | None

    @property
    def kind(self) -> str:
        return self.step.kind


@dataclass(frozen=True, slots=True)
class AppliedVersion:
    """All that may have been made. `newest` is the version of the last run; `backwards` the order in which to take it back."""

    newest: Version
    steps: Mapping[StepName, AppliedStep]
    backwards: Graph


@dataclass(frozen=True, slots=True)
class PolicyBase:
    """A commit that has the environment's directory, and the policy of the default branch."""

    commit: str
    policy: Policy


@contextmanager
def applied(root: Path, environment: EnvironmentName, ledger: Ledger, base: PolicyBase) -> Iterator[AppliedVersion]:
    """Yield what was applied, laid out in a directory that is gone afterwards. Raises `Unverifiable`, `UserError`.

    Every version must pass the static checks of the policy: the ledger may say nothing of one that was merged past its check.

    What the environment declares at `base` counts where the ledger says nothing. Stacks are looked
    at even then, since a state may be there though the ledger is lost; a hook without an entry never ran.
    """
    with tempfile.TemporaryDirectory(prefix="envclone-applied-") as scratch:
        versions = _Versions(Checkout(root, base.policy.roots), environment, Path(scratch), base.policy)
        standing = [entry for entry in ledger.steps.values() if entry.result != "undone"]
        last = max(standing, key=lambda entry: entry.started_at, default=None)
        newest = versions.at(last.commit if last else base.commit)
        declared = graph(newest.pipeline, newest.manifest.purpose, newest.manifest.parameters)
        steps: dict[StepName, AppliedStep] = {}
        for name in (*declared.order, *(name for name in ledger.steps if name not in declared.nodes)):
            entry = ledger.steps.get(name)
            version = versions.at(entry.commit) if entry else newest
            declared_as = entry.declared_as or name if entry else name
            step = version.pipeline.steps.get(declared_as)
            if step is None:
                raise Unverifiable(
                    f"The ledger says that `{declared_as}` ran at {version.commit[:12]}, but that commit declares no such step."
                )
            if entry is not None or isinstance(step, Stack):
                steps[name] = AppliedStep(name, step, version, entry)
        yield AppliedVersion(newest, steps, in_reverse(graph_of_remains(_order(newest, steps))))


def _order(newest: Version, steps: Mapping[StepName, AppliedStep]) -> Pipeline:
    """Return the steps with what each needs: as the newest version says, and for what that has dropped, as it was.

    Two versions may need one another the other way round, so no step's needs are mixed from both.
    """
    said = {name: newest.pipeline.steps.get(name, each.step) for name, each in steps.items()}
    return Pipeline(
        stacks={name: step for name, step in said.items() if isinstance(step, Stack)},
        hooks={name: step for name, step in said.items() if isinstance(step, Hook)},
        concurrency=newest.pipeline.concurrency,
    )


class _Versions:
    """Versions by commit, each laid out once."""

    def __init__(self, checkout: Checkout, environment: EnvironmentName, scratch: Path, policy: Policy) -> None:
        self._checkout = checkout
        self._environment = environment
        self._scratch = scratch
        self._policy = policy
        self._found: dict[str, Version] = {}

    def at(self, commit: str) -> Version:
        if commit not in self._found:
            self._found[commit] = self._laid_out(commit)
        return self._found[commit]

    def _laid_out(self, commit: str) -> Version:
        name, where = self._environment, self._checkout.roots.environment(self._environment)
        files = self._checkout.code_at(name, commit)
        if not files:
            raise Unverifiable(
                f"{where} at commit {commit[:12]}, which was applied, is not in this clone: fetch the full history."
            )
        place = Checkout(self._scratch / commit, self._checkout.roots).write_code(name, files)
        manifest = read_manifest(files, where)
        self._refuse_unfit(commit, manifest, files)
        pipeline = Pipeline.of(manifest.stacks, read_hooks(files, where))
        return Version(commit, manifest, pipeline, files, place)

    def _refuse_unfit(self, commit: str, manifest: Manifest, files: Tree) -> None:
        where, stacks = self._checkout.roots.environment(self._environment), list(manifest.stacks)
        findings = gate(files, manifest.stacks, gate_rules(self._policy), where)
        if not findings:
            place = state_place(manifest, account_of(manifest, self._policy), self._policy, FACTS)
            findings = misplaced(files, stacks, place, where)
        if findings:
            raise UserError(
                f"The code at {commit[:12]} was rejected by the static checks:\n" + "\n".join(map(str, findings))
            )

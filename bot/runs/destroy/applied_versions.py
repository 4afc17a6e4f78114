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
from bot.core.graph import Graph, graph, graph_of_remains, in_reverse
from bot.core.ledger.ledger import Ledger, LedgerEntry
from bot.core.ledger.renamed_steps import present_names
from bot.errors import Unverifiable
from bot.model.pipeline import FromOutput, Hook, Pipeline, Stack
from bot.model.policy import Policy
from bot.names import EnvironmentName, StepName
from bot.runs.earlier_code import EarlierCode, Version, passes


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

    @property
    def directory(self) -> Path:
        """The directory of a stack in that version, in which it may have had another name."""
        declared_as = self.entry.declared_as if self.entry is not None else None
        return self.version.directory / (declared_as or self.name)


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
        versions = EarlierCode(Checkout(root, base.policy.roots), environment, Path(scratch), passes(base.policy))
        standing = [entry for entry in ledger.steps.values() if entry.result != "undone"]
        last = max(standing, key=lambda entry: entry.started_at, default=None)
        newest = versions.at(last.commit if last else base.commit)
        declared = graph(newest.pipeline, newest.manifest.purpose, newest.manifest.parameters)
        steps: dict[StepName, AppliedStep] = {}
        known = present_names(ledger)
        # A name that a step had once is in the ledger under the present one.
        said = [name for name in declared.order if name in ledger.steps or name not in known]
        for name in (*said, *(name for name in ledger.steps if name not in declared.nodes)):
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
        yield AppliedVersion(newest, steps, in_reverse(graph_of_remains(_order(newest, steps, present_names(ledger)))))


def _order(newest: Version, steps: Mapping[StepName, AppliedStep], present: Mapping[StepName, StepName]) -> Pipeline:
    """Return the steps with what each needs: as the newest version says, and for what that has dropped, as it was.

    Two versions may need one another the other way round, so no step's needs are mixed from both.
    """
    said = {
        name: _by_present_names(newest.pipeline.steps.get(name, each.step), present) for name, each in steps.items()
    }
    return Pipeline(
        stacks={name: step for name, step in said.items() if isinstance(step, Stack)},
        hooks={name: step for name, step in said.items() if isinstance(step, Hook)},
        concurrency=newest.pipeline.concurrency,
    )


def _by_present_names(step: Stack | Hook, present: Mapping[StepName, StepName]) -> Stack | Hook:
    needs = [*step.needs, *(each.step for each in step.inputs.values() if isinstance(each, FromOutput))]
    return step.model_copy(update={"needs": tuple(dict.fromkeys(present.get(need, need) for need in needs))})

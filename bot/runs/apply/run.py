"""What the steps of one apply share: the world they act on, what was asked, the ledger, and what was learnt on the way."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.clients.ledger import LedgerFile
from bot.clients.objects import ObjectStore
from bot.clients.terraform.output import TerraformEvent
from bot.clients.terraform.terraform import Terraform
from bot.core.checks.static_checks import GateRules
from bot.core.ledger.ledger import Ledger, Start, Undo
from bot.core.ledger.redaction import Secrets
from bot.core.plans.stack_inputs import Outputs
from bot.model.pipeline import Failure, Json, Retries
from bot.names import EnvironmentName, StepName
from bot.runs.apply.reviewed_environment import Approved

TOLD = frozenset({"apply_start", "apply_complete", "apply_errored", "apply_progress", "change_summary"})
"""Events of Terraform's that are worth a line in the log."""


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """What to apply, for whom. `head` is the commit that was reviewed, `commit` the one that is checked out at `root`.

    `holder` names this run and no other; `machine` is `user@host`, as Terraform names the holder of a lock. `take_over`
    is the reason to take the lease even from a run whose time is not over.
    """

    environment: EnvironmentName
    root: Path
    commit: str
    head: str
    by: str
    holder: str
    machine: str
    run_url: str = ""
    take_over: str = ""
    max_parallel: int = 4


@dataclass(frozen=True, slots=True)
class ApplyContext:
    """What an apply acts on.

    `hook_variables` are the environment variables that hooks' programs see. `log` takes one line in which nothing is
    secret. `announce` is told each secret, before anything else is, for whoever masks logs himself. `death_of` says why the
    holder of a lease is surely dead, or None.
    """

    store: ObjectStore
    terraform: Terraform
    rules: GateRules
    hook_variables: Mapping[str, str] = field(repr=False)
    now: Callable[[], datetime]
    log: Callable[[str], None]
    announce: Callable[[Json], None]
    death_of: Callable[[str], str | None] = lambda holder: None


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step that is done. `undo` is what undo needs, for the ledger."""

    outputs: Outputs
    evidence: str
    undo: Undo | None


class StepStopped(Exception):
    """A step failed; the message is for people. `is_final`: another try would fail too. `stops_all`: begin nothing more."""

    failure: Failure = "failure"

    def __init__(
        self, message: str, *, is_final: bool = False, stops_all: bool = False, undo: Undo | None = None
    ) -> None:
        super().__init__(message)
        self.is_final = is_final
        self.stops_all = stops_all
        self.undo = undo


class StepTimedOut(StepStopped):
    """A step's time was over before it was done."""

    failure: Failure = "timeout"


class Deadline:
    """When an attempt is over."""

    def __init__(self, length: timedelta) -> None:
        self._until = time.monotonic() + length.total_seconds()

    def remaining(self) -> timedelta:
        """Return how long is left, one second at least, so that whatever is begun can still say what is wrong."""
        return timedelta(seconds=max(1.0, self._until - time.monotonic()))


@dataclass(slots=True)
class EnvironmentRun:
    """One run under way, whatever it does. Safe to use from the threads of its steps: each writes only what is its own.

    `tree` is that of the environment's directory, for the ledger. `before` is the ledger as the run found it, and `key` that of its
    digests of secrets.
    """

    world: ApplyContext
    request: ApplyRequest
    tree: str
    ledger: LedgerFile
    before: Ledger
    key: str = field(repr=False)
    secrets: Secrets = field(default_factory=Secrets)
    outputs: dict[StepName, Outputs] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def log(self, step: StepName, line: str) -> None:
        """Say one line of a step, masked."""
        for part in self.secrets.hide(line).splitlines():
            self.world.log(f"[{step}] {part}")

    def tell(self, step: StepName, event: TerraformEvent) -> None:
        """Say what Terraform says of a step, as far as it is worth a line."""
        if event.kind in TOLD or (event.diagnostic is not None and event.diagnostic.severity == "warning"):
            self.log(step, event.message)

    def another_try(self, step: StepName, retries: Retries, attempt: int, error: StepStopped) -> bool:
        """Say, after the wait that is due, whether a step that failed at this attempt is tried again."""
        if error.is_final or self.stopping.is_set() or not retries.again(attempt, error.failure):
            return False
        wait = retries.backoff * 2 ** (attempt - 1)
        self.log(step, f"attempt {attempt} of {retries.attempts} failed; the next is in {wait.total_seconds():.0f} s")
        return not self.stopping.wait(wait.total_seconds())

    def keep_secret(self, value: Json) -> None:
        """Hide a value wherever it would turn up from now on."""
        self.world.announce(value)
        self.secrets.add(value)

    def start(self, digest: str, undo: Undo | None = None) -> Start:
        """Return how a step of this run begins."""
        request = self.request
        return Start(digest, request.by, request.run_url, request.head, request.commit, self.tree, undo)

    def change(self, transition: Callable[[Ledger], Ledger]) -> Ledger:
        """Write a transition into the ledger. Raises `LeaseLost`, `Unverifiable`."""
        return self.ledger.change(self.request.holder, transition)


@dataclass(slots=True, kw_only=True)
class ApplyRun(EnvironmentRun):
    """One apply under way."""

    approved: Approved

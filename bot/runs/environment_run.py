"""What the steps of one apply or destroy share: what was asked, the ledger, and what was learnt on the way."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.clients.ledger import LedgerFile
from bot.clients.terraform.output import TerraformEvent
from bot.core.ledger.ledger import Ledger, Undo
from bot.core.ledger.pieces import Pieces
from bot.core.ledger.redaction import Secrets
from bot.core.ledger.transitions import Start
from bot.core.plans.stack_inputs import Outputs
from bot.model.pipeline import Json, Retries
from bot.names import StepName
from bot.runs.context import ApplyContext
from bot.runs.request import ApplyRequest
from bot.runs.step_errors import StepStopped

LOGGED_EVENTS = frozenset({"apply_start", "apply_complete", "apply_errored", "apply_progress", "change_summary"})
"""Events of Terraform's that are worth a line in the log."""


@dataclass(slots=True)
class EnvironmentRun:
    """One run under way, whatever it does. Safe to use from the threads of its steps: each writes only what is its own.

    `tree` is that of the environment's directory, for the ledger. `before` is the ledger as the run found it, and `key` that of its
    digests of secrets.
    """

    context: ApplyContext
    request: ApplyRequest
    tree: str
    ledger: LedgerFile
    before: Ledger
    key: str = field(repr=False)
    secrets: Secrets = field(default_factory=Secrets)
    outputs: dict[StepName, Outputs] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    pieces: defaultdict[StepName, Pieces] = field(init=False, repr=False)
    """What each step's programs said last; steps run side by side, and each in one thread."""

    def __post_init__(self) -> None:
        for value in self.context.held:
            self.secrets.add(value)
        self.pieces = defaultdict(lambda: Pieces(self.secrets))

    def log(self, step: StepName, text: str) -> None:
        """Say something of a step, masked."""
        self._say(step, self.pieces[step].shown(f"{text}\n") + self.pieces[step].rest())

    def log_line(self, step: StepName, line: str) -> None:
        """Say one of the lines that a program of a step writes, masked; it may wait for what is said next."""
        self._say(step, self.pieces[step].shown(f"{line}\n"))

    def _say(self, step: StepName, text: str) -> None:
        for line in text.splitlines():
            self.context.log(f"[{step}] {line}")

    def tell(self, step: StepName, event: TerraformEvent) -> None:
        """Say what Terraform says of a step, as far as it is worth a line."""
        if event.kind in LOGGED_EVENTS or (event.diagnostic is not None and event.diagnostic.severity == "warning"):
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
        self.context.announce(value)
        self.secrets.add(value)

    def start(self, digest: str, undo: Undo | None = None) -> Start:
        """Return how a step of this run begins."""
        request = self.request
        return Start(
            digest,
            request.by,
            request.run_url,
            request.head,
            commit=request.commit,
            tree=self.tree,
            undo=undo,
            request=request.asked_at,
        )

    def change(self, transition: Callable[[Ledger], Ledger]) -> Ledger:
        """Write a transition into the ledger. Raises `LeaseLost`, `Unverifiable`."""
        return self.ledger.change(self.request.lock_owner, transition)

"""One apply under way: what its steps share, and what one of them gives when it is done."""

from dataclasses import dataclass

from bot.core.ledger.ledger import Undo
from bot.core.plans.stack_inputs import Outputs
from bot.runs.apply.reviewed_environment import Approved
from bot.runs.environment_run import EnvironmentRun


@dataclass(slots=True, kw_only=True)
class ApplyRun(EnvironmentRun):
    """One apply under way."""

    approved: Approved


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step that is done. `undo` is what undo needs, for the ledger."""

    outputs: Outputs
    evidence: str
    undo: Undo | None

"""How an attempt at a step fails."""

from bot.core.ledger.ledger import Undo
from bot.model.pipeline import Failure


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

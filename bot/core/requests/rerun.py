"""A run that `/resume`, `/unlock` or `/plan` starts: how the last one ended, and by what this one is found again."""

from dataclasses import dataclass

from bot.commands.model import PlanCommand, Resume, Unlock
from bot.core.requests.status import DeploymentOutcome
from bot.model.environment import Request


@dataclass(frozen=True, slots=True)
class Last:
    """How the last apply, or destroy, of an environment ended. `is_current`: it was of what is on the default branch now.

    `note` is one line, `results` the whole in Markdown, `url` where its log is.
    """

    state: DeploymentOutcome
    is_current: bool
    note: str = ""
    results: str = ""
    url: str = ""


def run_title(command: PlanCommand | Resume | Unlock, request: Request) -> str:
    """Return the title of the run that a comment requests; the run is found again by it."""
    match command:
        case PlanCommand():
            verb = "drift"
        case Resume():
            verb = "resume"
        case Unlock():
            verb = "unlock"
    return f"{verb} {command.name} for comment {request.comment}"


def take_over(command: Unlock, request: Request) -> str:
    """Return the reason as the ledger keeps it."""
    return f"{command.because} (@{request.by} in #{request.issue})"

"""What `/resume`, `/unlock` and `/plan` start, why, and what whoever asked reads."""

from dataclasses import dataclass

from bot.commands.model import PlanCommand, Resume, Unlock
from bot.core.markdown import cell, code, details
from bot.core.messages.status_comment import DeploymentOutcome
from bot.model.environment import Request
from bot.names import EnvironmentName

LONGEST_REASON = 20_000
"""Characters of what failed that are shown; the check's page has all of it."""

_TABLE = "\n\n| Step |"
_ADVICE = "**How to go on:**"


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


def nothing_to_resume(name: EnvironmentName, last: Last | None) -> str | None:
    """Return why there is nothing to go on with, or None when there is."""
    if last is None or last.state != "success" or not last.is_current:
        return None
    return (
        f"There is nothing to resume: the last run of {code(name)} did all that it had to do{_log(last)}. "
        f"{code(f'/plan {name}')} looks for what has changed since."
    )


def run_title(command: PlanCommand | Resume | Unlock, request: Request) -> str:
    """Return the title of the run that a comment asks for: by it the run is found again."""
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


def resumed(name: EnvironmentName, last: Last | None, run: str) -> str:
    """Answer `/resume`. `run` is a link, in Markdown, to where the run is seen."""
    return f"{code(name)} goes on where it stopped: {run}. What is done is skipped.\n\n{_why(name, last)}"


def rescued(command: Unlock, request: Request, last: Last | None, run: str) -> str:
    """Answer `/unlock`."""
    name = command.name
    return (
        f"{code(name)} is taken from the run that holds it, with the state's locks that it left, and goes on: {run}.\n\n"
        f"The ledger keeps the reason: *{cell(take_over(command, request))}*\n\n"
        "GitHub lets one run at a time work on an environment. If the dead one still counts as running there, cancel it: this one "
        f"waits for that.\n\n{_why(name, last)}"
    )


def _why(name: EnvironmentName, last: Last | None) -> str:
    if last is None:
        return f"**Why:** {code(name)} was never applied."
    if last.state == "in_progress":
        return (
            f"**Why:** the last run began and has said nothing since{_log(last)}. If it is still at work, this one waits for it. If it "
            f"is dead, its lease ends five minutes after it died; {code(f'/unlock {name} --because …')} takes it at once."
        )
    if last.state == "success" and last.is_current:
        return f"It has done all that it had to do{_log(last)}."
    if last.state == "success":
        return "**Why:** what is on the default branch now was never applied: the last run was of another version."
    failed = last.results.partition(_TABLE)[0].partition(_ADVICE)[0].strip()
    shown = details("What failed", failed) if 0 < len(failed) <= LONGEST_REASON else ""
    return f"**Why:** {cell(last.note) or 'the last run failed'}{_log(last)}\n\n{shown}".strip()


def _log(last: Last) -> str:
    return f" ([log]({last.url}))" if last.url else ""

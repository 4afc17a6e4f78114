"""A run that `/resume`, `/unlock` or `/plan` starts: how the last one ended, by what this one is found again, and what came of it."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.commands.model import PlanCommand, Resume, Unlock
from bot.core.requests.status import DeploymentOutcome
from bot.model.environment import Request
from bot.names import EnvironmentName, is_valid

DRIFT_CHECK = "envclone/drift: {environment}"
"""The name of the check in which a search for drift says what it found."""

RunVerb: TypeAlias = Literal["plan", "drift", "resume", "unlock", "release"]
Outcome: TypeAlias = Literal["success", "neutral", "failure"]

_KEY = re.compile(r"(?P<verb>drift|resume|unlock) (?P<name>[a-z0-9-]+) for comment -?[0-9]+")
_RELEASE = re.compile(r"release (?P<name>[a-z0-9-]+) for rollout [0-9]+")
_PLAN = re.compile(r"plan (?P<name>[a-z0-9-]+) of (?P<pull>[0-9]+) in run (?P<run>[0-9]+)")


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


@dataclass(frozen=True, slots=True)
class AwaitedRun:
    """A run whose end somebody waits for. A plan is known by its pull request and the run's id, others by the run's title."""

    verb: RunVerb
    environment: EnvironmentName
    pull: int = 0
    run: int = 0


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What came of a run. `title` (plain) and `summary` (Markdown) are its own words; None and empty if it left none.

    `conclusion` is GitHub's word for the whole run; `outcome` the run's own, where "neutral" means that somebody has to look.
    """

    url: str
    conclusion: str
    outcome: Outcome
    title: str | None = None
    summary: str = ""


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


def release_title(name: EnvironmentName, issue: int) -> str:
    """Return the title of the run by which a rollout with this issue applies what a merge held of an environment."""
    return f"release {name} for rollout {issue}"


def attempt_page(run: str, attempt: int) -> str:
    """Return the page of an attempt of a run, by which what a re-run said is told from what was said before; the first has the run's own."""
    return run if attempt == 1 else f"{run}/attempts/{attempt}"


def plan_key(name: EnvironmentName, pull: int, run: int) -> str:
    """Return by what the reply knows the run that plans a pull request; its title is GitHub's own."""
    return f"plan {name} of {pull} in run {run}"


def awaited(key: str) -> AwaitedRun | None:
    """Read a run's title, or the key of a plan's run; None for any other text."""
    planned, released = _PLAN.fullmatch(key), _RELEASE.fullmatch(key)
    found = planned or released or _KEY.fullmatch(key)
    if found is None or not is_valid(EnvironmentName, found["name"]):
        return None
    name = EnvironmentName(found["name"])
    if planned is not None:
        return AwaitedRun("plan", name, int(planned["pull"]), int(planned["run"]))
    if released is not None:
        return AwaitedRun("release", name)
    verbs: dict[str, RunVerb] = {"drift": "drift", "resume": "resume", "unlock": "unlock"}
    return AwaitedRun(verbs[found["verb"]], name)


def take_over(command: Unlock, request: Request) -> str:
    """Return the reason as the ledger keeps it."""
    return f"{command.because} (@{request.by} in #{request.issue})"

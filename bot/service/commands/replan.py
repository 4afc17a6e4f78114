"""`/plan`: plan the open pull requests of an environment again; of a live environment without any, look for drift.

A pull request is planned again by running its newest plan once more: the same event, so the same tool from the default branch, and
the credentials that go with it. One that was begun after the comment was written is taken for ours.
"""

from datetime import datetime

from bot.clients.github.records import PullRequest, WorkflowRun
from bot.commands.model import PlanCommand
from bot.core.markdown import code
from bot.core.messages.rerun_replies import run_title
from bot.core.requests.branches import PREFIXES, branch_of
from bot.core.requests.clone import Refused, unknown_environment
from bot.model.environment import Request
from bot.names import EnvironmentName
from bot.service.commands.rerun import Started, page, run_of, started
from bot.service.context import ServiceContext
from bot.service.removals import unfinished_removal
from bot.service.repository import repository_at_head
from bot.service.status import REQUIRED_CHECK, newest_check

PLAN = "plan.yml"
DRIFT = "drift.yml"


def replan(world: ServiceContext, request: Request, command: PlanCommand, asked_at: datetime) -> Started | Refused:
    """Start the plans of an environment's open pull requests, or the search for drift. Raises `Transient`."""
    name, repository = command.name, request.repository
    found = [world.github.pull_request_for_head(repository, branch_of(name, kind)) for kind in PREFIXES]
    pulls = [pull for pull in found if pull is not None and pull.state == "open"]
    if pulls:
        outcomes = [_planned(world, request, pull, asked_at) for pull in pulls]
        lines = [outcome if isinstance(outcome, str) else outcome.reason for outcome in outcomes]
        text = "\n".join(f"- {line}" for line in lines) if len(lines) > 1 else lines[0]
        return Started(text) if any(isinstance(outcome, str) for outcome in outcomes) else Refused(text)
    repo = repository_at_head(world, repository)
    ended = replan_end(world, request, name, asked_at)
    if ended is not None:
        return ended
    if repo.manifest(name) is None:
        return unknown_environment(command, repo.names())
    title = run_title(command, request)
    run = run_of(world, request, DRIFT, title)
    refused = None
    if run is None:
        inputs = {"environment": str(name), "request": title}
        refused = started(lambda: world.github.dispatch_workflow(repository, DRIFT, repo.branch, inputs), DRIFT)
    link = f"[its run]({run.url})" if run is not None else page(request, DRIFT)
    return refused or Started(
        f"No pull request of {code(name)} is open, so I look for drift: {link}. What it finds goes into an issue."
    )


def replan_end(
    world: ServiceContext, request: Request, name: EnvironmentName, asked_at: datetime
) -> Started | Refused | None:
    """Plan an end once more that was merged without a reviewed plan; None when there is no such end. Raises `Transient`."""
    repository = request.repository
    end = unfinished_removal(world, repository, repository_at_head(world, repository), name)
    if end is None or end.pull is None:
        return None
    check = newest_check(world, repository, end.pull.head_sha, REQUIRED_CHECK)
    if check is not None and check.conclusion == "success":
        return None
    said = f"{code(name)} was removed by {end}, which was merged without a reviewed plan, so it can't be destroyed yet."
    outcome = _planned(world, request, end.pull, asked_at)
    if isinstance(outcome, Refused):
        return Refused(f"{said} {outcome.reason} Or revert {end}, and comment {code(f'/destroy {name}')} again.")
    return Started(f"{said} {outcome} Read what it would destroy, then comment {code(f'/resume {name}')}.")


def _planned(world: ServiceContext, request: Request, pull: PullRequest, asked_at: datetime) -> str | Refused:
    """Return what is said of the pull request's plan, which is started unless it is under way."""
    runs = world.github.workflow_runs(request.repository, PLAN, head_sha=pull.head_sha)
    if not runs:
        return Refused(f"#{pull.number} has no plan to run again: push to its branch, and GitHub starts one.")
    newest = runs[0]
    link = f"[its run]({newest.url})"
    if _is_ours(newest, asked_at):
        return f"#{pull.number} is planned once more: {link}."
    if not newest.is_over:
        return f"#{pull.number} is being planned just now: {link}."
    refused = started(lambda: world.github.rerun(request.repository, newest.id), PLAN)
    return refused or f"#{pull.number} is planned once more: {link}."


def _is_ours(run: WorkflowRun, asked_at: datetime) -> bool:
    return run.attempt > 1 and run.started_at >= asked_at.replace(microsecond=0)

"""`/plan`: plan the open pull requests of an environment again; of a live environment without any, look for drift.

A pull request is planned again by running its newest plan once more: the same event, so the same tool from the default branch, and
the credentials that go with it. One that was begun after the comment was written is taken for ours.
"""

from datetime import datetime

from bot.clients.github.records import PullRequest, WorkflowRun
from bot.commands.model import Plan
from bot.core.branch import PREFIXES, branch_of
from bot.core.draft import Refused, unknown_environment
from bot.core.markdown import code
from bot.environment import Request
from bot.flows.dispatch import Started, page, started
from bot.flows.monorepo import monorepo
from bot.flows.world import World

PLAN = "plan.yml"
DRIFT = "drift.yml"


def replan(world: World, request: Request, command: Plan, asked_at: datetime) -> Started | Refused:
    """Start the plans of an environment's open pull requests, or the search for drift. Raises `Transient`."""
    name, repository = command.name, request.repository
    found = [world.github.pull_request_for_head(repository, branch_of(name, kind)) for kind in PREFIXES]
    pulls = [pull for pull in found if pull is not None and pull.state == "open"]
    if pulls:
        outcomes = [_planned(world, request, pull, asked_at) for pull in pulls]
        lines = [outcome if isinstance(outcome, str) else outcome.reason for outcome in outcomes]
        text = "\n".join(f"- {line}" for line in lines) if len(lines) > 1 else lines[0]
        return Started(text) if any(isinstance(outcome, str) for outcome in outcomes) else Refused(text)
    repo = monorepo(world, repository)
    if repo.manifest(name) is None:
        return unknown_environment(command, repo.names())
    # Killed and run again this starts a second search: it changes nothing, and the one issue says the same.
    inputs = {"environment": str(name)}
    refused = started(lambda: world.github.dispatch_workflow(repository, DRIFT, repo.branch, inputs), DRIFT)
    return refused or Started(
        f"No pull request of {code(name)} is open, so I look for drift: {page(request, DRIFT)}. What it finds goes into an issue."
    )


def _planned(world: World, request: Request, pull: PullRequest, asked_at: datetime) -> str | Refused:
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

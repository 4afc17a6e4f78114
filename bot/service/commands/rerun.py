"""Start the apply workflow for an environment once more: `/resume` and `/unlock`.

GitHub names no run for a request to start one. So the comment's id is in the run's title, through the input `request`, and a run of
that title is looked for first. The race that is left: killed in the seconds between the request and the run's appearance in the
list, a second run is started. It waits for the first (they share a concurrency group) and finds every step done.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.clients.github import GitHubRefused
from bot.clients.github.records import ACTIONS_APP, Deployment, WorkflowRun
from bot.commands.model import Resume, Unlock
from bot.core.messages import rerun_replies as texts
from bot.core.messages.rerun_replies import Last
from bot.core.messages.status_comment import outcome_of
from bot.core.requests.branches import branch_of
from bot.core.requests.clone import Refused, unknown_environment
from bot.model.environment import ENVIRONMENTS, Request
from bot.names import EnvironmentName
from bot.service.context import ServiceContext
from bot.service.removals import removal_of
from bot.service.repository import Repository, repository_at_head

APPLY = "apply.yml"
_CHECK = "envclone/apply: {}"
"""What both an apply and a destroy report in (`bot.runs.apply.github_status`)."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run that was started, or found: `text` tells whoever asked."""

    text: str


def start_apply(world: ServiceContext, request: Request, command: Resume | Unlock) -> Started | Refused:
    """Start the run that goes on with an environment, or find it. Raises `Transient`."""
    repo = repository_at_head(world, request.repository)
    absent = _absent(world, repo, request, command)
    if absent is not None:
        return absent
    last = last_run(world, repo, request, command.name)
    title = texts.run_title(command, request)
    run = run_of(world, request, APPLY, title)
    if run is None:
        nothing = texts.nothing_to_resume(command.name, last) if isinstance(command, Resume) else None
        if nothing is not None:
            return Refused(nothing)
        inputs = {"environment": str(command.name), "request": title}
        if isinstance(command, Unlock):
            inputs["take_over"] = texts.take_over(command, request)
        refused = started(lambda: world.github.dispatch_workflow(request.repository, APPLY, repo.branch, inputs), APPLY)
        if refused is not None:
            return refused
    link = f"[its run]({run.url})" if run else page(request, APPLY)
    if isinstance(command, Unlock):
        return Started(texts.rescued(command, request, last, link))
    return Started(texts.resumed(command.name, last, link))


def last_run(world: ServiceContext, repo: Repository, request: Request, name: EnvironmentName) -> Last | None:
    """Return how the last apply or destroy of an environment ended; None when there was none. Raises `Transient`."""
    deployments = world.github.deployments(request.repository, name)
    if not deployments:
        return None
    newest = deployments[0]
    status = world.github.last_deployment_status(request.repository, newest.id)
    state = outcome_of(status.state if status else None)
    return Last(
        state=state,
        is_current=_tree(repo, newest.sha, name) == _tree(repo, repo.commit, name),
        note=status.description if status else "",
        results=_results(world, request, newest) if state == "failure" else "",
        url=status.log_url if status else "",
    )


def started(call: Callable[[], None], workflow: str) -> Refused | None:
    """Make a call that starts a workflow; return what GitHub has against it in words that help."""
    try:
        call()
    except GitHubRefused as refused:
        if refused.status not in {403, 404, 422}:
            raise
        hints = {
            403: "The app needs the permission `actions: write`; whoever installed it can grant it.",
            404: f"Is there `.github/workflows/{workflow}` on the default branch?",
            422: f"Bring `.github/workflows/{workflow}` on the default branch up to date.",
        }
        return Refused(f"GitHub does not start `{workflow}`: {refused.message}. {hints[refused.status]}")
    return None


def page(request: Request, workflow: str) -> str:
    """Return a link, in Markdown, to the runs of a workflow."""
    server = request.url.partition(f"/{request.repository}/")[0]
    return f"[the runs of {workflow}]({server}/{request.repository}/actions/workflows/{workflow})"


def run_of(world: ServiceContext, request: Request, workflow: str, title: str) -> WorkflowRun | None:
    """Return the run of that title, if it was started before."""
    try:
        runs = world.github.workflow_runs(request.repository, workflow, event="workflow_dispatch")
    except GitHubRefused as refused:
        if refused.status not in {403, 404}:
            raise
        return None  # starting it says what is wrong
    return next((run for run in runs if run.title == title), None)


def _absent(world: ServiceContext, repo: Repository, request: Request, command: Resume | Unlock) -> Refused | None:
    """Return why there is nothing to go on with: it is neither on the default branch nor was it removed from there."""
    name = command.name
    if repo.manifest(name) is not None:
        return None
    if removal_of(world, request.repository, repo, name) is not None:
        return None
    clone = world.github.pull_request_for_head(request.repository, branch_of(name))
    if clone is not None and clone.state == "open":
        return Refused(f"`{name}` is only proposed, in #{clone.number}: nothing was begun. Merging that deploys it.")
    return unknown_environment(command, repo.names())


def _tree(repo: Repository, commit: str, name: EnvironmentName) -> str | None:
    repo.mirror.message(commit)  # brings the commit into the mirror
    return repo.mirror.entries(commit, ENVIRONMENTS).get(name)


def _results(world: ServiceContext, request: Request, deployment: Deployment) -> str:
    """Return what the check of an apply or a destroy says; one by anybody but Actions counts for nothing."""
    name = _CHECK.format(deployment.environment)
    checks = [
        check for check in world.github.checks(request.repository, deployment.sha, name) if check.app == ACTIONS_APP
    ]
    newest = max(checks, key=lambda check: check.id, default=None)
    return newest.summary if newest else ""

"""How a run of a workflow is started, where it is seen, and whether it was started before."""

from collections.abc import Callable

from bot.clients.github import GitHubRefused
from bot.clients.github.records import WorkflowRun
from bot.core.messages import run_end
from bot.core.requests.refusal import Refused
from bot.model.environment import Request
from bot.service.repository import Repository
from bot.service.reruns.run_end import EndedRun, told


def start(call: Callable[[], None], workflow: str) -> Refused | None:
    """Make a call that starts a workflow; return what GitHub has against it in words that help."""
    try:
        call()
    except GitHubRefused as refused:
        if refused.status not in {403, 404, 422}:
            raise
        hints = {
            403: "The GitHub App needs the permission `actions: write`. Whoever installed it can grant it.",
            404: f"Check that `.github/workflows/{workflow}` exists on the default branch.",
            422: f"Update `.github/workflows/{workflow}` on the default branch.",
        }
        return Refused(f"GitHub rejected the run of `{workflow}`: {refused.message}. {hints[refused.status]}")
    return None


def page_of(request: Request, workflow: str) -> str:
    """Return a link, in Markdown, to the runs of a workflow."""
    server = request.url.partition(f"/{request.repository}/")[0]
    return f"[the runs of {workflow}]({server}/{request.repository}/actions/workflows/{workflow})"


def run_titled(repo: Repository, workflow: str, title: str) -> WorkflowRun | None:
    """Return the run of that title, if it was started before."""
    try:
        runs = repo.github.workflow_runs(repo.name, workflow, event="workflow_dispatch")
    except GitHubRefused as refused:
        if refused.status not in {403, 404}:
            raise
        return None  # starting it says what is wrong
    return next((run for run in runs if run.title == title), None)


def with_end(repo: Repository, text: str, run: WorkflowRun | None) -> str:
    """Return the text with the end of a run that is over, as when the service was away meanwhile: no event will bring it again."""
    if run is None or not run.is_over:
        return text
    ended = EndedRun(run.url, run.head_sha, run.conclusion or "", run.attempt)
    return run_end.told(text, lambda key: told(repo, key, ended))

"""REST: workflows, their runs and artifacts; and the address that artifacts are downloaded from."""

from __future__ import annotations

from pydantic import Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.github.answers import ApiError, RestAnswer, not_found
from bot.sandbox.github.auth import read, write
from bot.sandbox.github.events import announce
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.records.runs import ArtifactRecord, WorkflowRecord, WorkflowRunRecord
from bot.sandbox.github.rest.dispatching import check_inputs
from bot.sandbox.github.rest.routing import Operations, RequestBody, RestCall
from bot.sandbox.github.runs import ensure_workflow, renew_run
from bot.sandbox.github.views.checks import artifact_view, run_view, workflow_view
from bot.sandbox.github.views.jobs import job_view

table = Operations()
READ = read("actions")
DIRECTORY = ".github/workflows"


class Dispatch(RequestBody):
    """Body of "create a workflow dispatch event"."""

    ref: str
    inputs: dict[str, object] = Field(default_factory=dict)


def _workflow(call: RestCall, repository: RepositoryRecord) -> WorkflowRecord:
    """Find a workflow by its id or its file's name on the default branch."""
    key = call.path["workflow"]
    if key.isdecimal():
        found = (
            w for w in call.forge.state.workflows.values() if w.repository_id == repository.id and w.id == int(key)
        )
        workflow = next(found, None)
        if workflow is None:
            raise not_found()
        return workflow
    path = f"{DIRECTORY}/{key}"
    sha = call.forge.commit_id(repository, repository.default_branch)
    if sha is None or call.forge.bare(repository).entry(sha, path) is None:
        raise not_found()
    return ensure_workflow(call.forge, repository, path)


@table.on("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow}")
def get_workflow(call: RestCall) -> RestAnswer:
    """One workflow."""
    repository = call.repository(READ)
    return RestAnswer(workflow_view(call.forge, repository, _workflow(call, repository)))


@table.on("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches")
def dispatch(call: RestCall) -> RestAnswer:
    """Start a workflow by hand: announces `workflow_dispatch`, which a workflow's own token may cause, too."""
    repository = call.repository(write("actions"))
    workflow = _workflow(call, repository)
    body = call.body(Dispatch)
    names = (f"refs/heads/{body.ref}", f"refs/tags/{body.ref}", body.ref)
    bare = call.forge.bare(repository)
    reference = next((name for name in names if name.startswith("refs/") and bare.reference(name)), None)
    if reference is None:
        raise ApiError(422, f"No ref found for: {body.ref}")
    check_inputs(bare.text("show", f"{reference}:{workflow.path}"), body.inputs)
    content = {"ref": reference, "workflow": workflow.path, "inputs": {k: str(v) for k, v in body.inputs.items()}}
    announce(call.act(repository), "workflow_dispatch", dict(content))
    return RestAnswer(status=204)


@table.on("GET", "/repos/{owner}/{repo}/actions/runs")
def list_runs(call: RestCall) -> RestAnswer:
    """Runs, newest first; `event`, `status` (or conclusion), `branch`, `head_sha` and `actor` filter."""
    repository = call.repository(READ)
    runs = [r for r in reversed(call.forge.state.runs.values()) if r.repository_id == repository.id]
    return _listed(call, repository, runs)


@table.on("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow}/runs")
def list_workflow_runs(call: RestCall) -> RestAnswer:
    """Runs of one workflow, newest first, filtered the same way."""
    repository = call.repository(READ)
    workflow = _workflow(call, repository)
    return _listed(call, repository, [r for r in reversed(call.forge.state.runs.values()) if r.workflow == workflow])


def _listed(call: RestCall, repository: RepositoryRecord, runs: list[WorkflowRunRecord]) -> RestAnswer:
    wanted = call.query
    found = [
        run
        for run in runs
        if wanted.get("event") in (None, run.event)
        and wanted.get("branch") in (None, run.head_branch)
        and wanted.get("head_sha") in (None, run.head_sha)
        and wanted.get("actor") in (None, run.actor.login)
        and wanted.get("status") in (None, run.status, run.conclusion)
    ]
    return call.envelope("workflow_runs", found, lambda run: run_view(call.forge, repository, run))


def _run(call: RestCall, repository: RepositoryRecord) -> WorkflowRunRecord:
    run = call.forge.state.runs.get(call.number("run"))
    if run is None or run.repository_id != repository.id:
        raise not_found()
    return run


@table.on("GET", "/repos/{owner}/{repo}/actions/runs/{run}")
def get_run(call: RestCall) -> RestAnswer:
    """One run."""
    repository = call.repository(READ)
    return RestAnswer(run_view(call.forge, repository, _run(call, repository)))


@table.on("GET", "/repos/{owner}/{repo}/actions/runs/{run}/jobs")
def list_jobs(call: RestCall) -> RestAnswer:
    """The jobs of a run's newest attempt; with `filter=all` those of earlier ones, too."""
    repository = call.repository(READ)
    run = _run(call, repository)
    found = list(call.forge.state.jobs.get(run.id, {}).values())
    if call.query.get("filter") == "all":
        found = [*call.forge.state.earlier_jobs.get(run.id, ()), *found]
    return call.envelope("jobs", found, lambda job: job_view(call.forge, repository, run, job))


@table.on("POST", "/repos/{owner}/{repo}/actions/runs/{run}/rerun")
def rerun(call: RestCall) -> RestAnswer:
    """Run a completed run once more, all of its jobs, from the same commit; announces it as GitHub does."""
    repository = call.repository(write("actions"))
    run = _run(call, repository)
    if run.status != "completed":
        raise ApiError(403, "This workflow is already running")
    again = renew_run(call.forge, run.id)
    content = {
        "action": "requested",
        "workflow": workflow_view(call.forge, repository, again.workflow),
        "workflow_run": run_view(call.forge, repository, again),
    }
    announce(call.act(repository), "workflow_run", dict(content))
    return RestAnswer({}, 201)


def _artifacts(call: RestCall, repository: RepositoryRecord, found: list[ArtifactRecord]) -> RestAnswer:
    name = call.query.get("name")
    chosen = [artifact for artifact in reversed(found) if name in (None, artifact.name)]
    return call.envelope("artifacts", chosen, lambda artifact: artifact_view(call.forge, repository, artifact))


@table.on("GET", "/repos/{owner}/{repo}/actions/runs/{run}/artifacts")
def list_run_artifacts(call: RestCall) -> RestAnswer:
    """The artifacts of a run; `name` filters."""
    repository = call.repository(READ)
    run = _run(call, repository)
    return _artifacts(call, repository, [a for a in call.forge.state.artifacts.values() if a.run.id == run.id])


@table.on("GET", "/repos/{owner}/{repo}/actions/artifacts")
def list_artifacts(call: RestCall) -> RestAnswer:
    """The artifacts of a repository; `name` filters."""
    repository = call.repository(READ)
    found = [a for a in call.forge.state.artifacts.values() if a.repository_id == repository.id]
    return _artifacts(call, repository, found)


def _artifact(call: RestCall, repository: RepositoryRecord) -> ArtifactRecord:
    artifact = call.forge.state.artifacts.get(call.number("artifact"))
    if artifact is None or artifact.repository_id != repository.id:
        raise not_found()
    return artifact


@table.on("GET", "/repos/{owner}/{repo}/actions/artifacts/{artifact}")
def get_artifact(call: RestCall) -> RestAnswer:
    """One artifact."""
    repository = call.repository(READ)
    return RestAnswer(artifact_view(call.forge, repository, _artifact(call, repository)))


@table.on("GET", "/repos/{owner}/{repo}/actions/artifacts/{artifact}/zip")
def download_artifact(call: RestCall) -> RestAnswer:
    """Redirect to an address that needs no token but can't be guessed, as GitHub does; 410 when expired."""
    repository = call.repository(READ)
    artifact = _artifact(call, repository)
    if artifact.expires_at <= call.forge.state.clock():
        raise ApiError(410, "Artifact has expired")
    return RestAnswer(status=302, headers={"Location": f"{call.forge.urls.base}/downloads/{artifact.key}"})


class Download:
    """ASGI application for `/downloads/{key}`."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Request(scope).path_params["key"]
        found = next((a for a in list(self._forge.state.artifacts.values()) if a.key == key), None)
        response: Response = PlainTextResponse("Not Found", 404)
        if found is not None:
            headers = {"Content-Disposition": f'attachment; filename="{found.name}.zip"'}
            response = Response(found.archive, headers=headers, media_type="application/zip")
        await response(scope, receive, send)

"""REST: deployments and their statuses."""

from __future__ import annotations

from typing import Literal

from bot.sandbox.github.answers import ApiError, RestAnswer, not_found
from bot.sandbox.github.auth import read, write
from bot.sandbox.github.checks import (
    NewDeployment,
    NewDeploymentStatus,
    create_deployment,
    create_deployment_status,
)
from bot.sandbox.github.records.checks import DeploymentRecord, JsonObject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.rest.routing import Operations, RequestBody, RestCall
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.checks import deployment_status_view, deployment_view
from bot.sandbox.github.views.common import moment

table = Operations()
READ = read("deployments")
WRITE = write("deployments")


class NewDeploymentBody(RequestBody):
    """Body of "create a deployment"."""

    ref: str
    task: str = "deploy"
    auto_merge: bool = True
    required_contexts: list[str] | None = None
    payload: dict[str, object] | str = ""
    environment: str = "production"
    description: str | None = ""
    transient_environment: bool = False
    production_environment: bool | None = None


class NewStatusBody(RequestBody):
    """Body of "create a deployment status"."""

    state: Literal["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]
    target_url: str = ""
    log_url: str = ""
    description: str = ""
    environment: str | None = None
    environment_url: str = ""
    auto_inactive: bool = True


@table.on("GET", "/repos/{owner}/{repo}/environments")
def list_environments(call: RestCall) -> RestAnswer:
    """The deployment environments of a repository, and which branches may use them."""
    repository = call.repository(read("actions"))
    made = moment(repository.created_at)
    found: list[JsonObject] = []
    for each in repository.environments:
        url = f"{call.forge.urls.repository(repository)}/environments/{each.name}"
        named = bool(each.branches)
        policy = (
            {"protected_branches": not named, "custom_branch_policies": named} if each.branches is not None else None
        )
        found.append(
            {
                "id": each.id,
                "node_id": node_id("EN", each.id),
                "name": each.name,
                "url": url,
                "html_url": f"{call.forge.urls.page(repository)}/deployments/activity_log?environments_filter={each.name}",
                "created_at": made,
                "updated_at": made,
                "deployment_branch_policy": policy,
            }
        )
    return RestAnswer({"total_count": len(found), "environments": found})


@table.on("GET", "/repos/{owner}/{repo}/environments/{name}/deployment-branch-policies")
def list_branch_policies(call: RestCall) -> RestAnswer:
    """The patterns of the branches that may use a deployment environment."""
    repository = call.repository(read("actions"))
    environment = next((each for each in repository.environments if each.name == call.path["name"]), None)
    if environment is None or not environment.branches:
        raise not_found()
    found = [
        {"id": number, "node_id": node_id("GBP", number), "name": pattern, "type": "branch"}
        for number, pattern in enumerate(environment.branches, start=1)
    ]
    return RestAnswer({"total_count": len(found), "branch_policies": found})


@table.on("POST", "/repos/{owner}/{repo}/deployments")
def create(call: RestCall) -> RestAnswer:
    """Record a deployment. 409 when a required context has not succeeded; `auto_merge` never has to merge here."""
    repository = call.repository(WRITE)
    body = call.body(NewDeploymentBody)
    sha = call.forge.commit_id(repository, body.ref)
    if sha is None:
        raise ApiError(422, f"No ref found for: {body.ref}")
    _require_contexts(call, repository, sha, body.required_contexts)
    new = NewDeployment(
        ref=body.ref,
        sha=sha,
        task=body.task,
        payload=body.payload or {},
        environment=body.environment,
        description=body.description,
        transient=body.transient_environment,
        production=body.environment == "production"
        if body.production_environment is None
        else body.production_environment,
    )
    deployment = create_deployment(call.act(repository), new)
    return RestAnswer(deployment_view(call.forge, repository, deployment), 201)


def _require_contexts(call: RestCall, repository: RepositoryRecord, sha: str, wanted: list[str] | None) -> None:
    """By default every status and check of the commit must have succeeded; an empty list asks for none."""
    states = {s.context: s.state for s in call.forge.state.statuses[repository.id, sha]}
    for run in reversed(call.forge.state.checks_at(repository, sha)):
        good = run.conclusion in ("success", "neutral", "skipped")
        states[run.name] = "success" if good else run.conclusion or "pending"
    names = list(states) if wanted is None else wanted
    bad: list[JsonObject | str] = [
        {
            "contexts": [{"context": name, "state": states.get(name, "pending")} for name in names],
            "resource": "DeploymentRecord",
            "field": "required_contexts",
            "code": "invalid",
        }
    ]
    if any(states.get(name) != "success" for name in names):
        raise ApiError(409, "Conflict: Commit status checks failed for " + repository.default_branch + ".", bad)


@table.on("GET", "/repos/{owner}/{repo}/deployments")
def list_deployments(call: RestCall) -> RestAnswer:
    """Deployments, newest first; `sha`, `ref`, `task` and `environment` filter."""
    repository = call.repository(READ)
    found = [d for d in call.forge.state.deployments.values() if d.repository_id == repository.id]
    for name in ("sha", "ref", "task", "environment"):
        value = call.query.get(name)
        if value not in (None, "none", ""):
            found = [deployment for deployment in found if getattr(deployment, name) == value]
    return call.listing(list(reversed(found)), lambda deployment: deployment_view(call.forge, repository, deployment))


def _found(call: RestCall, repository: RepositoryRecord) -> DeploymentRecord:
    deployment = call.forge.state.deployments.get(call.number("deployment"))
    if deployment is None or deployment.repository_id != repository.id:
        raise not_found()
    return deployment


@table.on("GET", "/repos/{owner}/{repo}/deployments/{deployment}")
def get(call: RestCall) -> RestAnswer:
    """One deployment."""
    repository = call.repository(READ)
    return RestAnswer(deployment_view(call.forge, repository, _found(call, repository)))


@table.on("POST", "/repos/{owner}/{repo}/deployments/{deployment}/statuses")
def create_status(call: RestCall) -> RestAnswer:
    """Say how a deployment goes."""
    repository = call.repository(WRITE)
    deployment = _found(call, repository)
    body = call.body(NewStatusBody)
    new = NewDeploymentStatus(
        body.state, body.description, body.environment, body.environment_url, body.log_url or body.target_url,
        body.auto_inactive,
    )  # fmt: skip
    status = create_deployment_status(call.act(repository), deployment, new)
    return RestAnswer(deployment_status_view(call.forge, repository, status), 201)


@table.on("GET", "/repos/{owner}/{repo}/deployments/{deployment}/statuses")
def list_statuses(call: RestCall) -> RestAnswer:
    """The statuses of a deployment, newest first."""
    repository = call.repository(READ)
    statuses = call.forge.state.deployment_statuses[_found(call, repository).id]
    return call.listing(list(reversed(statuses)), lambda status: deployment_status_view(call.forge, repository, status))


@table.on("GET", "/repos/{owner}/{repo}/deployments/{deployment}/statuses/{status}")
def get_status(call: RestCall) -> RestAnswer:
    """One status of a deployment."""
    repository = call.repository(READ)
    for status in call.forge.state.deployment_statuses[_found(call, repository).id]:
        if status.id == call.number("status"):
            return RestAnswer(deployment_status_view(call.forge, repository, status))
    raise not_found()

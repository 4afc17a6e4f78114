"""GitHub's JSON for check runs, commit statuses, deployments, workflow runs and artifacts."""

from __future__ import annotations

import hashlib

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.checks import (
    CheckRunRecord,
    CommitStatusRecord,
    DeploymentRecord,
    DeploymentStatusRecord,
    JsonObject,
)
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.records.runs import ArtifactRecord, WorkflowRecord, WorkflowRunRecord
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.common import (
    account_view,
    app_view,
    maybe_app_view,
    maybe_moment,
    minimal_repository_view,
    moment,
)


def pulls_at(forge: Forge, repository: RepositoryRecord, sha: str) -> list[JsonObject]:
    """The open pull requests whose head is a commit, in the short form inside check runs and workflow runs."""
    api = forge.urls.repository(repository)
    source = {"id": repository.id, "url": api, "name": repository.name}
    return [
        {
            "url": f"{api}/pulls/{issue.number}",
            "id": issue.pull.id,
            "number": issue.number,
            "head": {"ref": issue.pull.head_ref, "sha": issue.pull.head_sha, "repo": source},
            "base": {"ref": issue.pull.base_ref, "sha": issue.pull.base_sha, "repo": source},
        }
        for issue in forge.state.issues_of(repository)
        if issue.pull is not None and issue.state == "open" and issue.pull.head_sha == sha
    ]


def check_view(forge: Forge, repository: RepositoryRecord, check: CheckRunRecord) -> JsonObject:
    """A check run."""
    url = f"{forge.urls.repository(repository)}/check-runs/{check.id}"
    page = f"{forge.urls.page(repository)}/runs/{check.id}"
    return {
        "id": check.id,
        "name": check.name,
        "node_id": node_id("CR", check.id),
        "head_sha": check.head_sha,
        "external_id": check.external_id or "",
        "url": url,
        "html_url": page,
        "details_url": check.details_url or page,
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": maybe_moment(check.started_at),
        "completed_at": maybe_moment(check.completed_at),
        "output": {
            "title": check.output.title,
            "summary": check.output.summary,
            "text": check.output.text,
            "annotations_count": len(check.output.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": check.suite_id},
        "app": app_view(forge, check.app),
        "pull_requests": pulls_at(forge, repository, check.head_sha),
    }


def suite_view(forge: Forge, repository: RepositoryRecord, check: CheckRunRecord) -> JsonObject:
    """The suite of a check run, as `check_run` events carry it."""
    pulls = pulls_at(forge, repository, check.head_sha)
    moved = (issue.pull for issue in forge.state.issues_of(repository))
    branch = next((pull.head_ref for pull in moved if pull is not None and pull.head_sha == check.head_sha), None)
    started = check.started_at or forge.state.clock()
    return {
        "id": check.suite_id,
        "node_id": node_id("CS", check.suite_id),
        "head_branch": branch,
        "head_sha": check.head_sha,
        "status": check.status,
        "conclusion": check.conclusion,
        "url": f"{forge.urls.repository(repository)}/check-suites/{check.suite_id}",
        "before": None,
        "after": check.head_sha,
        "pull_requests": pulls,
        "app": app_view(forge, check.app),
        "created_at": moment(started),
        "updated_at": moment(check.completed_at or started),
    }


def status_view(forge: Forge, repository: RepositoryRecord, status: CommitStatusRecord) -> JsonObject:
    """A commit status."""
    return {**short_status_view(forge, repository, status), "creator": account_view(forge, status.creator)}


def short_status_view(forge: Forge, repository: RepositoryRecord, status: CommitStatusRecord) -> JsonObject:
    """A commit status inside the combined one."""
    return {
        "url": f"{forge.urls.repository(repository)}/statuses/{status.sha}",
        "avatar_url": f"{forge.urls.base}/avatars/u/{status.creator.id}?v=4",
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": moment(status.created_at),
        "updated_at": moment(status.created_at),
    }


def deployment_view(forge: Forge, repository: RepositoryRecord, deployment: DeploymentRecord) -> JsonObject:
    """A deployment."""
    api = forge.urls.repository(repository)
    url = f"{api}/deployments/{deployment.id}"
    return {
        "url": url,
        "id": deployment.id,
        "node_id": node_id("DE", deployment.id),
        "task": deployment.task,
        "original_environment": deployment.original_environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "created_at": moment(deployment.created_at),
        "updated_at": moment(deployment.updated_at),
        "statuses_url": f"{url}/statuses",
        "repository_url": api,
        "creator": account_view(forge, deployment.creator),
        "sha": deployment.sha,
        "ref": deployment.ref,
        "payload": deployment.payload,
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
        "performed_via_github_app": maybe_app_view(forge, deployment.via_app),
    }


def deployment_status_view(forge: Forge, repository: RepositoryRecord, status: DeploymentStatusRecord) -> JsonObject:
    """A deployment status."""
    api = forge.urls.repository(repository)
    return {
        "url": f"{api}/deployments/{status.deployment_id}/statuses/{status.id}",
        "id": status.id,
        "node_id": node_id("DES", status.id),
        "state": status.state,
        "creator": account_view(forge, status.creator),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.log_url,
        "log_url": status.log_url,
        "environment_url": status.environment_url,
        "created_at": moment(status.created_at),
        "updated_at": moment(status.created_at),
        "deployment_url": f"{api}/deployments/{status.deployment_id}",
        "repository_url": api,
        "performed_via_github_app": maybe_app_view(forge, status.via_app),
    }


def workflow_view(forge: Forge, repository: RepositoryRecord, workflow: WorkflowRecord) -> JsonObject:
    """A workflow file."""
    page = forge.urls.page(repository)
    return {
        "id": workflow.id,
        "node_id": node_id("W", workflow.id),
        "name": workflow.name,
        "path": workflow.path,
        "state": "active",
        "created_at": moment(workflow.created_at),
        "updated_at": moment(workflow.created_at),
        "url": f"{forge.urls.repository(repository)}/actions/workflows/{workflow.id}",
        "html_url": f"{page}/blob/{repository.default_branch}/{workflow.path}",
        "badge_url": f"{page}/workflows/{workflow.name}/badge.svg",
    }


def run_view(forge: Forge, repository: RepositoryRecord, run: WorkflowRunRecord) -> JsonObject:
    """A workflow run."""
    api = forge.urls.repository(repository)
    url = f"{api}/actions/runs/{run.id}"
    source = minimal_repository_view(forge, repository)
    return {
        "id": run.id,
        "name": run.workflow.name,
        "node_id": node_id("WFR", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.workflow.path,
        "run_number": run.run_number,
        "run_attempt": run.attempt,
        "event": run.event,
        "display_title": run.title,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow.id,
        "check_suite_id": run.id,
        "check_suite_node_id": node_id("CS", run.id),
        "url": url,
        "html_url": f"{forge.urls.page(repository)}/actions/runs/{run.id}",
        "pull_requests": pulls_at(forge, repository, run.head_sha),
        "created_at": moment(run.created_at),
        "updated_at": moment(run.updated_at),
        "run_started_at": moment(run.started_at),
        "actor": account_view(forge, run.actor),
        "triggering_actor": account_view(forge, run.actor),
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{api}/check-suites/{run.id}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": None,
        "workflow_url": f"{api}/actions/workflows/{run.workflow.id}",
        "head_commit": _head_commit_view(forge, repository, run.head_sha),
        "repository": source,
        "head_repository": source,
    }


def _head_commit_view(forge: Forge, repository: RepositoryRecord, sha: str) -> JsonObject | None:
    if forge.bare(repository).resolve(sha) is None:
        return None
    commit = forge.bare(repository).commit(sha)
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": moment(commit.committer.date),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def artifact_view(forge: Forge, repository: RepositoryRecord, artifact: ArtifactRecord) -> JsonObject:
    """An artifact."""
    url = f"{forge.urls.repository(repository)}/actions/artifacts/{artifact.id}"
    return {
        "id": artifact.id,
        "node_id": node_id("MDg6QXJ0aWZhY3Q", artifact.id),
        "name": artifact.name,
        "size_in_bytes": len(artifact.archive),
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": artifact.expires_at <= forge.state.clock(),
        "digest": f"sha256:{hashlib.sha256(artifact.archive).hexdigest()}",
        "created_at": moment(artifact.created_at),
        "expires_at": moment(artifact.expires_at),
        "updated_at": moment(artifact.created_at),
        "workflow_run": {
            "id": artifact.run.id,
            "repository_id": repository.id,
            "head_repository_id": repository.id,
            "head_branch": artifact.run.head_branch or "",
            "head_sha": artifact.run.head_sha,
        },
    }

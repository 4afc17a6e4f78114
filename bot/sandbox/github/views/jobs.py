"""GitHub's JSON for the jobs of a workflow run."""

from __future__ import annotations

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.records.runs import JobRecord, WorkflowRunRecord
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.common import moment

_SET_UP: JsonObject = {"name": "Set up job", "status": "completed", "conclusion": "success", "number": 1}
"""What every runner begins with."""


def job_view(forge: Forge, repository: RepositoryRecord, run: WorkflowRunRecord, job: JobRecord) -> JsonObject:
    """A job of a workflow run."""
    api, page = forge.urls.repository(repository), forge.urls.page(repository)
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"{api}/actions/runs/{run.id}",
        "run_attempt": job.attempt,
        "node_id": node_id("CR", job.id),
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "workflow_name": run.workflow.name,
        "url": f"{api}/actions/jobs/{job.id}",
        "html_url": f"{page}/actions/runs/{run.id}/job/{job.id}",
        "check_run_url": f"{api}/check-runs/{job.id}",
        "status": "in_progress" if job.conclusion is None else "completed",
        "conclusion": job.conclusion,
        "created_at": moment(job.started_at),
        "started_at": moment(job.started_at),
        "completed_at": moment(job.completed_at) if job.completed_at else None,
        "name": job.name,
        "steps": [_SET_UP] if job.is_begun else [],
        "labels": ["ubuntu-latest"],
        "runner_id": None,
        "runner_name": None,
        "runner_group_id": None,
        "runner_group_name": None,
    }

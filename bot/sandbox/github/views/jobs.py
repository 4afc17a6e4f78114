"""GitHub's JSON for the jobs of a workflow run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.records.runs import JobRecord, WorkflowRunRecord
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.common import moment

_SET_UP, _COMPLETE = "Set up job", "Complete job"
"""What every runner begins and ends with."""


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
        "steps": list(_steps(job)),
        "labels": ["ubuntu-latest"],
        "runner_id": None,
        "runner_name": None,
        "runner_group_id": None,
        "runner_group_name": None,
    }


def _steps(job: JobRecord) -> Iterator[JsonObject]:
    """Yield what a runner did so far; nothing if none took the job, as with one that is skipped."""
    if not job.is_begun or job.conclusion == "skipped":
        return
    yield _step(1, _SET_UP, "success", job.started_at, job.started_at)
    for number, step in enumerate(job.steps, 2):
        yield _step(number, step.name, step.conclusion, step.started_at, step.completed_at)
    if job.completed_at is not None:
        yield _step(len(job.steps) + 2, _COMPLETE, "success", job.completed_at, job.completed_at)


def _step(number: int, name: str, conclusion: str, began: datetime, ended: datetime) -> JsonObject:
    return {
        "name": name,
        "status": "completed",
        "conclusion": conclusion,
        "number": number,
        "started_at": moment(began),
        "completed_at": moment(ended),
    }

"""Workflows: their runs, starting one, and running one again."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from itertools import count
from typing import Any, Literal

from bot.clients.github.records import WorkflowJob, WorkflowRun, WorkflowStep
from bot.clients.github.session import GitHubRefused, Session
from bot.names import RepositoryName

NEWEST = 100
"""Runs that are looked at, and jobs in one answer: GitHub's largest page."""


class Actions(Session):
    """Workflows are named by their file (`apply.yml`)."""

    def workflow_runs(self, repository: RepositoryName, workflow: str, **filters: str) -> list[WorkflowRun]:
        """Return the newest runs of a workflow, newest first; `event`, `head_sha` … filter."""
        path = f"/repos/{repository}/actions/workflows/{workflow}/runs"
        query = {**filters, "per_page": str(NEWEST)}
        answer = self._read(
            repository, lambda repo: repo.requester.requestJsonAndCheck("GET", path, parameters=query)[1]
        )
        return sorted((_run(each) for each in answer["workflow_runs"]), key=lambda run: run.id, reverse=True)

    def workflow_run(self, repository: RepositoryName, run_id: int) -> WorkflowRun | None:
        """Return a run; None when the repository has none of this id, perhaps no longer: GitHub deletes runs after 400 days."""
        path = f"/repos/{repository}/actions/runs/{run_id}"
        try:
            return _run(self._read(repository, lambda repo: repo.requester.requestJsonAndCheck("GET", path)[1]))
        except GitHubRefused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def workflow_jobs(self, repository: RepositoryName, run_id: int) -> list[WorkflowJob]:
        """Return the jobs of a run, of all its attempts."""
        found = list[WorkflowJob]()
        for page in count(1):
            some = self._jobs_on(repository, run_id, "all", page)
            found += some
            if len(some) < NEWEST:
                break
        return found

    def newest_jobs(self, repository: RepositoryName, run_id: int) -> list[WorkflowJob]:
        """Return the jobs of a run's newest attempt, of very many the first: as many as one request brings."""
        return self._jobs_on(repository, run_id, "latest", 1)

    def _jobs_on(
        self, repository: RepositoryName, run_id: int, attempts: Literal["all", "latest"], page: int
    ) -> list[WorkflowJob]:
        path = f"/repos/{repository}/actions/runs/{run_id}/jobs"
        query = {"filter": attempts, "per_page": str(NEWEST), "page": str(page)}
        answer = self._read(
            repository, lambda repo: repo.requester.requestJsonAndCheck("GET", path, parameters=query)[1]
        )
        return [_job(each) for each in answer["jobs"]]

    def dispatch_workflow(self, repository: RepositoryName, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a workflow on a branch.

        GitHub names no run for a request, so a lost answer, tried again, starts it twice. Whoever minds gives the workflow's
        `run-name` something of its own by an input, and looks for a run of that title first.
        """
        path = f"/repos/{repository}/actions/workflows/{workflow}/dispatches"
        body = {"ref": ref, "inputs": dict(inputs)}
        self._create(repository, lambda repo: repo.requester.requestJsonAndCheck("POST", path, input=body))

    def rerun(self, repository: RepositoryName, run_id: int) -> None:
        """Run a completed run once more, all of its jobs. Raises `Refused` (403) while it runs, and after a month."""
        path = f"/repos/{repository}/actions/runs/{run_id}/rerun"
        self._create(repository, lambda repo: repo.requester.requestJsonAndCheck("POST", path))


def _job(found: Mapping[str, Any]) -> WorkflowJob:
    return WorkflowJob(
        found["name"],
        found["status"],
        found["conclusion"],
        found.get("run_attempt") or 1,
        datetime.fromisoformat(found.get("started_at") or found["created_at"]),
        tuple(_step(each) for each in found.get("steps") or ()),
    )


def _step(found: Mapping[str, Any]) -> WorkflowStep:
    began, ended = found.get("started_at"), found.get("completed_at")
    took = datetime.fromisoformat(ended) - datetime.fromisoformat(began) if began and ended else None
    return WorkflowStep(found["name"], found["conclusion"], took)


def _run(found: Mapping[str, Any]) -> WorkflowRun:
    return WorkflowRun(
        id=found["id"],
        workflow=found["path"].partition("@")[0],  # GitHub may add the branch
        trigger=found["event"],
        title=found["display_title"],
        progress=found["status"],
        conclusion=found["conclusion"],
        head_sha=found["head_sha"],
        attempt=found.get("run_attempt") or 1,
        created_at=datetime.fromisoformat(found["created_at"]),
        started_at=datetime.fromisoformat(found.get("run_started_at") or found["created_at"]),
        url=found["html_url"],
    )

"""Runs of `apply.yml` that ended before they could say anything by a deployment: there was no role, no runner or no permission, the change
was refused whole, or somebody cancelled them while they waited.

GitHub's own word counts, as in `confirmed`: the file, the commit and the jobs of a run. It is asked where no deployment tells of what
an environment is now.
"""

from datetime import timedelta
from http import HTTPStatus

from bot.clients.github import GitHubRefused
from bot.clients.github.records import WorkflowRun
from bot.core.requests.rerun import awaited
from bot.names import EnvironmentName
from bot.service.deployments.confirmed import JOB, WORKFLOW, has_failed
from bot.service.repository import Repository

TARGETS = "targets"
"""The first job of `apply.yml`; when it fails there is no other."""
EARLIER = timedelta(minutes=1)
"""How much earlier than its commit a run may seem to begin: clocks differ."""
LATER = timedelta(minutes=15)
"""How much later a push's run begins at most. Of what is older GitHub lists other runs, which were not to bring it there."""


def ended_silently(repo: Repository, name: EnvironmentName) -> WorkflowRun | None:
    """Return the newest run that was to bring an environment to what it is now, if it ended without doing so. Raises `Transient`."""
    run = _newest(repo, name)
    if run is None:
        return None
    jobs = repo.github.workflow_jobs(repo.name, run.id)
    is_begun = any(job.name == JOB.format(environment=name) for job in jobs)
    first = max((job for job in jobs if job.name == TARGETS), key=lambda job: job.attempt, default=None)
    is_refused = first is not None and first.conclusion not in {None, "success"}
    return run if has_failed(jobs, name) or (is_refused and not is_begun) else None


def touched_by(repo: Repository, commit: str) -> list[str]:
    """Return the names of the directories that a commit of the default branch added, changed or removed; none for any other commit."""
    if repo.mirror.history.was_at(commit, repo.commit) is None:
        return []
    parent = repo.mirror.history.parent(commit)
    after, before = repo.at(commit).trees(), repo.at(parent).trees() if parent is not None else {}
    return sorted(name for name in after.keys() | before.keys() if after.get(name) != before.get(name))


def _newest(repo: Repository, name: EnvironmentName) -> WorkflowRun | None:
    """Return the newest run for an environment as it is now: that of the push which brought it there, or one that a comment started since."""
    directory = repo.roots.environment(name)
    brought = repo.mirror.history.last_change(repo.commit, directory)
    if brought is None:
        return None
    at = repo.mirror.history.committed_at(brought)
    runs = sorted((run for run in _runs(repo) if run.created_at >= at - EARLIER), key=lambda run: run.id)

    def is_of_now(run: WorkflowRun) -> bool:
        is_trusted = repo.mirror.history.was_at(run.head_sha, repo.commit) is not None
        return is_trusted and repo.mirror.history.last_change(run.head_sha, directory) == brought

    # The first push that has the commit: the jobs of later ones are about others' environments.
    pushes = (run for run in runs if run.trigger == "push" and run.created_at <= at + LATER)
    pushed = next((run for run in pushes if is_of_now(run)), None)
    asked = (run for run in reversed(runs) if run.trigger == "workflow_dispatch" and _is_for(run, name))
    return next((run for run in asked if is_of_now(run)), pushed)


def _is_for(run: WorkflowRun, name: EnvironmentName) -> bool:
    wanted = awaited(run.title)
    return wanted is not None and wanted.environment == name


def _runs(repo: Repository) -> list[WorkflowRun]:
    try:
        return repo.github.workflow_runs(repo.name, WORKFLOW.rpartition("/")[2], branch=repo.branch)
    except GitHubRefused as refused:
        if refused.status not in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            raise
        return []  # without that file nothing is applied

"""Workflow runs and their artifacts. The forge runs nothing itself: whoever runs the workflow files records it here."""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.accounts import AccountRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.records.runs import ArtifactRecord, JobRecord, StepRecord, WorkflowRecord, WorkflowRunRecord

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class SandboxRun:
    """A run to record. `workflow` is the file's path; `actor` the login of who caused it."""

    workflow: str
    event: str
    head_sha: str
    actor: str
    head_branch: str | None = None
    title: str = ""
    status: str = "in_progress"
    conclusion: str | None = None


@dataclass(frozen=True, slots=True)
class EndedStep:
    """A step to record, which has just ended."""

    name: str
    conclusion: str
    took: timedelta


def ensure_workflow(forge: Forge, repository: RepositoryRecord, path: str) -> WorkflowRecord:
    """Return the record of a workflow file, made when first heard of."""
    key = (repository.id, path)
    if key not in forge.state.workflows:
        name = path.rpartition("/")[2].rpartition(".")[0]
        id_ = forge.state.next_small_id()
        forge.state.workflows[key] = WorkflowRecord(id_, repository.id, path, name, forge.state.clock())
    return forge.state.workflows[key]


def record_run(forge: Forge, repository: RepositoryRecord, run: SandboxRun, actor: AccountRecord) -> WorkflowRunRecord:
    """Remember a run."""
    workflow = ensure_workflow(forge, repository, run.workflow)
    number = 1 + sum(known.workflow.id == workflow.id for known in forge.state.runs.values())
    now = forge.state.clock()
    record = WorkflowRunRecord(
        id=forge.state.next_id(),
        repository_id=repository.id,
        workflow=workflow,
        run_number=number,
        event=run.event,
        head_branch=run.head_branch,
        head_sha=run.head_sha,
        status=run.status,
        conclusion=run.conclusion,
        title=run.title or workflow.name,
        actor=actor,
        created_at=now,
        updated_at=now,
        started_at=now,
    )
    forge.state.runs[record.id] = record
    return record


def renew_run(forge: Forge, run_id: int) -> WorkflowRunRecord:
    """Queue a completed run once more: the same run, with one more attempt."""
    run, now = forge.state.runs[run_id], forge.state.clock()
    again = replace(run, status="queued", conclusion=None, attempt=run.attempt + 1, started_at=now, updated_at=now)
    forge.state.runs[run_id] = again
    forge.state.earlier_jobs[run_id] += forge.state.jobs.pop(run_id, {}).values()
    return again


def begin_run(forge: Forge, run_id: int) -> WorkflowRunRecord:
    """Begin a queued run."""
    begun = replace(forge.state.runs[run_id], status="in_progress", updated_at=forge.state.clock())
    forge.state.runs[run_id] = begun
    return begun


def finish_run(forge: Forge, run_id: int, conclusion: str) -> WorkflowRunRecord:
    """Complete a run."""
    run = forge.state.runs[run_id]
    done = replace(run, status="completed", conclusion=conclusion, updated_at=forge.state.clock())
    forge.state.runs[run_id] = done
    return done


def note_job(forge: Forge, run_id: int, name: str, conclusion: str | None, *, is_begun: bool = True) -> JobRecord:
    """Remember how a job of a run's newest attempt stands; without a conclusion it is under way."""
    known, now = forge.state.jobs[run_id].get(name), forge.state.clock()
    job = JobRecord(
        id=known.id if known else forge.state.next_id(),
        name=name,
        conclusion=conclusion,
        started_at=known.started_at if known else now,
        completed_at=now if conclusion is not None else None,
        attempt=forge.state.runs[run_id].attempt,
        is_begun=is_begun,
        steps=known.steps if known else (),
    )
    forge.state.jobs[run_id][name] = job
    return job


def note_step(forge: Forge, run_id: int, job: str, step: EndedStep) -> None:
    """Remember that a step of a job which is under way has ended."""
    known, now = forge.state.jobs[run_id][job], forge.state.clock()
    took = timedelta(seconds=round(step.took.total_seconds()))  # the clock has whole seconds, as GitHub's answers have
    record = StepRecord(step.name, step.conclusion, now - took, now)
    forge.state.jobs[run_id][job] = replace(known, steps=(*known.steps, record))


def store_artifact(forge: Forge, run: WorkflowRunRecord, name: str, files: Mapping[str, bytes]) -> ArtifactRecord:
    """Zip files and keep them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    now = forge.state.clock()
    artifact = ArtifactRecord(
        forge.state.next_id(), run.repository_id, run, name, buffer.getvalue(), secrets.token_hex(16), now, now + KEPT
    )
    forge.state.artifacts[artifact.id] = artifact
    return artifact

"""Workflow runs: their jobs, logs and artifacts; and what a check says."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.github.answers import not_found
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.checks import CheckRunRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.records.runs import ArtifactRecord, WorkflowRunRecord
from bot.sandbox.pages.calls import HTML, PageCall, Raw, Shown

_LINE = re.compile(r"(?P<time>\d\d:\d\d:\d\d) (?P<job>.*?) \| (?P<text>.*)")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LONGEST = 5_000
"""Lines of a job's log that are shown, from the end; the whole log is a click away."""
LARGEST_FILE = 20_000_000
"""Bytes of a file in an artifact that are shown."""


@dataclass(frozen=True, slots=True)
class JobLog:
    """What a job wrote: its name, how it ended (or `in_progress`), and its lines with their times."""

    name: str
    state: str
    lines: Sequence[tuple[str, str]]
    left_out: int


def runs(call: PageCall) -> Shown:
    """The runs of all workflows, or of one, newest first."""
    repository, file = call.repository(), call.path.get("file")
    found = [
        each
        for each in reversed(call.forge.state.runs.values())
        if each.repository_id == repository.id and file in (None, each.workflow.path.rpartition("/")[2])
    ]
    return Shown("runs.html", "Actions", {"runs": found[:200], "file": file}, repository, "actions", is_live=True)


def _run(call: PageCall) -> tuple[RepositoryRecord, WorkflowRunRecord]:
    repository = call.repository()
    found = call.forge.state.runs.get(call.number("run"))
    if found is None or found.repository_id != repository.id:
        raise not_found()
    return repository, found


def run(call: PageCall) -> Shown:
    """A run with its jobs' logs and its artifacts."""
    repository, found = _run(call)
    page = f"{call.forge.urls.page(repository)}/actions/runs/{found.id}"
    states = {
        check.name: check.conclusion or check.status
        for check in reversed(call.forge.state.checks_at(repository, found.head_sha))
        if check.details_url == page
    }
    content = {
        "run": found,
        "jobs": job_logs(written(call.forge, found), states),
        "artifacts": [(each, names(each)) for each in call.forge.state.artifacts.values() if each.run.id == found.id],
    }
    return Shown("run.html", found.title, content, repository, "actions", is_live=True)


def written(forge: Forge, found: WorkflowRunRecord) -> str:
    """Return the log of a run's last attempt, as far as it has come."""
    path = forge.state.logs.get(found.id)
    return path.read_text("utf-8", "replace") if path is not None and path.is_file() else ""


def job_logs(log: str, states: dict[str, str]) -> Sequence[JobLog]:
    """Return a run's log job by job, in the order in which they began; a job without a line has only its state."""
    lines: dict[str, list[tuple[str, str]]] = {}
    for line in log.splitlines():
        if found := _LINE.match(_ESCAPES.sub("", line)):
            lines.setdefault(found["job"], []).append((found["time"], found["text"]))
    names_ = dict.fromkeys([*lines, *states])
    return [
        JobLog(name, states.get(name, ""), lines.get(name, [])[-LONGEST:], max(0, len(lines.get(name, [])) - LONGEST))
        for name in names_
    ]


def log(call: PageCall) -> Raw:
    """The whole log as text."""
    return Raw(_ESCAPES.sub("", written(call.forge, _run(call)[1])).encode())


def names(artifact: ArtifactRecord) -> Sequence[str]:
    """Return the paths of an artifact's files."""
    with zipfile.ZipFile(io.BytesIO(artifact.archive)) as archive:
        return archive.namelist()


def _artifact(call: PageCall) -> ArtifactRecord:
    _, found = _run(call)
    artifact_ = call.forge.state.artifacts.get(call.number("artifact"))
    if artifact_ is None or artifact_.run.id != found.id:
        raise not_found()
    return artifact_


def artifact(call: PageCall) -> Raw:
    """An artifact as the archive that it is."""
    found = _artifact(call)
    return Raw(found.archive, "application/zip", name=f"{re.sub('[^A-Za-z0-9_.-]', '-', found.name)}.zip")


def artifact_file(call: PageCall) -> Raw:
    """A file of an artifact, to look at. A page may run its own script, in an origin of its own, and load nothing."""
    found, path = _artifact(call), call.path["file"]
    with zipfile.ZipFile(io.BytesIO(found.archive)) as archive:
        if path not in archive.namelist() or archive.getinfo(path).file_size > LARGEST_FILE:
            raise not_found()
        content = archive.read(path)
    if path.endswith(".html"):
        own = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; sandbox allow-scripts"
        return Raw(content, HTML, own)
    return Raw(content)


def check(call: PageCall) -> Shown:
    """What a check says."""
    repository = call.repository()
    found: CheckRunRecord | None = call.forge.state.checks.get(call.number("check"))
    if found is None or found.repository_id != repository.id:
        raise not_found()
    return Shown("check.html", found.name, {"check": found}, repository, "actions", is_live=True)

"""One run of one workflow file: waits for its turn, runs `act`, shows its jobs as check runs, keeps its log."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot.sandbox.actions.act import Line, Process
from bot.sandbox.actions.checks import JobChecks
from bot.sandbox.actions.expressions import interpolated
from bot.sandbox.actions.groups import Ticket
from bot.sandbox.actions.oidc import subject
from bot.sandbox.actions.service import JobId, ServiceRefusal
from bot.sandbox.actions.site import Site
from bot.sandbox.actions.start import sender, start
from bot.sandbox.actions.triggers import TriggerEvent
from bot.sandbox.actions.workflow import BEGIN, Concurrency, WorkflowFile
from bot.sandbox.github import SandboxRun as Record

NOISE = "LocalRepositoryCache"
"""What `act` says at each use of a stand-in."""
RESULTS = frozenset({"success", "failure", "cancelled", "skipped"})


class ActionsRun:
    """A workflow run. `conclusion` is None while it is under way; `log` is the file to read; `jobs` name → conclusion."""

    def __init__(
        self, site: Site, repository: str, workflow: WorkflowFile, event: TriggerEvent, before: ActionsRun | None = None
    ) -> None:
        """Record the run; with `before`, it is one more attempt of that run."""
        self.repository = repository
        self.workflow = workflow
        self.event = event
        self.conclusion: str | None = None
        self._site = site
        actor = sender(event)
        self.attempt: int = 1 + before.attempt if before else 1
        if before is None:
            record = Record(
                workflow.path, event.event, event.head_sha, actor, event.head_branch, _title(workflow, event)
            )
            self.id = site.github.record_run(repository, record)
        else:
            self.id = before.id
            site.github.begin_run(self.id)
        self._place = f"{self.id}-{self.attempt}" if before else str(self.id)
        self.directory = site.root / "runs" / self._place
        self.directory.mkdir(parents=True)
        self.log = self.directory / "log.txt"
        self.log.touch()
        site.github.keep_log(self.id, self.log)
        page = f"{site.github.url}/{repository}/actions/runs/{self.id}"
        self._checks = JobChecks(site.github, repository, self.id, event.head_sha, page)
        self.actor = actor
        self._process: Process | None = None
        self._ended_early: str | None = None
        self._guard = threading.Lock()
        self._begun: set[str] = set()
        self._failed: set[JobId] = set()
        self._tickets: dict[JobId, Ticket] = {}
        self._ticket = self._join(workflow.concurrency, {}, self._step_aside) if workflow.concurrency else None

    @property
    def jobs(self) -> Mapping[str, str | None]:
        """What became of each job so far."""
        return dict(self._checks.results)

    def execute(self) -> None:
        """Do everything, on the caller's thread, and leave a conclusion whatever happens."""
        conclusion = "failure"
        try:
            if self._ticket is not None and not self._site.groups.wait(self._ticket):
                conclusion = "cancelled"
                return
            with self._site.slots:
                conclusion = self._ended_early or self._act()
        finally:
            for ticket in (*self._tickets.values(), *([self._ticket] if self._ticket else [])):
                self._site.groups.leave(ticket)
            self._conclude(conclusion)

    def cancel(self, conclusion: str = "cancelled") -> None:
        """End the run early, with every process that it started."""
        with self._guard:
            self._ended_early = self._ended_early or conclusion
            process = self._process
        for ticket in (*self._tickets.values(), *([self._ticket] if self._ticket else [])):
            if process is None or ticket is not self._ticket:
                self._site.groups.leave(ticket)
        if process is not None:
            process.cancel()

    def _step_aside(self) -> None:
        """Cancel without keeping the newcomer, or the event that started it, waiting."""
        threading.Thread(target=self.cancel, name=f"cancel-{self.id}", daemon=True).start()

    def admit(self, job: JobId) -> None:
        """Let a job begin when its concurrency group lets it."""
        rules = self.workflow.job(job.id).concurrency
        if rules is None or job in self._tickets:
            return
        self._tickets[job] = ticket = self._join(rules, job.values, lambda: None)
        if not self._site.groups.wait(ticket):
            raise ServiceRefusal(f"cancelled: a newer job replaced this one in `{ticket.group}`")

    def may_identify(self, job: JobId) -> bool:
        """Say whether a job declares `id-token: write`."""
        return self.workflow.job(job.id).permissions.get("id-token") == "write"

    def identity(self, job: JobId, audience: str | None) -> str:
        """Sign an identity token for a job; without an audience it is the owner's address, as on GitHub."""
        declared = self.workflow.job(job.id)
        environment = interpolated(declared.environment, self._contexts(job.values)) if declared.environment else None
        found = self._site.github.repository(self.repository)
        claims = {
            "repository": self.repository,
            "ref": self.event.ref,
            "sha": self.event.sha,
            "event_name": self.event.event,
            "run_id": str(self.id),
            "actor": self.actor,
            "job_workflow_ref": f"{self.repository}/{self.workflow.path}@{self.event.ref}",
        }
        named = subject(found, self.event.ref, environment, with_ids=self._site.subjects_with_ids)
        owner = f"{self._site.github.url}/{self.repository.partition('/')[0]}"
        return self._site.service.issuer.token(named, audience or owner, claims)

    def keep(self, name: str) -> int:
        """Record an artifact that a step has put into the run's directory."""
        directory = self.artifacts / name
        if Path(name).name != name or not directory.is_dir():
            raise ServiceRefusal(f"no such artifact: {name!r}")
        files = {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}
        return self._site.github.record_artifact(self.id, name, files)

    @property
    def artifacts(self) -> Path:
        """Where the run's artifacts lie, a directory each."""
        return self._site.root / "artifacts" / self._place

    def _act(self) -> str:
        secret = secrets.token_hex(16)
        # Short, and so not below the root: plugins of Terraform make sockets there, whose paths may have 108 bytes.
        home = Path(tempfile.mkdtemp(prefix="envclone-run-"))
        self._site.service.desks[secret] = self
        timer = threading.Timer(self._site.timeout.total_seconds(), self.cancel, args=["timed_out"])
        try:
            with self._guard:
                if self._ended_early:
                    return self._ended_early
                self._process = start(self._site, self, home, secret)
            timer.start()
            with self.log.open("a", encoding="utf-8", buffering=1) as log:
                for line in self._process.lines():
                    self._hear(line, log.write)
            code = self._process.wait()
            return self._ended_early or ("failure" if code else "success")
        finally:
            timer.cancel()
            del self._site.service.desks[secret]
            shutil.rmtree(home, ignore_errors=True)

    def _hear(self, line: Line, write: Callable[[str], object]) -> None:
        """Write one line down, and show a job's beginning and end."""
        if line.text.startswith(NOISE):
            return
        name = "act"
        if line.job is not None:
            name = self._name(line.job)
            self._begun.add(line.job.id)
            if name not in self._checks.results:
                self._checks.begin(name)
            if line.own_step is not None and line.own_step.name != BEGIN:
                self._checks.step(name, line.own_step)
            if line.step == "failure":
                self._failed.add(line.job)
            if line.result is not None:
                self._checks.finish(name, self._result(line.job, line.result))
                if ticket := self._tickets.get(line.job):
                    self._site.groups.leave(ticket)
        mark = "  " if line.is_output else ""
        write(f"{datetime.now(UTC):%H:%M:%S} {name} | {mark}{line.text}\n")

    def _result(self, job: JobId, said: str) -> str:
        """How a job ended: as `act` said, but no instance of a matrix fails because another one did."""
        if said == "failure" and self._ended_early:
            return "cancelled"
        others = {failed.id for failed in self._failed if failed != job}
        if said == "failure" and job not in self._failed and job.id in others:
            return "success"
        return said if said in RESULTS else "failure"

    def _conclude(self, conclusion: str) -> None:
        missed = "cancelled" if conclusion in ("cancelled", "timed_out") else "skipped"
        for name, result in list(self._checks.results.items()):
            if result is None:
                self._checks.finish(name, missed if missed == "cancelled" else "failure")
        for job in self.workflow.jobs:
            if job.id not in self._begun:
                self._checks.finish(job.name, missed)
        self._site.github.finish_run(self.id, conclusion)
        self.conclusion = conclusion

    def _name(self, job: JobId) -> str:
        """The name of a job's check run; of a matrix without a name of its own, the values tell its jobs apart."""
        declared = self.workflow.job(job.id)
        name = interpolated(declared.name, self._contexts(job.values))
        if job.values and name == declared.name:
            return f"{name} ({', '.join(str(value) for value in job.values.values())})"
        return name

    def _join(self, rules: Concurrency, matrix: Mapping[str, object], dropped: Callable[[], None]) -> Ticket:
        group = interpolated(rules.group, self._contexts(matrix))
        return self._site.groups.join(f"{self.repository}:{group}", rules, dropped)

    def _contexts(self, matrix: Mapping[str, object]) -> dict[str, object]:
        github: dict[str, object] = {
            "event": self.event.payload,
            "event_name": self.event.event,
            "ref": self.event.ref,
            "ref_name": self.event.branch,
            "sha": self.event.sha,
            "repository": self.repository,
            "run_id": str(self.id),
            "workflow": self.workflow.name,
        }
        return {"github": github, "matrix": matrix, "inputs": self.event.payload.get("inputs", {})}


def _title(workflow: WorkflowFile, event: TriggerEvent) -> str:
    """Return what people see the run called; where `run-name` gives nothing, its event's title."""
    contexts = {"github": {"event": event.payload}, "inputs": event.payload.get("inputs", {})}
    return interpolated(workflow.run_name, contexts).strip() or event.title

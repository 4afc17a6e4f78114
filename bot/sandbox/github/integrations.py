"""Apps, webhooks and workflow runs: what is set up around a repository rather than done in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from bot.sandbox.github.checks import ACTIONS, link_check
from bot.sandbox.github.events import announce
from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.people import People
from bot.sandbox.github.records.accounts import AppRecord, Caller, InstallationRecord, Level
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.hooks import DeliveryRecord, HookRecord
from bot.sandbox.github.records.runs import ArtifactRecord, WorkflowRunRecord
from bot.sandbox.github.rest.new_apps import add_app
from bot.sandbox.github.runs import (
    EndedStep,
    SandboxRun,
    begin_run,
    finish_run,
    note_job,
    note_step,
    record_run,
    store_artifact,
)
from bot.sandbox.github.tokens import issue_installation_token, issue_workflow_token
from bot.sandbox.github.views.checks import run_view, workflow_view
from bot.sandbox.github.webhooks import Bus

SETTLED_WITHIN = 300.0
"""Seconds: on a busy machine a receiver is slow, and whoever waits wants to hear of all events."""

# What a repository with write defaults lets its workflows ask for.
ACTIONS_PERMISSIONS: dict[str, Level] = dict.fromkeys(
    ("actions", "checks", "contents", "deployments", "issues", "pull_requests", "statuses"), "write"
)
BOT_PERMISSIONS: dict[str, Level] = {
    "metadata": "read",
    "contents": "write",
    "issues": "write",
    "pull_requests": "write",
    "checks": "write",
    "statuses": "write",
    "deployments": "read",
    "actions": "write",
}


class Integrations(People):
    """Verbs of administrators and of the machinery around Actions."""

    def __init__(self, forge: Forge, bus: Bus) -> None:
        super().__init__(forge)
        self._bus = bus

    def create_app(
        self, slug: str, owner: str, permissions: Mapping[str, Level] = BOT_PERMISSIONS, events: Sequence[str] = ()
    ) -> AppRecord:
        """Create a GitHub App with an RSA key of its own (`app.private_key`); its bot user is `slug[bot]`."""
        with self.forge.state.lock:
            return add_app(self.forge, slug, owner, permissions, events)

    def install(self, app: AppRecord, account: str, repositories: Sequence[str] | None = None) -> InstallationRecord:
        """Install an app on an account, for all of its repositories or some (`owner/name`)."""
        with self.forge.state.lock:
            state = self.forge.state
            ids = None if repositories is None else frozenset(self.repository(name).id for name in repositories)
            installation = InstallationRecord(
                state.next_small_id(), app, self.account(account), app.permissions, ids, state.clock()
            )
            state.installations[installation.id] = installation
            return installation

    def installation_token(self, installation: InstallationRecord) -> str:
        """Return a fresh token of an installation, as its app would get one with its JWT."""
        with self.forge.state.lock:
            token = issue_installation_token(
                self.forge.state, installation, installation.permissions, installation.repository_ids
            )
            return token.secret

    def workflow_token(
        self, repository: str, permissions: Mapping[str, Level], life: timedelta = timedelta(hours=24)
    ) -> str:
        """Return a token that acts as `github-actions[bot]` in one repository; what it does starts no workflows."""
        with self.forge.state.lock:
            found = self.repository(repository)
            app = next((a for a in self.forge.state.apps.values() if a.slug == ACTIONS), None)
            if app is None:
                app = self.create_app(ACTIONS, "github", ACTIONS_PERMISSIONS)
            installed = next(
                (
                    i
                    for i in self.forge.state.installations.values()
                    if i.app.id == app.id and i.account.id == found.owner.id
                ),
                None,
            )
            installation = installed or self.install(app, found.owner.login)
            return issue_workflow_token(self.forge.state, installation, found, dict(permissions), life).secret

    def add_webhook(
        self,
        url: str,
        secret: str,
        *,
        repository: str | None = None,
        app: AppRecord | None = None,
        events: Sequence[str] = ("*",),
    ) -> HookRecord:
        """Send events to a URL: of one repository, or of all; with `app`, payloads carry its installation."""
        with self.forge.state.lock:
            repository_id = None if repository is None else self.repository(repository).id
            hook = HookRecord(self.forge.state.next_small_id(), url, secret, tuple(events), repository_id, app)
            self.forge.state.hooks[hook.id] = hook
            return hook

    def remove_webhook(self, hook: HookRecord) -> None:
        """Send nothing more to a webhook."""
        with self.forge.state.lock:
            self.forge.state.hooks.pop(hook.id, None)

    def on_event(self, callback: Callable[[str, JsonObject], None]) -> None:
        """Call `callback(name, payload)` in order, on a thread of its own, for events that may start workflows."""
        self._bus.subscribe(callback)

    @property
    def deliveries(self) -> list[DeliveryRecord]:
        """All attempts to deliver to webhooks, oldest first."""
        return list(self._bus.deliveries.values())

    def redeliver(self, delivery_id: int) -> None:
        """Send a past delivery again, with the same `X-GitHub-Delivery`."""
        self._bus.redeliver(delivery_id)

    def settle(self, timeout: float = SETTLED_WITHIN) -> bool:
        """Wait until every event so far has reached webhooks and callbacks; say whether it did in time."""
        return self._bus.settle(timeout)

    def record_run(self, repository: str, run: SandboxRun) -> int:
        """Record a workflow run under way; return its id."""
        with self.forge.state.lock:
            return record_run(self.forge, self.repository(repository), run, self.account(run.actor)).id

    def keep_log(self, run_id: int, log: Path) -> None:
        """Say where the log of a run's last attempt is written."""
        with self.forge.state.lock:
            self.forge.state.logs[run_id] = log

    def begin_run(self, run_id: int) -> None:
        """Record that a run which was queued again has begun."""
        with self.forge.state.lock:
            begin_run(self.forge, run_id)

    def note_job(self, run_id: int, name: str, conclusion: str | None = None, *, is_begun: bool = True) -> None:
        """Record that a job of a run is under way, or how it ended, perhaps before it began."""
        with self.forge.state.lock:
            note_job(self.forge, run_id, name, conclusion, is_begun=is_begun)

    def note_step(self, run_id: int, job: str, step: EndedStep) -> None:
        """Record that a step of a job which is under way has ended."""
        with self.forge.state.lock:
            note_step(self.forge, run_id, job, step)

    def link_check(self, check_id: int, page: str) -> None:
        """Let the check of a job lead to its run's page."""
        with self.forge.state.lock:
            link_check(self.forge.state, check_id, page)

    def finish_run(self, run_id: int, conclusion: str) -> None:
        """Record how a workflow run ended: success, failure, cancelled …"""
        with self.forge.state.lock:
            done = finish_run(self.forge, run_id, conclusion)
            repository = self.forge.state.repository_of(done.repository_id)
            content: JsonObject = {
                "action": "completed",
                "workflow": workflow_view(self.forge, repository, done.workflow),
                "workflow_run": run_view(self.forge, repository, done),
            }
            announce(Act(self.forge, repository, Caller(done.actor)), "workflow_run", content)

    def record_artifact(self, run_id: int, name: str, files: Mapping[str, bytes]) -> int:
        """Keep files as a run's artifact (a zip archive); return its id."""
        with self.forge.state.lock:
            return store_artifact(self.forge, self.forge.state.runs[run_id], name, files).id

    def schedule(self, repository: str, workflow: str) -> None:
        """Let the hour of a scheduled workflow come, by its file's path; the sandbox has no clock for it."""
        with self.forge.state.lock:
            found = self.repository(repository)
            announce(Act(self.forge, found, Caller(found.owner)), "schedule", {"schedule": "", "workflow": workflow})

    def runs(self, repository: str) -> list[WorkflowRunRecord]:
        """List workflow runs, oldest first."""
        id_ = self.repository(repository).id
        return [run for run in list(self.forge.state.runs.values()) if run.repository_id == id_]

    def artifacts(self, run_id: int) -> list[ArtifactRecord]:
        """List the artifacts of a run."""
        return [artifact for artifact in list(self.forge.state.artifacts.values()) if artifact.run.id == run_id]

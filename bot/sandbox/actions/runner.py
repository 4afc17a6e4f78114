"""Start workflows when the sandbox's GitHub says that something happened, as GitHub Actions does.

runner = Runner(directory, github, tool=venv / "bin/envclone", environment={**aws.environment(), **terraform})
aws.trust_issuer(runner.issuer)
with github.running(), runner:
    ...
    assert runner.wait(timeout=120)
    print(runner.runs[-1].conclusion, runner.runs[-1].log)
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.sandbox.actions.act import act_in
from bot.sandbox.actions.oidc import Issuer
from bot.sandbox.actions.run import ActionsRun
from bot.sandbox.actions.site import Site
from bot.sandbox.actions.triggers import TriggerEvent, run_completed, started, trigger_event
from bot.sandbox.actions.workflow import WorkflowFile, WorkflowInvalid
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.records.checks import JsonObject

STOP_WITHIN = 30.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """How a runner differs from the ordinary one. At most `slots` runs are under way at once, each for `timeout`.

    `actions` are checkouts of real actions by `owner/name`, to run in place of their stand-ins. With that of envclone, each job
    installs the tool from there, which takes it half a minute. `variables` and `secrets` are what workflows read as `vars` and `secrets`.
    """

    slots: int = 2
    timeout: timedelta = timedelta(minutes=30)
    subjects_with_ids: bool = False
    actions: Mapping[str, Path] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class ActionsRunner:
    """Runs the repository's workflow files; everything it writes is under `root`.

    `tool` is the `envclone` that jobs call. `environment` is what a job's machine has besides PATH (where AWS is, Terraform's
    settings); credentials in it are withheld. Enter it inside `github.running()`, so that it ends first.
    """

    def __init__(
        self,
        root: Path,
        github: GitHubServer,
        tool: Path,
        environment: Mapping[str, str],
        settings: RunnerSettings | None = None,
    ) -> None:
        settings = settings or RunnerSettings()
        self._site = Site(
            root=root.resolve(),
            github=github,
            tool=tool.resolve(),
            act=act_in(Path(sys.executable).parent),
            environment=dict(environment),
            slots=threading.BoundedSemaphore(settings.slots),
            timeout=settings.timeout,
            subjects_with_ids=settings.subjects_with_ids,
            actions=dict(settings.actions),
            variables=dict(settings.variables),
            secrets=dict(settings.secrets),
        )
        self._changed = threading.Condition()
        self._open = False
        self._runs: list[ActionsRun] = []
        self._threads: list[threading.Thread] = []
        self._heard = 0
        github.on_event(self._hear)

    @property
    def issuer(self) -> Issuer:
        """Who signs the jobs' identity tokens; roles must trust `issuer.url`."""
        return self._site.service.issuer

    @property
    def runs(self) -> list[ActionsRun]:
        """All runs, oldest first."""
        with self._changed:
            return list(self._runs)

    @property
    def heard(self) -> int:
        """How many events of GitHub's were heard of so far: nothing happens there without one."""
        return self._heard

    def idle(self) -> bool:
        """Say whether no run is under way."""
        return all(run.conclusion is not None for run in self.runs)

    def wait(self, timeout: float) -> bool:
        """Wait until every event so far has been heard and every run has ended; say whether they did within seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self._site.github.settle(deadline - time.monotonic()):
                return False
            before = len(self.runs)
            with self._changed:
                if not self._changed.wait_for(self.idle, max(0.0, deadline - time.monotonic())):
                    return False
            # A run that has just ended may have caused the next one.
            if self._site.github.settle(max(0.0, deadline - time.monotonic())) and len(self.runs) == before:
                return True
        return False

    def cancel(self, run_id: int) -> None:
        """Cancel a run, as a person would by its button."""
        for run in self.runs:
            if run.id == run_id and run.conclusion is None:
                run.cancel()

    def __enter__(self) -> Self:
        self._site.root.mkdir(parents=True, exist_ok=True)
        self._site.service.start()
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._open = False
        for run in self.runs:
            if run.conclusion is None:
                run.cancel()
        for thread in self._threads:
            thread.join(STOP_WITHIN)
        self._site.service.stop()

    def _hear(self, name: str, payload: JsonObject) -> None:
        """Start what an event starts; called in the order of the events."""
        self._heard += 1
        repository = payload["repository"]
        assert isinstance(repository, Mapping)
        full_name = str(repository["full_name"])
        if name == "workflow_run" and payload["action"] == "requested":
            self._repeat(payload)
            return
        bare = self._site.github.forge.bare(self._site.github.repository(full_name))
        event = run_completed(payload, bare) if name == "workflow_run" else trigger_event(name, payload, bare)
        if event is None:
            return
        try:
            for workflow in started(event, bare):
                self._start(full_name, workflow, event)
        except WorkflowInvalid:
            log.exception("a workflow file is invalid", extra={"action": "start-workflow", "repository": full_name})

    def _repeat(self, payload: JsonObject) -> None:
        """Run a run of ours once more, as its button does."""
        asked = payload["workflow_run"]
        assert isinstance(asked, Mapping)
        before = next((run for run in reversed(self.runs) if run.id == asked["id"]), None)
        if before is not None:
            self._start(before.repository, before.workflow, before.event, before)

    def _start(
        self, repository: str, workflow: WorkflowFile, event: TriggerEvent, before: ActionsRun | None = None
    ) -> None:
        with self._changed:
            if not self._open:
                return
            run = ActionsRun(self._site, repository, workflow, event, before)
            self._runs.append(run)
            thread = threading.Thread(target=self._execute, args=[run], name=f"run-{run.id}", daemon=True)
            self._threads.append(thread)
        thread.start()

    def _execute(self, run: ActionsRun) -> None:
        try:
            run.execute()
        finally:
            with self._changed:
                self._changed.notify_all()

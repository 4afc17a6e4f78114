"""GitHub Actions as the flows of the service see it: runs that are started, and that end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.events import Event
from bot.payloads import parse
from bot.sandbox.github import SandboxRun
from bot.sandbox.github.records.checks import JsonObject as Payload
from tests.support.small_monorepo import BOT, MAINTAINER, REPOSITORY, SmallMonorepo


@dataclass
class Actions:
    """What GitHub Actions does, as far as the flows see it: a run for each dispatch, with the title that the file gives it."""

    place: SmallMonorepo
    dispatched: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    ended: list[Event] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)

    def hear(self, name: str, payload: Payload) -> None:
        if name == "workflow_run" and payload["action"] == "requested":
            run = payload["workflow_run"]
            assert isinstance(run, Mapping)
            self.repeated.append(int(run["id"]))
        if name == "workflow_run" and payload["action"] == "completed":
            self.ended.append(parse(name, json.dumps(payload).encode()))
        if name == "workflow_dispatch":
            workflow, inputs = str(payload["workflow"]), payload["inputs"]
            assert isinstance(inputs, Mapping)
            self.dispatched.append((workflow, dict(inputs)))
            head = self.place.server.head(REPOSITORY) or ""
            run = SandboxRun(workflow, name, head, BOT, "main", title=str(inputs.get("request", "")))
            self.runs.append(self.place.server.record_run(REPOSITORY, run))

    def plan(
        self,
        branch: str,
        conclusion: str | None,
        event: str = "pull_request_target",
        head: str = "",
        *,
        title: str = "",
    ) -> int:
        """Record the run that planned a branch's head."""
        server = self.place.server
        commit = head or server.head(REPOSITORY, branch) or ""
        run = SandboxRun(".github/workflows/plan.yml", event, commit, MAINTAINER, branch, title)
        run_id = server.record_run(REPOSITORY, run)
        if conclusion is not None:
            server.finish_run(run_id, conclusion)
        return run_id

    def end(self, run: int, conclusion: str) -> Event:
        """End a run, let the service hear of it, and return the event."""
        self.place.server.finish_run(run, conclusion)
        assert self.place.server.settle()
        event = self.ended[-1]
        self.place.work(event)
        return event

    def page(self, run: int) -> str:
        """Return the address of a run."""
        return f"{self.place.server.url}/{REPOSITORY}/actions/runs/{run}"

"""The jobs of a run, and the check run that GitHub shows for each, made over the sandbox's REST with a token of GitHub Actions' own app."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from bot.sandbox.github import EndedStep, GitHubServer
from bot.sandbox.tls import tls

TIMEOUT = 120.0


@dataclass(slots=True)
class JobChecks:
    """The jobs and check runs of one workflow run; `page` is where its log can be read."""

    github: GitHubServer
    repository: str
    run: int
    head_sha: str
    page: str
    results: dict[str, str | None] = field(default_factory=dict)
    _ids: dict[str, int] = field(default_factory=dict)

    def begin(self, name: str) -> None:
        """Show a job as under way."""
        self.results[name] = None
        self.github.note_job(self.run, name)
        body = {"name": name, "head_sha": self.head_sha, "status": "in_progress"}
        self._ids[name] = self._call("POST", "", body)
        self.github.link_check(self._ids[name], self.page)

    def finish(self, name: str, conclusion: str) -> None:
        """Show how a job ended; a job that never began appears now."""
        if name not in self._ids:
            self.begin(name)
        self.results[name] = conclusion
        self.github.note_job(self.run, name, conclusion)
        self._call("PATCH", f"/{self._ids[name]}", {"status": "completed", "conclusion": conclusion})

    def step(self, job: str, step: EndedStep) -> None:
        """Show that a step of a job has ended."""
        self.github.note_step(self.run, job, step)

    def _call(self, method: str, tail: str, body: dict[str, str]) -> int:
        token = self.github.workflow_token(self.repository, {"checks": "write"})
        answer = httpx.request(
            method,
            f"{self.github.url}/api/v3/repos/{self.repository}/check-runs{tail}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            trust_env=False,
            verify=tls(),
        )
        answer.raise_for_status()
        return int(answer.json()["id"])

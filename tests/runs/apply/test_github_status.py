"""GitHub is told how an apply goes: the sandbox's GitHub over HTTP, with a workflow's own token."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from bot.clients.github import GitHub, Token
from bot.core.ledger.apply_result import ApplyOutcome, StepResult
from bot.core.messages.apply_comment import marker
from bot.core.messages.run_report import ending_of
from bot.names import EnvironmentName, RepositoryName, StepName
from bot.runs.apply.github_status import CHECK, DeploymentReport, pull_request_of
from bot.runs.request import ApplyRequest
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.issues import IssueText
from bot.sandbox.github.pulls import PullSpec

REPOSITORY = RepositoryName("acme/infrastructure")
DEMO = EnvironmentName("demo-x")
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class Merged:
    """A merged pull request of demo-x, and an apply of it."""

    server: GitHubServer
    number: int
    deployment: DeploymentReport
    lines: list[str] = field(default_factory=list)

    @property
    def request(self) -> ApplyRequest:
        return self.deployment.request

    def outcome(self, state: Literal["succeeded", "failed"]) -> ApplyOutcome:
        step = StepResult(
            name=StepName("app"), kind="stack", state=state, reason="no", outputs={"url": "https://demo-x.example"}
        )
        return ApplyOutcome(
            environment=DEMO,
            head=self.request.head,
            commit=self.request.commit,
            tree="c" * 40,
            by="alice",
            run_url=self.request.run_url,
            started_at=NOW,
            ended_at=NOW + timedelta(seconds=3),
            steps=(step,),
            diagram="flowchart LR",
        )

    def statuses(self) -> list[tuple[str, str]]:
        [deployment] = self.server.deployments(REPOSITORY)
        assert (deployment.environment, deployment.sha) == (DEMO, self.request.commit)
        return [(each.state, each.environment_url) for each in self.server.deployment_statuses(deployment.id)]

    def checks(self) -> list[tuple[str | None, str | None]]:
        found = sorted(self.server.checks(REPOSITORY, self.request.commit), key=lambda check: check.id)
        return [
            (check.conclusion, check.output.title) for check in found if check.name == CHECK.format(environment=DEMO)
        ]

    def comments(self) -> list[str]:
        return [each.body for each in self.server.comments(REPOSITORY, self.number)]


@pytest.fixture
def merged(tmp_path: Path) -> Iterator[Merged]:
    server = GitHubServer(tmp_path / "github")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "README.md").write_text("A monorepo.\n")
    server.create_repository(REPOSITORY, tmp_path / "source")
    server.add_user("ana", REPOSITORY, "maintain")
    head = server.commit(REPOSITORY, {"envs/demo-x/x": b"x"}, branch="envclone/demo-x", by="ana", message="add")
    number = server.open_pull(REPOSITORY, PullSpec(IssueText("Clone", ""), "envclone/demo-x", "main"), by="ana")
    commit = server.merge(REPOSITORY, number, by="ana")
    granted: Mapping[str, Literal["read", "write", "admin"]] = {
        "contents": "read",
        "deployments": "write",
        "pull_requests": "write",
        "checks": "write",
    }
    token = server.workflow_token(REPOSITORY, granted)
    with server.running() as url:
        request = ApplyRequest(
            environment=DEMO,
            root=tmp_path,
            commit=commit,
            head=head,
            by="alice",
            lock_owner="run-1",
            machine="alice@here",
            run_url=f"{url}/run/1",
        )
        github = GitHub(Token(token, "github-actions[bot]"), api_url=f"{url}/api/v3")
        lines: list[str] = []
        found = pull_request_of(github, REPOSITORY, request)
        yield Merged(server, number, DeploymentReport(github, REPOSITORY, request, lines.append, found), lines)


def test_an_apply_that_goes_well_is_told_from_beginning_to_end(merged: Merged) -> None:
    assert merged.deployment.number == merged.number
    merged.deployment.begin()
    assert merged.statuses() == [("in_progress", "")]
    assert merged.checks() == [(None, "Applying demo-x")]
    merged.deployment.end(ending_of(merged.outcome("succeeded")))
    assert merged.statuses()[-1] == ("success", "https://demo-x.example")
    assert merged.checks() == [("success", "demo-x is live: 1 step run in 3 s")]
    [comment] = merged.comments()
    assert comment.startswith(marker(DEMO))
    assert merged.lines == []


def test_failed_and_run_again_there_is_one_deployment_and_one_comment(merged: Merged) -> None:
    merged.deployment.begin()
    merged.deployment.end(ending_of(merged.outcome("failed")))
    merged.deployment.begin()
    merged.deployment.end(ending_of(merged.outcome("succeeded")))
    assert [state for state, _ in merged.statuses()] == ["in_progress", "failure", "in_progress", "success"]
    assert merged.checks()[-1][0] == "success"
    [comment] = merged.comments()
    assert "is live" in comment


def test_a_refusal_is_told_with_its_reason(merged: Merged) -> None:
    merged.deployment.refuse("`envs/demo-x` differs from what was reviewed\nmore", was_begun=False)
    assert merged.statuses() == [("failure", "")]
    assert merged.checks() == [("failure", "Nothing was applied")]
    assert "differs from what was reviewed" in merged.comments()[0]


def test_a_github_that_refuses_stops_nothing(merged: Merged) -> None:
    powerless = GitHub(
        Token(merged.server.workflow_token(REPOSITORY, {"contents": "read"}), "github-actions[bot]"),
        api_url=f"{merged.server.url}/api/v3",
    )
    deployment = DeploymentReport(powerless, REPOSITORY, merged.request, merged.lines.append, merged.number)
    deployment.begin()
    deployment.end(ending_of(merged.outcome("succeeded")))
    assert len(merged.lines) == 5
    assert all(line.startswith("reporting to GitHub failed (the ") for line in merged.lines)

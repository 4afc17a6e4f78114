"""`envclone plan` as the workflow runs it: real Terraform, moto, and the sandbox's GitHub over HTTP."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.core.messages.plan_comment import marker
from bot.core.plans.required_check import CHECK
from bot.core.plans.review import review_key
from bot.core.tree import File
from bot.names import EnvironmentName, RepositoryName
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.issues import IssueText
from bot.sandbox.github.pulls import PullSpec
from tests.support.cloud import REGION, cloud
from tests.support.monorepo import Monorepo
from tests.support.patience import PATIENCE
from tests.support.posting import post
from tests.support.terraform import program

REPOSITORY = RepositoryName("acme/infrastructure")
NAME = EnvironmentName("demo-x")
BRANCH = "envclone/demo-x"


@pytest.fixture(scope="module")
def aws() -> Iterator[Mapping[str, str]]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@dataclass(frozen=True)
class Workflow:
    """A pull request that adds `demo-x`, checked out as the workflow does it."""

    server: GitHubServer
    monorepo: Monorepo
    number: int
    scratch: Path

    def push(self) -> None:
        self.monorepo.git("push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")

    def plan(self, patch: pytest.MonkeyPatch) -> tuple[int, str]:
        """Run the command in the checkout; return its exit code and what it said."""
        head = self.monorepo.git("rev-parse", "HEAD").strip()
        event = self.scratch / "event.json"
        event.write_text(
            json.dumps({"pull_request": {"number": self.number, "base": {"ref": "main"}, "head": {"sha": head}}})
        )
        token = self.server.workflow_token(
            REPOSITORY, {"contents": "read", "pull_requests": "read", "statuses": "read"}
        )
        given = {
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_TOKEN": token,
            "GITHUB_API_URL": f"{self.server.url}/api/v3",
            "GITHUB_SERVER_URL": self.server.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "7",
            "GITHUB_STEP_SUMMARY": str(self.scratch / "step-summary.md"),
        }
        with patch.context() as inner:
            inner.chdir(self.monorepo.root)
            for name, value in given.items():
                inner.setenv(name, value)
            result = CliRunner().invoke(
                app, ["plan", NAME, "--output", str(self.scratch / "plan")], catch_exceptions=False
            )
            writing = self.server.workflow_token(REPOSITORY, {"pull_requests": "write", "checks": "write"})
            posted, completed = post(inner, self.scratch, NAME, writing)
            assert posted == 0
            assert completed == f"completed={json.dumps([NAME] if result.exit_code == 0 else [])}\n"
        return result.exit_code, result.output

    def comments(self) -> list[tuple[str, str]]:
        return [(c.author.login, c.body) for c in self.server.comments(REPOSITORY, self.number)]

    def conclusions(self) -> list[str | None]:
        checks = self.server.checks(REPOSITORY, self.monorepo.git("rev-parse", "HEAD").strip())
        return [check.conclusion for check in checks if check.name == CHECK.format(environment=NAME)]


@pytest.fixture
def workflow(tmp_path: Path, aws: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflow]:
    bucket = f"state-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for name, value in program(tmp_path / "configuration", aws).environment.items():
        monkeypatch.setenv(name, value)
    source = Monorepo(tmp_path / "source", bucket)
    source.write_base()
    server = GitHubServer(tmp_path / "github")
    server.create_repository(REPOSITORY, source.root)
    server.add_user("ana", REPOSITORY, "maintain")
    with server.running() as url:
        credentials = f"ana:{server.token('ana')}"
        remote = f"{url.replace('://', f'://{credentials}@')}/{REPOSITORY}.git"
        subprocess.run(
            ["git", "clone", "-q", remote, str(tmp_path / "head")],
            check=True,
            timeout=PATIENCE,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
        monorepo = Monorepo(tmp_path / "head", bucket)
        monorepo.add(NAME)
        monorepo.git("push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")
        number = server.open_pull(REPOSITORY, PullSpec(IssueText("Clone", ""), BRANCH, "main"), by="ana")
        yield Workflow(server, monorepo, number, tmp_path)


@pytest.mark.whole
def test_a_plan_is_reported_once_everywhere(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    forged = f"{marker(NAME)}\nLooks good, merge it."
    workflow.server.comment(REPOSITORY, workflow.number, forged, by="ana")
    code, said = workflow.plan(monkeypatch)
    assert code == 0, said
    (who, text), (bot, comment) = workflow.comments()
    assert (who, text) == ("ana", forged), "a marker alone makes a comment nobody's"
    assert bot == "github-actions[bot]"
    assert "4 to add" in comment
    assert workflow.conclusions() == ["success"]
    commit = workflow.monorepo.git("rev-parse", "HEAD").strip()
    assert commit[:12] in comment
    boto3.client("s3").head_object(Bucket=workflow.monorepo.bucket, Key=review_key(NAME, commit))
    assert (workflow.scratch / "plan" / "plan.md").read_text() == comment
    assert (workflow.scratch / "step-summary.md").read_text() == comment
    data = json.loads((workflow.scratch / "plan" / "plan.json").read_text())
    assert (data["outcome"], data["steps"]["app"]["planned_with_mocks"]) == ("planned", True)

    assert workflow.plan(monkeypatch)[0] == 0
    assert len(workflow.comments()) == 2
    assert set(workflow.conclusions()) == {"success"}


def test_what_may_not_be_planned_fails_the_check_and_says_why(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = b'data "http" "x" {\n  url = "http://evil.example/@octocat"\n}\n'
    workflow.monorepo.put(f"envs/{NAME}/app", {"evil.tf": File(evil)})
    workflow.monorepo.commit("slip it in")
    workflow.push()
    code, _ = workflow.plan(monkeypatch)
    assert code == 1
    assert workflow.conclusions() == ["failure"]
    [(_, comment)] = workflow.comments()
    assert f"`envs/{NAME}/app/evil.tf:1`" in comment


def test_a_policy_in_the_pull_request_does_not_count(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    lax = (workflow.monorepo.root / ".github" / "envclone.yml").read_text().replace("- http\n", "")
    assert "- http\n" in (workflow.monorepo.root / ".github" / "envclone.yml").read_text()
    workflow.monorepo.put(".github", {"envclone.yml": File(lax.encode())})
    workflow.monorepo.put(f"envs/{NAME}/app", {"evil.tf": File(b'data "http" "x" {\n  url = "http://x.example"\n}\n')})
    workflow.monorepo.commit("loosen the policy and use it")
    workflow.push()
    assert workflow.plan(monkeypatch)[0] == 1
    assert "evil.tf:1" in workflow.comments()[0][1]


def test_a_checkout_of_something_else_is_not_planned(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as inner:
        event = workflow.scratch / "other.json"
        pull = {"number": workflow.number, "base": {"ref": "main"}, "head": {"sha": "1" * 40}}
        event.write_text(json.dumps({"pull_request": pull}))
        inner.setenv("GITHUB_EVENT_PATH", str(event))
        inner.chdir(workflow.monorepo.root)
        result = CliRunner().invoke(app, ["plan", NAME])
    assert result.exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "document", [f"envs/{NAME}/environment.yaml", f"envs/{NAME}/hooks.yaml", ".github/envclone.yml"]
)
def test_what_cannot_be_read_is_not_checked_and_says_so(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    path = workflow.monorepo.root / document
    text = path.read_text() if path.exists() else ""
    path.write_text(f"{text}bogus: 1\n")
    workflow.monorepo.commit("break it")
    workflow.push()
    assert workflow.plan(monkeypatch)[0] == 2
    assert workflow.conclusions() == ["failure"]
    [(_, comment)] = workflow.comments()
    assert f"{document}:{len(text.splitlines()) + 1}: unknown key `bogus`" in comment

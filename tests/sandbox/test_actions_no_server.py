"""The workflow that carries out comments where no service runs: the real file by `act`, from a comment to a planned pull request."""

import sys
from pathlib import Path

import pytest

from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.tool_source import ToolSource
from bot.sandbox.actions.runner import ActionsRunner, RunnerSettings
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.records.repositories import NO_COMMIT
from tests import ROOT
from tests.support import example
from tests.support.small_monorepo import monorepo

REPOSITORY = example.REPOSITORY
HANDLE = ".github/workflows/handle.yml"
TIMEOUT = 400.0
PLAN = """\
name: plan
on: {pull_request_target: {branches: [main], types: [opened]}}
permissions: {}
jobs:
  envclone: {runs-on: ubuntu-latest, permissions: {}, steps: [{run: "true"}]}
"""


@pytest.fixture
def github(tmp_path: Path) -> GitHubServer:
    root = monorepo(tmp_path / "monorepo")
    for each in (root / ".github/workflows").iterdir():
        each.unlink()
    (root / HANDLE).write_bytes((ROOT / HANDLE).read_bytes())
    (root / ".github/workflows/plan.yml").write_text(PLAN, "utf-8")
    (root / TOOL_ACTION).parent.mkdir(parents=True)
    (root / TOOL_ACTION).write_text(ToolSource("acme/envclone", NO_COMMIT, "1").action(), "utf-8")
    found = GitHubServer(tmp_path / "github")
    found.create_repository(REPOSITORY, source=root)
    found.add_user("alice", REPOSITORY, "write")
    return found


@pytest.mark.e2e
def test_a_comment_is_carried_out_and_its_status_follows_the_plan(tmp_path: Path, github: GitHubServer) -> None:
    app = github.create_app("envclone", "acme")
    github.install(app, "acme")
    settings = RunnerSettings(
        variables={"ENVCLONE_GITHUB_APP_ID": str(app.id)}, secrets={"ENVCLONE_GITHUB_PRIVATE_KEY": app.private_key}
    )
    runner = ActionsRunner(tmp_path / "actions", github, Path(sys.executable).parent / "envclone", {}, settings)
    with github.running(), runner:
        issue = github.open_issue(REPOSITORY, "We need a demo", by="alice")
        github.comment(REPOSITORY, issue, "Thanks!", by="alice")
        comment = github.comment(REPOSITORY, issue, "/clone production as demo-x for demo", by="alice")
        assert runner.wait(TIMEOUT)
        said = {(run.workflow.path, run.event.event): run.conclusion for run in runner.runs}
        log = "\n".join(run.log.read_text() for run in runner.runs)
        assert set(said.values()) == {"success"}, log
        assert set(said) == {
            (HANDLE, "issues"),
            (HANDLE, "issue_comment"),
            (HANDLE, "pull_request_target"),
            (".github/workflows/plan.yml", "pull_request_target"),
            (HANDLE, "workflow_run"),
        }, log
        (pull,) = github.pulls(REPOSITORY)
        assert pull.author.login == "envclone[bot]"
        (reply,) = [each.body for each in github.comments(REPOSITORY, issue) if each.author.login == "envclone[bot]"]
        assert "`demo-x` is ready for review" in reply, log
        assert [each.content for each in github.reactions(comment)] == ["rocket"]
        assert app.private_key not in log

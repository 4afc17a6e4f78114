"""A monorepo that is not ours, with templates, environments and workflows alone: its workflows install the tool that they name."""

import shutil
from pathlib import Path

import pytest

from bot.core.installation.tool_source import PATH, ToolSource
from bot.sandbox.actions.runner import ActionsRunner, RunnerSettings
from bot.sandbox.github import GitHubServer
from bot.sandbox.sandbox import seed
from tests import ROOT
from tests.support.wheels import wheelhouse

REPOSITORY = "acme/infrastructure"
PROJECT = ("bot", ".github", "docs", "LICENSE", "README.md", "pyproject.toml", "requirements.lock")
TIMEOUT = 800.0


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """What GitHub has of envclone at the commit: the project and its locks, nothing installed."""
    checkout = tmp_path / "published"
    checkout.mkdir()
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, checkout / name)
    return checkout


@pytest.mark.e2e
@pytest.mark.timeout(2400)
def test_its_workflow_installs_the_published_tool_by_hash_and_runs_it(tmp_path: Path, published: Path) -> None:
    monorepo = seed(tmp_path / "monorepo", ROOT)
    assert sorted(entry.name for entry in monorepo.iterdir()) == [".github", "envs", "templates"]
    assert not list(monorepo.rglob("*.lock"))
    source = ToolSource.of_action((monorepo / PATH).read_text())
    assert source is not None
    assert source.repository == "envclone/envclone"

    github = GitHubServer(tmp_path / "github")
    github.create_repository(REPOSITORY, monorepo)
    github.add_user("root", REPOSITORY, "admin")
    environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse())}
    settings = RunnerSettings(actions={source.repository: published})
    runner = ActionsRunner(tmp_path / "actions", github, tmp_path / "no-such-tool", environment, settings)
    with github.running(), runner:
        github.commit(REPOSITORY, {"README.md": b"# Ours\n"}, by="root", message="Describe what is here")
        assert runner.wait(TIMEOUT)
    (run,) = runner.runs
    log = run.log.read_text()
    assert run.workflow.path == ".github/workflows/apply.yml"
    assert run.conclusion == "success", log[-6000:]
    assert run.jobs["targets"] == "success", "it ran `envclone targets`"

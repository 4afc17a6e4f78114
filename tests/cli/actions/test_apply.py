"""`envclone apply`, as the workflow runs it."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app


def test_a_run_of_actions_takes_nothing_over_unless_it_can_ask_who_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    for arguments in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "base")):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True, timeout=30)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("TAKE_OVER", "it is dead")
    done = CliRunner().invoke(app, ["apply", "demo-x", "--root", str(tmp_path), "--store", str(tmp_path / "store")])
    assert done.exit_code == 1
    assert "to check who has permission" in done.output
    assert not (tmp_path / "store").exists()

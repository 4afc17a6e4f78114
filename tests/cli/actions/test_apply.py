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


def test_an_address_of_no_store_is_refused_with_what_to_write(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ledger", "demo-x", "--root", str(tmp_path), "--store", "ftp://acme-state"])
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "`ftp://acme-state` is not the address of a store. Write `s3://BUCKET/PREFIX`" in said


def test_a_ledger_is_read_from_the_store_at_an_address(tmp_path: Path) -> None:
    at = f"file://{tmp_path}/store"
    done = CliRunner().invoke(app, ["ledger", "demo-x", "--root", str(tmp_path), "--store", at, "--json"])
    assert done.exit_code == 0, done.output
    assert '"environment": "demo-x"' in done.output

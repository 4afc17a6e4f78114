"""The way in, once: a repository that doesn't use envclone yet is compared, adopted and set up, without a server unless it is asked for; its first clone goes live."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.sandbox import adoption, demo
from tests import ROOT
from tests.e2e.conftest import Door


@pytest.mark.e2e
@pytest.mark.provider
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("provider_once")
def test_an_adopted_production_is_where_it_was_and_its_first_clone_goes_live(
    tmp_path: Path, door: Callable[[Door], Door]
) -> None:
    by = ["--no-server"] if door("handle") == "handle" else []
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli.app", "sandbox", "adopt", *by, "--json", "--from", str(ROOT)],
        capture_output=True, text=True, timeout=1780, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6000:]
    found, told = json.loads(done.stdout), done.stderr.splitlines()
    assert list(found["seconds"]) == [
        "parity", "adopt", "init", "start", "by_hand", "no_change", *(stage.key for stage in demo.STAGES),
    ]  # fmt: skip
    assert sorted(found["files"]) == [
        f"envs/{demo.NAME}/environment.yaml",
        *(f"envs/{demo.NAME}/main/{name}" for name in
          (".terraform.lock.hcl", "backend.tf", "main.tf", "terraform.tfvars", "variables.tf")),
    ]  # fmt: skip
    assert "`demo-x` is live" in found["status"]
    assert len(told) <= 40, done.stderr
    assert max(map(len, told)) <= 80, done.stderr
    assert sum(line.startswith("✓") for line in told) == len(found["seconds"]) - 1, (
        "each stage with its time, but the start"
    )
    assert "No unexplained difference from production" in done.stderr


def test_its_repository_has_nothing_of_envclone_s(tmp_path: Path) -> None:
    here = adoption.repository(tmp_path / "invoices", ROOT)
    assert sorted(each.name for each in here.iterdir()) == [".git", "infra"]
    words = (path.read_text("utf-8") for path in here.rglob("*") if path.is_file() and ".git" not in path.parts)
    assert not [text for text in words if "envclone" in text or "{{" in text]

"""The whole way, once: the service, git, the workflow files by act, Terraform with the AWS provider, hooks, live."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT


@pytest.mark.e2e
@pytest.mark.provider
@pytest.mark.timeout(1800)
def test_the_demo_clones_production_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli.app", "sandbox", "demo", "--json", "--from", str(ROOT)],
        capture_output=True, text=True, timeout=1780, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6000:]
    found = json.loads(done.stdout)
    assert list(found["seconds"]) == ["comment", "reaction", "pull_request", "plan", "merge", "apply", "live"]
    assert all(path.startswith("envs/demo-x/") for path in found["pull_request"]["files"])
    assert "unexplained" not in found["pull_request"]["body"]
    assert "to add, 0 to change, 0 to destroy" in found["plan"]
    assert "`smoke`" in found["apply"]
    assert "`demo-x` is live" in found["status"]
    assert "demo-x.clones.acme.example" in found["status"]
    assert not Path(found["directory"]).exists()
    told = done.stderr.splitlines()
    assert len(told) <= 40, done.stderr
    assert max(len(line) for line in told if "file://" not in line) <= 80, done.stderr
    assert [line[0] for line in told if line.startswith("✓")] == ["✓"] * len(found["seconds"])
    assert "No unexplained difference from production" in done.stderr
    assert "demo-x is live" in done.stderr
    page = Path(found["page"])
    assert page.as_uri() in done.stderr
    assert "demo-x" in page.read_text("utf-8")
    shutil.rmtree(page.parent)

"""The whole way, once: the service, or the workflow in its place, git, the workflow files by act, Terraform with the AWS provider, hooks, live."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from bot.sandbox.tls import tls
from tests import ROOT
from tests.e2e.conftest import Door

ENVCLONE = (sys.executable, "-m", "bot.cli.app", "sandbox")


class Printed(NamedTuple):
    """What a program has printed."""

    stdout: str
    stderr: str


def wait_for(text: str, file: Path, process: "subprocess.Popen[bytes]") -> str:
    """Return what a program has printed as soon as a text is in it."""
    while text not in (said := file.read_text("utf-8", "replace")) or not said.endswith("\n"):
        assert process.poll() is None, said[-6000:]
        time.sleep(0.2)
    return said


@pytest.mark.e2e
@pytest.mark.provider
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("provider_once")
def test_the_demo_clones_production_and_leaves_nothing_behind(tmp_path: Path, door: Callable[[Door], Door]) -> None:
    by = [] if door("service") == "service" else ["--no-server"]
    out, err = tmp_path / "out", tmp_path / "err"
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    with out.open("wb") as stdout, err.open("wb") as stderr:
        demo = subprocess.Popen(
            [*ENVCLONE, "demo", "--json", "--keep", "--from", str(ROOT), *by],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=tmp_path, env=environment,
        )  # fmt: skip
    try:
        kept = wait_for("Still running: ", err, demo)
        asked = subprocess.run(
            [*ENVCLONE, "say", "/status demo-x"], capture_output=True, text=True, timeout=900, check=False, env=environment
        )  # fmt: skip
        page = httpx.get(kept.partition("Still running: ")[2].split()[0], trust_env=False, verify=tls(), timeout=60)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(300)
    assert asked.returncode == 0, asked.stderr
    assert "- Stage: live\n" in asked.stdout, asked.stdout
    assert "<code>demo-x</code> is live" in page.text
    assert demo.returncode == 0, err.read_text()[-6000:]
    done = Printed(out.read_text("utf-8"), err.read_text("utf-8"))
    found = json.loads(done.stdout)
    assert (found["service"] is None) == bool(by)
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
    shown = [line for line in told if "file://" not in line and sys.prefix not in line]  # paths are never cut
    assert max(map(len, shown)) <= 80, done.stderr
    assert [line[0] for line in told if line.startswith("✓")] == ["✓"] * len(found["seconds"])
    assert "No unexplained difference from production" in done.stderr
    assert "demo-x is live" in done.stderr
    report = Path(found["page"])
    assert report.as_uri() in done.stderr
    assert "demo-x" in report.read_text("utf-8")
    shutil.rmtree(report.parent)
    assert not list(tmp_path.rglob("sandbox.json")), "nobody speaks to a sandbox that has ended"

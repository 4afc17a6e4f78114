"""A clone's whole life, once, by the service (or the workflow in its place) and the real workflow files: it fails, goes on, is extended, drifts and ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ROOT
from tests.e2e.conftest import Door


@pytest.mark.e2e
@pytest.mark.provider
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("provider_once")
def test_a_clone_is_lived_through_from_its_request_to_its_receipt(tmp_path: Path, door: Callable[[Door], Door]) -> None:
    by = [] if door("service") == "service" else ["--no-server"]
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli.app", "sandbox", "lifecycle", *by, "--json", "--from", str(ROOT)],
        capture_output=True, text=True, timeout=1780, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6000:]
    found = json.loads(done.stdout)
    replies = found["replies"]
    assert "`demo-x` is destroyed" in replies["clone"]
    assert "The parameter `/demo-x/flags/preview` exists, and this step did not make it." in replies["resume"]
    assert "4 already done" in replies["extend"]
    assert "`aws_cloudwatch_log_group.app`" in found["drift"]
    assert "! aws_cloudwatch_log_group.app\n!     retention_in_days: is 1, should be 7" in found["drift"]
    assert "`flags` | `aws.parameter` | **has drifted**" in found["drift"]
    assert "The removal of `demo-x` is complete" in replies["destroy"]
    assert "6 resources, nothing left" in found["receipt"]

"""What the job `report` of the plan workflow does after the plans."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app


def post(patch: pytest.MonkeyPatch, scratch: Path, environment: str, token: str) -> tuple[int, str]:
    """Post the report that a plan left in `scratch/plan`, with another token; return the exit code and what was completed."""
    reports, output = scratch / "reports", scratch / "post-output"
    reports.mkdir(exist_ok=True)
    place = reports / f"plan-{environment}"
    if not place.exists():
        place.symlink_to(scratch / "plan", target_is_directory=True)
    output.unlink(missing_ok=True)
    matrix = json.dumps({"include": [{"environment": environment}]})
    needs = {"targets": {"result": "success", "outputs": {"matrix": matrix}}, "plan": {"result": "success"}}
    with patch.context() as inner:
        inner.setenv("NEEDS", json.dumps(needs))
        inner.setenv("GITHUB_TOKEN", token)
        inner.setenv("GITHUB_OUTPUT", str(output))
        result = CliRunner().invoke(app, ["post", str(reports)], catch_exceptions=False)
    return result.exit_code, output.read_text() if output.exists() else ""

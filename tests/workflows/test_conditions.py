"""Which events start a runner where no service runs, as a runner itself reads the conditions of the workflows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.sandbox.actions.act import act_in
from bot.sandbox.github.records.checks import JsonObject
from bot.service.commands.bound import LABEL
from tests import ROOT

REPOSITORY = "acme/infra"
TIMEOUT = 300


def pull(head: str, action: str, labels: tuple[str, ...] = (), **more: object) -> JsonObject:
    """Return what is said of a pull request from a branch, or from a fork's (`owner:branch`)."""
    owner, _, branch = head.rpartition(":")
    repository = f"{owner or 'acme'}/infra"
    shown: JsonObject = {
        "body": more.pop("body", "It is / was a pity."),
        "labels": [{"name": each} for each in labels],
        "head": {"ref": branch, "repo": {"full_name": repository}},
    }
    return {"action": action, "pull_request": shown, **more}


def ended(event: str, conclusion: str) -> JsonObject:
    return {"action": "completed", "workflow_run": {"event": event, "conclusion": conclusion}}


BASE: JsonObject = {"base": {"ref": {"from": "release"}}}
STARTS: list[tuple[str, JsonObject]] = [
    ("pull_request_target", pull("work", "synchronize", ("urgent", LABEL))),
    ("pull_request_target", pull("eve:work", "closed", (LABEL,))),
    ("pull_request_target", pull("work", "edited", (LABEL,), changes=BASE)),
    ("pull_request_target", pull("work", "opened", body="Please:\n/clone production as pr-7 for qa")),
    ("pull_request_target", pull("envclone-change/demo-x", "synchronize")),
    ("workflow_run", ended("pull_request_review", "success")),
    ("workflow_run", ended("push", "failure")),
    ("issue_comment", {"action": "created", "comment": {"body": "/list"}}),
    ("schedule", {}),
    ("pull_request_review", pull("envclone/demo-x", "submitted", review={"id": 1, "state": "approved"})),
]
DOES_NOT: list[tuple[str, JsonObject]] = [
    ("pull_request_target", pull("work", "synchronize", ("urgent",))),
    ("pull_request_target", pull("work", "closed", body="/clone production as pr-7 for qa")),
    ("pull_request_target", pull("eve:envclone/demo-x", "synchronize")),
    ("pull_request_target", pull("work", "edited", (LABEL,), changes={"title": {"from": "Before"}})),
    ("workflow_run", ended("pull_request_review", "skipped")),
    ("workflow_run", ended("schedule", "success")),
    ("issue_comment", {"action": "created", "comment": {"body": "Thanks!"}}),
    ("issue_comment", {"action": "created", "comment": {"body": "Comment `/list`.", "user": {"type": "Bot"}}}),
    ("pull_request_review", pull("envclone/demo-x", "submitted", review={"id": 1, "state": "commented"})),
    ("pull_request_review", pull("eve:envclone/demo-x", "submitted", review={"id": 1, "state": "approved"})),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "payload", "starts"),
    [*((*each, True) for each in STARTS), *((*each, False) for each in DOES_NOT)],
    ids=[event for event, _ in (*STARTS, *DOES_NOT)],
)
def test_a_runner_starts_only_for_what_may_concern_a_clone(
    tmp_path: Path, event: str, payload: JsonObject, starts: bool
) -> None:
    name = "review" if event == "pull_request_review" else "handle"
    shipped = yaml.load((ROOT / f".github/workflows/{name}.yml").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - as in test_workflows
    job = {"if": shipped["jobs"][name]["if"], "runs-on": "ubuntu-latest", "steps": [{"run": "echo It has started"}]}
    workflow = tmp_path / ".github/workflows" / f"{name}.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(yaml.dump({"name": name, "on": [*shipped["on"]], "jobs": {name: job}}))
    said = tmp_path / "event.json"
    said.write_text(json.dumps({"repository": {"full_name": REPOSITORY}, **payload}))
    argv = [
        str(act_in(Path(sys.executable).parent)), event, "--directory", str(tmp_path), "--workflows", str(workflow),
        "--eventpath", str(said), "--platform", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-",
        "--no-cache-server", "--env-file", os.devnull, "--var", "ENVCLONE_GITHUB_APP_ID=1",
        "--env", f"GITHUB_REPOSITORY={REPOSITORY}",
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    assert ("It has started" in done.stdout) is starts, done.stdout

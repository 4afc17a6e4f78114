"""`envclone comment`: what two directories differ in becomes one comment, also where a repository knows nothing of us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.sandbox.actions.act import act_in
from bot.sandbox.github import IssueText, PullSpec
from tests import ROOT
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo

PROGRAMS = Path(sys.executable).parent
TIMEOUT = 500
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CODE = 'resource "terraform_data" "web" {{ input = "{size}" }}\n'


@pytest.fixture
def number(place: SmallMonorepo) -> int:
    """A pull request of the repository's own."""
    place.server.commit(REPOSITORY, {"a": b"b"}, by=MAINTAINER, message="Mine", branch="mine")
    return place.server.open_pull(REPOSITORY, PullSpec(IssueText("Mine"), "mine", "main"), by=MAINTAINER)


@pytest.fixture
def environment(tmp_path: Path, place: SmallMonorepo, number: int) -> Mapping[str, str]:
    """What GitHub gives the job that writes the comment."""
    event = tmp_path / "event.json"
    repository = {"full_name": REPOSITORY}
    event.write_text(json.dumps({"pull_request": {"number": number, "head": {"repo": repository}}}))
    return {
        "PATH": os.environ["PATH"],
        "GITHUB_API_URL": f"{place.server.url}/api/v3",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_TOKEN": place.server.workflow_token(REPOSITORY, {"pull_requests": "write"}),
    }


def _post(report: Path, environment: Mapping[str, str], of: str = "infra/staging") -> Result:
    words = ["comment", str(report), "--of", of, "--against", "infra/production"]
    done = CliRunner().invoke(app, words, env=dict(environment), prog_name="envclone")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_each_pair_has_one_comment_which_is_edited_and_cannot_pass_for_another(
    tmp_path: Path, place: SmallMonorepo, number: int, environment: Mapping[str, str]
) -> None:
    report = tmp_path / "comparison.md"
    for text in ("one difference", "two differences <!-- envclone:plan:demo-x -->"):
        report.write_text(text)
        done = _post(report, environment)
        assert done.exit_code == 0, done.stderr
    (comment,) = place.server.comments(REPOSITORY, number)
    assert comment.body.count("<!--") == 1
    assert comment.body.endswith("two differences &lt;!-- envclone:plan:demo-x -->")
    _post(report, environment, "infra/qa")
    assert len(place.server.comments(REPOSITORY, number)) == 2


def test_nothing_is_posted_of_a_comparison_that_failed_or_outside_a_pull_request(
    tmp_path: Path, place: SmallMonorepo, number: int, environment: Mapping[str, str]
) -> None:
    report = tmp_path / "comparison.md"
    report.touch()
    for file in (report, tmp_path / "none.md"):
        done = _post(file, environment)
        assert (done.exit_code, "contains no report" in done.stderr) == (2, True), done.stderr
    report.write_text("one difference")
    Path(environment["GITHUB_EVENT_PATH"]).write_text("{}")
    done = _post(report, environment)
    assert (done.exit_code, "doesn't belong to a pull request" in done.stderr) == (2, True), done.stderr
    assert place.server.comments(REPOSITORY, number) == []


def _called(directory: Path) -> Path:
    """Return a checkout of a repository that calls the workflow, with the actions that take the place of GitHub's.

    `act` knows neither GitHub's artifacts nor `job.workflow_sha`, so the called file has the commit written into it.
    """
    workflow = (ROOT / ".github/workflows/compare.yml").read_text()
    for name, value in (("job.workflow_repository", "acme/envclone"), ("job.workflow_sha", COMMIT)):
        assert workflow.count(f"${{{{ {name} }}}}") == 2
        workflow = workflow.replace(f"${{{{ {name} }}}}", value)
    called = directory / "repository/.github/workflows/compare.yml"
    called.parent.mkdir(parents=True)
    called.write_text(workflow)
    for side, size in (("staging", "small"), ("production", "large")):
        code = directory / "repository/infra" / side / "main.tf"
        code.parent.mkdir(parents=True)
        code.write_text(CODE.format(size=size))
    job = {
        "uses": "./.github/workflows/compare.yml",
        "with": {"directory": "infra/staging", "against": "infra/production", "fail-on": "changed"},
        "permissions": {"contents": "read", "pull-requests": "write"},
    }
    caller = {"on": "pull_request", "jobs": {"parity": job}}
    (called.parent / "parity.yml").write_text(yaml.safe_dump(caller))
    subprocess.run(["git", "init", "--quiet", str(directory / "repository")], check=True, timeout=TIMEOUT)
    return directory / "repository"


def _standing_in(directory: Path) -> list[str]:
    """Return the options by which `act` takes actions of ours for GitHub's: they copy what those would fetch and keep."""
    kept = directory / "kept"
    copies = {
        "checkout": 'mkdir -p "$IN_PATH"; if [ -n "$IN_REPOSITORY" ]; then cp -r "$TOOL/.github" "$IN_PATH"; else cp -r "$CODE/." "$IN_PATH"; fi',
        "upload-artifact": f'mkdir -p "{kept}"; cp -r "$IN_PATH" "{kept}/$IN_NAME"',
        "download-artifact": f'cp -r "{kept}/$IN_NAME" "$IN_PATH"',
    }
    options = []
    for name, script in copies.items():
        given = ("repository", "ref", "path", "name", "persist-credentials", "if-no-files-found", "retention-days")
        values = {f"IN_{key.upper()}": f"${{{{ inputs.{key} }}}}" for key in ("repository", "path", "name")}
        action = {
            "name": name,
            "inputs": {key: {"description": key, "default": ""} for key in given},
            "runs": {"using": "composite", "steps": [{"shell": "bash", "run": script, "env": values}]},
        }
        place = directory / "actions" / name
        place.mkdir(parents=True)
        (place / "action.yml").write_text(yaml.safe_dump(action))
        used = {line for line in (ROOT / ".github/workflows/compare.yml").read_text().split() if f"/{name}@" in line}
        options += [f"--local-repository={use}={place}" for use in used]
    setup = (ROOT / ".github/actions/setup/action.yml").read_text().split()
    stand_in = ROOT / "bot/sandbox/actions/stand_ins/actions-setup-python"
    return [*options, *(f"--local-repository={use}={stand_in}" for use in setup if use.startswith("actions/"))]


@pytest.mark.e2e
def test_the_workflow_that_other_repositories_call_fails_on_what_was_asked_and_comments_all_the_same(
    tmp_path: Path, place: SmallMonorepo, number: int, environment: Mapping[str, str]
) -> None:
    repository = _called(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    given = {
        **environment,
        "ENVCLONE_TOOL": str(PROGRAMS / "envclone"),
        "SANDBOX_PYTHON": sys.executable,
        "TOOL": str(ROOT),
        "CODE": str(repository),
        "SHA_REF": COMMIT,
        "GITHUB_REF": "refs/pull/2/merge",
    }
    argv = [
        str(act_in(PROGRAMS)), "pull_request", "--directory", str(repository),
        "--workflows", ".github/workflows/parity.yml", "--eventpath", environment["GITHUB_EVENT_PATH"],
        "--platform", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-", "--no-cache-server",
        *(f"--env={name}={value}" for name, value in given.items() if name not in ("GITHUB_TOKEN", "PATH")),
        *_standing_in(tmp_path),
        "-s", "GITHUB_TOKEN",
    ]  # fmt: skip
    done = subprocess.run(
        argv,
        env={**given, "HOME": str(home)},
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    log = done.stdout + done.stderr
    assert done.returncode == 1, log
    assert "Fails on: changed (1)." in log
    (comment,) = place.server.comments(REPOSITORY, number)
    assert comment.author.login == "github-actions[bot]"
    assert "`infra/staging` against `infra/production`" in comment.body
    assert "`terraform_data.web:input`" in comment.body

"""What the workflow files promise, held without running them: `act` enforces none of it, GitHub does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.commands.comment import command_in_code, command_lines
from bot.core.plans.required_check import Needs
from bot.core.requests.branches import PREFIXES, WAVES
from bot.core.requests.matrix import MOST_MATRICES
from bot.model.policy import PATH, Policy
from bot.model.yaml_document import load
from bot.payloads import DISPATCH, EVENTS
from bot.sandbox.actions.expressions import interpolated
from bot.service.commands.bound import LABEL
from bot.service.deployments.confirmed import JOB, TRIGGERS, WORKFLOW
from bot.service.event_jobs.review import REVIEWS
from bot.service.event_jobs.run import APPLIES, PLANS
from bot.service.reruns.plans import NOTHING_TO_PLAN
from bot.service.reruns.run_end import DRIFT, FOLDER
from bot.settings import Settings
from tests import ROOT
from tests.workflows.github_parser import ParserUnavailableError, complaints

IS_PLANNED = "(github.event.action != 'edited' || github.event.changes.base.ref.from)"
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").rglob("action.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
WRITES = {  # every permission to write, and what it is for, in one place
    ("plan.yml", "plan"): {"id-token"},
    ("plan.yml", "report"): {"pull-requests", "checks"},
    ("compare.yml", "comment"): {"pull-requests"},
    ("parity.yml", "parity"): {"checks", "id-token"},
    ("apply.yml", "apply"): {"deployments", "checks", "pull-requests", "id-token"},
    ("drift.yml", "drift"): {"checks", "issues", "id-token"},
    ("drift.yml", "forget"): {"issues"},
    ("release.yml", "image"): {"packages", "id-token", "attestations"},
    ("release.yml", "publish"): {"contents", "id-token", "attestations"},
}
ENVIRONMENTS = {
    "plan": "envclone-plan",
    "drift": "envclone-plan",
    "parity": "envclone-plan",
    "apply": "envclone-apply",
    "image": "envclone-release",
    "publish": "envclone-release",
}
SECRET = {  # the jobs that are given a secret, which is the app's key, and where that lies
    ("expire.yml", "expire"): "envclone-expire",
    ("handle.yml", "handle"): "envclone-expire",
}
TIMEOUT = 120

files = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - it makes only words, lists, mappings
    return document


def _jobs(path: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = _document(path)["jobs"]
    return jobs


def _first(id_: str) -> str:
    """Return the job that another one only continues, with a matrix of its own."""
    return re.sub(r"_[0-9]+$", "", id_)


def _workflow(name: str) -> dict[str, Any]:
    return _document(GITHUB / "workflows" / name)


def _tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / name
    return subprocess.run(
        [str(program), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


def test_zizmor_finds_nothing_even_as_an_auditor() -> None:
    found = _tool("zizmor", "--offline", "--no-progress", "--persona", "auditor", str(GITHUB))
    assert found.returncode == 0, found.stdout
    assert "No findings to report" in found.stdout


@pytest.mark.slow
def test_files_fit_the_published_schemas() -> None:
    for schema, paths in (("vendor.github-workflows", WORKFLOWS), ("vendor.github-actions", ACTIONS)):
        found = _tool("check-jsonschema", "--builtin-schema", schema, *map(str, paths))
        assert found.returncode == 0, found.stdout


@pytest.mark.whole
def test_github_s_own_parser_accepts_the_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stps: []\n")
    try:
        assert complaints([broken]) != []
        assert complaints(WORKFLOWS) == []
    except ParserUnavailableError as error:
        pytest.skip(f"NOT RUN: GitHub's workflow parser: {error}")


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(GITHUB)))
def test_every_action_of_others_is_pinned_by_commit_and_says_its_version(path: Path) -> None:
    for line in path.read_text().splitlines():
        use = line.strip().removeprefix("- ")
        if use.startswith("uses: ") and not use.startswith("uses: ./"):
            assert PINNED.match(use), line


@files
def test_no_permission_is_inherited_and_none_is_wider_than_written_here(file: Path) -> None:
    assert _document(file)["permissions"] == {}
    for id_, job in _jobs(file).items():
        assert isinstance(job["permissions"], dict), id_
        writes = {name for name, level in job["permissions"].items() if level == "write"}
        assert writes == WRITES.get((file.name, _first(id_)), set()), id_


@files
def test_every_job_has_a_timeout_and_a_strict_shell(file: Path) -> None:
    assert _document(file)["defaults"]["run"]["shell"].split()[0] == "bash"
    for id_, job in _jobs(file).items():
        assert 0 < int(job["timeout-minutes"]) <= 180, id_
        for step in job["steps"]:
            if "run" in step:
                assert step["run"].startswith("set -euo pipefail\n"), step


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(GITHUB)))
def test_no_value_is_pasted_into_a_script(path: Path) -> None:
    document = _document(path)
    jobs = document["jobs"].values() if "jobs" in document else [document["runs"]]
    for job in jobs:
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), step


@files
def test_no_checkout_leaves_a_token_behind(file: Path) -> None:
    for job in _jobs(file).values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"
                assert "allow-unsafe-pr-checkout" not in step["with"]


@files
def test_a_checkout_that_only_installs_the_tool_holds_no_environments(file: Path) -> None:
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for id_, job in _jobs(file).items():
        used = [step["uses"] for step in job["steps"] if step.get("uses", "").startswith("./base/")]
        here = {step.get("working-directory") for step in job["steps"]}
        (base,) = [step["with"] for step in job["steps"] if step.get("with", {}).get("path") == "base"] or [None]
        if (
            base is None or base.get("repository") or "base" in here
        ):  # of another repository, or it reads the code there
            continue
        assert used == ["./base/.github/actions/setup"], id_
        there = [*base["sparse-checkout"].split(), "requirements.lock"]
        assert {".github", *whole["packages"]} <= {*there}
        assert all(
            any(path == each or path.startswith(f"{each}/") for each in there) for path in whole["force-include"]
        )


def test_a_job_that_reads_environments_has_their_content_and_writes_none() -> None:
    without = {"filter": "blob:limit=100m", "sparse-checkout-cone-mode": "false", "sparse-checkout": "/*\n!/envs/*/\n"}
    of_code = []
    for name in ("plan.yml", "apply.yml", "drift.yml", "parity.yml", "queue.yml"):
        for job in _workflow(name)["jobs"].values():
            given = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
            of_code += [each for each in given if not each.get("sparse-checkout", "").startswith(".github\n")]
    assert len(of_code) == 19  # plan, apply and drift have three matrices each, whose steps are one text
    for each in of_code:
        assert {key: each.get(key) for key in without} == without


@files
def test_only_jobs_behind_a_protected_environment_get_an_identity(file: Path) -> None:
    for id_, job in _jobs(file).items():
        if job["permissions"].get("id-token") == "write":
            assert job["environment"] == ENVIRONMENTS[_first(id_)]
            # The values that the policy's `variables` name, of which `envclone` hands on the account's alone.
            named = set(re.findall(r"secrets\.(\w+)", str(job)))
            assert named <= ({"ENVCLONE_VARIABLES"} if _first(id_) in {"plan", "apply", "drift"} else set()), id_
        else:
            assert job.get("environment") == SECRET.get((file.name, id_))
            assert ("${{ secrets." in str(job)) is ((file.name, id_) in SECRET)


def test_the_plan_comes_from_the_default_branch() -> None:
    assert _workflow("plan.yml")["on"] == {
        "pull_request_target": {"branches": ["main"], "types": ["opened", "synchronize", "reopened", "edited"]}
    }
    for id_, job in _workflow("plan.yml")["jobs"].items():
        tools = [step for step in job["steps"] if step.get("uses", "").startswith("./")]
        uses = [step["uses"].removeprefix("./base/.github/actions/") for step in tools]
        assert uses == ["setup", *(["credentials", "credentials"] if _first(id_) == "plan" else [])], id_
        for step in job["steps"]:
            given = step.get("with", {})
            if given.get("path") == "base":
                assert "ref" not in given
            if given.get("path") == "head":
                assert given["ref"] == "${{ github.event.pull_request.head.sha }}"


def test_a_draft_is_planned_as_any_pull_request() -> None:
    assert "draft" not in (GITHUB / "workflows/plan.yml").read_text()


def test_the_job_that_applies_an_environment_is_called_as_the_service_looks_for_it() -> None:
    path = GITHUB.parent / WORKFLOW
    assert _jobs(path)["apply"]["name"] == JOB.format(environment="${{ matrix.environment }}")
    assert set(_document(path)["on"]) == TRIGGERS


def test_a_merge_queue_waits_for_the_same_check_which_has_no_credentials_and_a_tool_of_the_default_branch() -> None:
    workflow = _workflow("queue.yml")
    assert workflow["on"] == {"merge_group": {"branches": ["main"], "types": ["checks_requested"]}}
    (job,) = workflow["jobs"].values()
    assert job["name"] == "envclone"
    assert _of_an_event(_workflow("plan.yml")["jobs"]["envclone"]["name"], "synchronize") == "envclone"
    assert job["permissions"] == {"contents": "read"}
    assert "if" not in job, "a job that is skipped passes"
    refs = {step["with"]["path"]: step["with"]["ref"] for step in job["steps"] if "path" in step.get("with", {})}
    assert refs == {
        "base": "${{ github.event.repository.default_branch }}",
        "head": "${{ github.event.merge_group.head_sha }}",
    }
    assert [step["uses"] for step in job["steps"] if step.get("uses", "").startswith("./")] == [
        "./base/.github/actions/setup"
    ]


def test_a_new_title_plans_nothing_cancels_nothing_and_passes_no_check_and_another_base_is_planned_anew() -> None:
    workflow = _workflow("plan.yml")
    group, title, name = workflow["concurrency"]["group"], workflow["run-name"], workflow["jobs"]["envclone"]["name"]
    events: list[tuple[str, dict[str, object], bool]] = [
        ("synchronize", {}, True),
        ("opened", {}, True),
        ("edited", {"base": {"ref": {"from": "release"}, "sha": {"from": "a" * 40}}}, True),
        ("edited", {"title": {"from": "before"}}, False),
        ("edited", {"body": {"from": ""}}, False),
    ]
    for action, changes, is_planned in events:
        found = [_of_an_event(text, action, changes) for text in (group, title, name)]
        planned, nothing = (
            ["envclone-plan-7", "", "envclone"],
            ["envclone-plan-edited", NOTHING_TO_PLAN, "nothing to plan"],
        )
        assert found == (planned if is_planned else nothing), (action, changes)
    jobs = workflow["jobs"]
    assert jobs["targets"]["if"].endswith(f"&& {IS_PLANNED}")
    assert jobs["envclone"]["if"] == f"${{{{ always() && {IS_PLANNED} }}}}"
    for job in ("plan", "report"):  # skipped with `targets`, which says that there is any
        assert "needs.targets.outputs.any == 'true'" in jobs[job]["if"]


def _of_an_event(text: str, action: str, changes: dict[str, object] | None = None) -> str:
    """Return what an expression of the workflow comes to when something happened to pull request 7."""
    event = {"action": action, "pull_request": {"number": 7}, "changes": changes or {}}
    return interpolated(text, {"github": {"event": event}})


def test_a_plan_that_is_started_again_reads_the_base_branch_as_it_is_now() -> None:
    (step,) = [each for each in _workflow("plan.yml")["jobs"]["targets"]["steps"] if "BASE" in each.get("env", {})]
    assert step["env"]["BASE"] == "origin/${{ github.event.pull_request.base.ref }}"
    for path in WORKFLOWS:
        assert "base.sha" not in path.read_text("utf-8"), path


def test_no_job_has_both_a_token_that_writes_to_github_and_what_a_pull_request_wrote() -> None:
    for id_, job in _workflow("plan.yml")["jobs"].items():
        writes = {name for name, level in job["permissions"].items() if level == "write"} - {"id-token"}
        reads_the_change = any(step.get("with", {}).get("path") == "head" for step in job["steps"])
        assert not (writes and reads_the_change), id_
        assert not (writes and job["permissions"].get("id-token")), id_


def test_a_job_asks_for_an_identity_only_to_take_the_credentials_that_the_policy_says() -> None:
    for name in ("plan.yml", "apply.yml", "drift.yml", "parity.yml"):
        for id_, job in _workflow(name)["jobs"].items():
            taken = [step for step in job["steps"] if step.get("uses", "") == "./base/.github/actions/credentials"]
            assert bool(taken) is (job["permissions"].get("id-token") == "write"), (name, id_)
            for step in taken:
                assert step["with"]["cloud"] == "${{ matrix.cloud }}"
                assert step["with"]["role"] in {"${{ matrix.role }}", "${{ matrix.source_role }}"}
                assert ("applies" in step["with"]) is (_first(id_) == "apply"), (name, id_)


def test_nothing_that_a_job_with_credentials_runs_reaches_docker_on_a_runner_of_githubs() -> None:
    first, *_ = _document(GITHUB / "actions/credentials/action.yml")["runs"]["steps"]
    assert first["if"] == "runner.environment == 'github-hosted'", "whoever runs a runner says who may use Docker there"
    assert "sudo chmod 0600 /run/docker.sock" in first["run"]


def test_what_a_plan_gets_of_google_can_ask_for_no_identity() -> None:
    steps = {step["name"]: step for step in _document(GITHUB / "actions/credentials/action.yml")["runs"]["steps"]}
    google = steps["Impersonate the service account (Google Cloud)"]["with"]
    assert google["create_credentials_file"] == "${{ inputs.applies == 'true' }}"
    assert google["token_format"] == "${{ inputs.applies != 'true' && 'access_token' || '' }}"


def test_what_reaches_other_clouds_is_pinned_as_what_is_tested() -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements-dev.lock").read_text().strip())
    clouds = re.split(r"\n(?=\S)", (GITHUB / "actions/setup/clouds.lock").read_text().strip())
    assert set(clouds) <= set(blocks)
    assert {block.partition("==")[0] for block in clouds} >= {"azure-identity", "google-cloud-storage", "boto3"}


@pytest.mark.parametrize(
    ("policy", "lock"),
    [
        ("accounts: {}\n", "requirements.lock"),
        ("accounts:\n  clones:\n    cloud: gcp\n", "clouds.lock"),
        ("accounts:\n  clones:\n    objects: azblob://acme/clones/x\n", "clouds.lock"),
    ],
)
def test_the_monorepo_s_policy_says_which_libraries_are_installed_and_envclone_s_own_does_not(
    tmp_path: Path, policy: str, lock: str
) -> None:
    theirs = tmp_path / "envclone.yml"
    theirs.write_text(policy)
    asked = _install(tmp_path, {"POLICY": str(theirs)})
    assert [Path(word).name for word in asked if word.endswith(".lock")] == [lock, "build.lock"]
    assert "--require-hashes" in asked


def test_a_monorepo_without_a_policy_installs_nothing(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _install(tmp_path, {"POLICY": str(tmp_path / "none.yml")})
    assert "there is no policy at" in refused.value.stdout


def _install(directory: Path, given: dict[str, str]) -> list[str]:
    """Run the installing step with a `python` that writes down what it is asked, and makes the program; return all arguments."""
    python = directory / "bin/python"
    python.parent.mkdir()
    made = '"$RUNNER_TEMP/envclone-venv/bin"'
    python.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >>"$RUNNER_TEMP/asked"\nmkdir -p {made}\n'
        f"touch {made}/envclone\nchmod +x {made}/envclone\n"
    )
    python.chmod(0o755)
    path = directory / "path"
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "RUNNER_TEMP": str(directory),
        "GITHUB_PATH": str(path),
        "SOURCE": str(ROOT),
        **given,
    }
    step = _document(GITHUB / "actions/setup/action.yml")["runs"]["steps"][-1]
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert path.read_text() == f"{directory}/envclone-tool\n"
    return (directory / "asked").read_text().splitlines()


def test_forks_get_no_checkout_and_no_credentials() -> None:
    jobs = _workflow("plan.yml")["jobs"]
    assert (
        jobs["targets"]["if"] == f"github.event.pull_request.head.repo.full_name == github.repository && {IS_PLANNED}"
    )
    assert jobs["plan"]["needs"] == "targets"
    assert "always()" not in jobs["plan"]["if"]


def test_one_workflow_alone_runs_on_pull_requests_with_credentials() -> None:
    on = {file.name: _document(file)["on"] for file in WORKFLOWS}
    assert [name for name in on if "pull_request_target" in on[name]] == ["handle.yml", "plan.yml"]
    assert [name for name in on if "workflow_run" in on[name]] == ["handle.yml"]


def test_what_carries_out_comments_runs_the_default_branch_alone_and_reads_only_the_payload() -> None:
    job = _workflow("handle.yml")["jobs"]["handle"]
    for words in (
        "vars.ENVCLONE_GITHUB_APP_ID != ''",
        "github.event.pull_request.head.repo.full_name == github.repository",
        "startsWith(github.head_ref, 'envclone')",
        f"contains(github.event.pull_request.labels.*.name, '{LABEL}')",
        "(github.event.action != 'edited' || github.event.changes.base.ref.from)",
        "github.event.workflow_run.event != 'schedule'",
    ):
        assert words in job["if"]
    assert all(prefix.startswith("envclone") for prefix in (*PREFIXES.values(), WAVES))
    assert [step["with"]["ref"] for step in job["steps"] if "checkout" in step.get("uses", "")] == [
        "${{ github.event.repository.default_branch }}"
    ]
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        'set -euo pipefail\nenvclone handle "$GITHUB_EVENT_PATH"\n'
    ]
    assert _workflow("handle.yml")["on"]["repository_dispatch"] == {"types": [DISPATCH]}
    assert job["concurrency"] == {"group": "envclone-handle", "cancel-in-progress": "false", "queue": "max"}
    assert _workflow("expire.yml")["concurrency"] == job["concurrency"], "both bring rollouts further"


@pytest.mark.parametrize(
    "body",
    [
        "/list",
        "Hello!\r\n\r\n/list",
        "Please:\n   /list",
        "- /list",
        "1. /list",
        "**/list**",
        "_/list_",
        "`/list`",
        "```\n/list\n```",
        "\uff0flist",
        "@envclone list",
        "hi @EnvClone, list",
        "-\t/list",
    ],
)
def test_whatever_may_be_a_command_starts_a_runner(body: str) -> None:
    assert command_lines(body) or command_in_code(body)
    assert _starts_a_runner(body)


def test_an_address_alone_starts_no_runner() -> None:
    for body in ("Thanks!", "See https://github.com/acme/infra/pull/7.", "It is in modules/logs/main.tf, or was."):
        assert not _starts_a_runner(body)


def _starts_a_runner(body: str) -> bool:
    """Say what the condition of the job says, whose functions ignore case."""
    condition = _workflow("handle.yml")["jobs"]["handle"]["if"]
    text = "(github.event.comment.body || github.event.issue.body || github.event.pull_request.body)"
    assert condition.count(text) == condition.count("contains(") + condition.count("startsWith(") - 3
    plain = re.findall(re.escape(f"contains({text}, '") + "([^']*)'", condition)
    encoded = re.findall(re.escape(f"contains({text}, fromJSON('") + r"([^']*)'", condition)
    assert f"startsWith({text}, '/')" in condition
    marks = [*plain, *map(json.loads, encoded)]
    return body.startswith("/") or any(mark.casefold() in body.casefold() for mark in marks)


def test_what_carries_out_comments_hears_of_the_workflows_that_it_reports() -> None:
    heard = _workflow("handle.yml")["on"]["workflow_run"]["workflows"]
    assert {f".github/workflows/{name}.yml" for name in heard} == {PLANS, APPLIES, FOLDER + DRIFT, REVIEWS}
    assert all(_workflow(f"{name}.yml")["name"] == name for name in heard)


def test_the_page_says_what_the_service_and_what_carries_out_comments_without_one_hear_of() -> None:
    page = (ROOT / "docs/no-server.md").read_text().partition("## What each hears of")[2].partition("\n## ")[0]
    rows = [line.split("|")[2:4] for line in page.splitlines() if line.startswith("| ")][2:]
    service, handle = (re.findall(r"`([^`]+)`", " ".join(cells)) for cells in zip(*rows, strict=True))
    assert {*service} == {*EVENTS} - {"ping"}
    on = _workflow("handle.yml")["on"]
    assert {*handle} == {*on, *on["workflow_run"]["workflows"], "expire.yml"} - {"workflow_dispatch"}
    for every, (at_service, _) in zip(("sweep_every", "look_back_every"), rows[-2:], strict=True):
        assert f"every {Settings.model_fields[every].default.total_seconds() / 60:.0f} minutes" in at_service
    hourly = [_workflow(name)["on"]["schedule"] for name in ("expire.yml", "handle.yml")]
    assert all(re.fullmatch(r"\d+ \* \* \* \*", cron["cron"]) for (cron,) in hourly)


def test_what_hears_of_reviews_has_no_right_and_nothing_to_run_and_only_an_approval_starts_the_one_that_has() -> None:
    (job,) = _workflow("review.yml")["jobs"].values()
    assert job["permissions"] == {}
    assert all(step.keys() <= {"name", "run"} for step in job["steps"]), "no action, no value, no secret"
    assert "github.event.review.state == 'approved'" in job["if"]
    assert (
        "(github.event.workflow_run.event != 'pull_request_review' || github.event.workflow_run.conclusion == 'success')"
        in _workflow("handle.yml")["jobs"]["handle"]["if"]
    )


@files
def test_a_workflow_whose_file_a_pull_request_can_change_has_nothing_to_steal(file: Path) -> None:
    if {"pull_request", "pull_request_review"} & {*_document(file)["on"]}:
        for id_, job in _jobs(file).items():
            assert set(job["permissions"].values()) <= {"read"}, id_
            assert "environment" not in job, id_
            assert "secrets." not in str(job), id_


def test_the_required_check_always_runs_and_hears_of_every_other_job() -> None:
    jobs = _workflow("plan.yml")["jobs"]
    check = jobs["envclone"]
    for action in ("opened", "synchronize", "reopened"):
        assert _of_an_event(check["name"], action) == "envclone"
    assert check["if"] == f"${{{{ always() && {IS_PLANNED} }}}}", "else it has another name"
    assert set(check["needs"]) == set(jobs) - {"envclone"}
    (said,) = [step["env"]["NEEDS"] for step in check["steps"] if "NEEDS" in step.get("env", {})]
    heard = json.loads(re.sub(r"\$\{\{ toJSON\((.+?)\) \}\}", r'"\1"', said))
    assert set(heard) == set(Needs.model_fields) == set(jobs) - {"envclone"}
    for id_, job in heard.items():
        assert job["result"] == f"needs.{id_}.result"
        for output, value in job.get("outputs", {}).items():
            assert value == f"needs.{id_}.outputs.{output}"
            assert output in jobs[id_]["outputs"]


@pytest.mark.parametrize("first", ["plan", "apply", "drift"])
def test_jobs_with_further_matrices_do_what_the_first_does(first: str) -> None:
    jobs, looks = _workflow(f"{first}.yml")["jobs"], first == "drift"
    ids = [first, *(f"{first}_{number}" for number in range(2, MOST_MATRICES + 1))]
    assert [id_ for id_ in jobs if _first(id_) == first] == ids
    for id_ in ids[1:]:
        matrix = f"needs.targets.outputs.matrix{id_.removeprefix(first)}"
        assert jobs[id_].pop("if") == (f"${{{{ !cancelled() && {matrix} != '' }}}}" if looks else f"{matrix} != ''")
        assert jobs[id_]["strategy"].pop("matrix") == f"${{{{ fromJSON({matrix}) }}}}"
    if looks:  # of a few environments as many at once as before, of many no more
        at_once = jobs[first]["strategy"]["max-parallel"]
        assert at_once == "${{ needs.targets.outputs.matrix_2 == '' && 8 || 3 }}"
        jobs[first]["strategy"]["max-parallel"] = "3"
    del jobs[first]["if"], jobs[first]["strategy"]["matrix"]
    assert all(jobs[id_] == jobs[first] for id_ in ids)
    outputs = jobs["targets"]["outputs"]
    assert {key for key in outputs if key.startswith("matrix")} == {f"matrix{id_.removeprefix(first)}" for id_ in ids}


def test_applies_of_one_environment_queue_and_none_is_dropped() -> None:
    workflow = _workflow("apply.yml")
    assert "concurrency" not in workflow
    job = workflow["jobs"]["apply"]
    group = {"group": "envclone-${{ matrix.environment }}", "cancel-in-progress": "false", "queue": "max"}
    assert job["concurrency"] == group
    assert job["strategy"]["fail-fast"] == "false"


def test_merges_and_a_person_start_the_apply_and_nothing_else_does() -> None:
    triggers = _workflow("apply.yml")["on"]
    assert set(triggers) == {"push", "workflow_dispatch"}
    assert triggers["push"] == {"branches": ["main"]}, "a module of any directory may be part of an environment"


def test_drift_is_looked_for_by_the_clock_and_by_hand_and_one_bad_environment_hides_no_other() -> None:
    workflow = _workflow("drift.yml")
    assert set(workflow["on"]) == {"schedule", "workflow_dispatch"}
    job = workflow["jobs"]["drift"]
    assert job["if"] == "${{ !cancelled() && needs.targets.outputs.any == 'true' }}"
    forget = workflow["jobs"]["forget"]
    assert forget["if"] == "${{ !cancelled() && inputs.environment == '' }}"
    assert forget["needs"] == ["drift", "drift_2", "drift_3"]
    assert job["strategy"]["fail-fast"] == "false"


@pytest.mark.parametrize("name", ["plan.yml", "apply.yml", "drift.yml"])
def test_the_version_of_terraform_is_the_environment_s_and_in_no_workflow(name: str) -> None:
    steps = [step for job in _workflow(name)["jobs"].values() for step in job.get("steps", [])]
    versions = {step["with"]["terraform_version"] for step in steps if "setup-terraform" in str(step.get("uses", ""))}
    assert versions == {"${{ matrix.terraform }}"}
    tools = [(step["if"], step["uses"].split("/")[0]) for step in steps if "matrix.tool" in str(step.get("if", ""))]
    assert {*tools} == {("matrix.tool != 'opentofu'", "hashicorp"), ("matrix.tool == 'opentofu'", "opentofu")}
    assert {step["with"]["tofu_version"] for step in steps if "setup-opentofu" in str(step.get("uses", ""))} == versions


def test_certificates_are_looked_at_after_each_merge_and_by_the_clock_for_waivers_expire_by_it() -> None:
    triggers = _workflow("parity.yml")["on"]
    assert triggers["push"] == {"branches": ["main"], "paths": ["envs/**", "templates/**"]}
    assert triggers["schedule"] == [{"cron": "17 */3 * * *"}]


def test_every_test_is_in_one_part_of_the_slow_tests_and_walks_go_by_both_doors() -> None:
    matrix = _workflow("ci.yml")["jobs"]["slow"]["strategy"]["matrix"]["include"]
    parts = [(part.get("door", "own"), part["paths"].split()) for part in matrix]
    assert all((ROOT / path.removeprefix("--ignore=")).is_dir() for _, part in parts for path in part)
    for test in (ROOT / "tests").rglob("test_*.py"):
        doors = ["service", "handle"] if test.is_relative_to(ROOT / "tests/e2e") else ["own"]
        assert [door for door, part in parts if _takes(part, test)] == doors, test


def _takes(part: list[str], test: Path) -> bool:
    """Say whether pytest would find a test by these paths and `--ignore` options."""
    within = [path for path in part if test.is_relative_to(ROOT / path.removeprefix("--ignore="))]
    return any(not path.startswith("--") for path in within) and not any(path.startswith("--") for path in within)


def test_ci_and_releases_run_targets_of_the_makefile_and_fast_and_slow_tests_are_all_there_are() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name in ("ci.yml", "release.yml"):
        for targets in re.findall(r"^ *make ((?:[a-z-]+ ?)+)", (GITHUB / "workflows" / name).read_text(), re.MULTILINE):
            for target in targets.split():
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    jobs = _workflow("ci.yml")["jobs"]
    assert "make test-fast" in jobs["fast"]["steps"][-1]["run"]
    oldest = jobs["oldest-sqlite"]
    assert (oldest["runs-on"], "make test-sqlite SQLITE=3.37" in oldest["steps"][-1]["run"]) == ("ubuntu-22.04", True)
    assert 'make test-slow ARGS="--door $DOOR --provider each $PATHS"' in jobs["slow"]["steps"][-1]["run"]
    slow = re.search(r"^SLOW := (.+)$", makefile, re.MULTILINE)
    assert slow
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    quick = {"sample"}  # the one that says of a slow test that it runs all the same
    assert set(slow[1].split(" or ")) == {marker.partition(":")[0] for marker in markers} - quick
    assert re.search(r"^FAST := not \(\$\(SLOW\)\)$", makefile, re.MULTILINE)


def test_fast_tests_run_on_every_python_that_the_project_says_it_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = [line.rpartition(" ")[2] for line in project["classifiers"] if "Python :: 3." in line]
    assert _workflow("ci.yml")["jobs"]["fast"]["strategy"]["matrix"]["python"] == said
    assert project["requires-python"] == f">={said[0]}"


def test_the_check_of_ci_fails_unless_every_job_succeeded() -> None:
    jobs = _workflow("ci.yml")["jobs"]
    check = jobs["ci"]
    assert check["if"] == "always()"
    assert set(check["needs"]) == set(jobs) - {"ci"}
    (step,) = check["steps"]
    assert step["env"] == {"RESULTS": "${{ join(needs.*.result, ' ') }}"}
    others = " success" * (len(check["needs"]) - 2)
    for results, code in (
        (f"success success{others}", 0),
        (f"success failure{others}", 1),
        (f"success skipped{others}", 1),
    ):
        done = subprocess.run(["bash", "-c", step["run"]], env={"RESULTS": results}, capture_output=True, check=False)
        assert done.returncode == code, results


def test_a_release_is_a_tag_and_nothing_is_published_that_was_not_checked() -> None:
    workflow = _workflow("release.yml")
    assert workflow["on"] == {"push": {"tags": ["v*"]}}
    jobs = workflow["jobs"]
    assert "make check test-fast" in str(jobs["build"])
    assert jobs["image"]["needs"] == "build"
    assert set(jobs["publish"]["needs"]) == {"build", "image"}
    assert "needs.build.result == 'success'" in jobs["publish"]["if"]
    assert "monorepo_large" in str(jobs["bench"])  # whose figures block nothing
    assert jobs["bench"]["continue-on-error"] == "true"
    assert not re.search(r"'cache'|actions/cache", str(jobs))  # a cache could bring what somebody else put there


def test_what_is_released_is_attested() -> None:
    for id_ in ("image", "publish"):
        steps = _workflow("release.yml")["jobs"][id_]["steps"]
        assert [step for step in steps if step.get("uses", "").startswith("actions/attest@")], id_


def test_what_builds_the_tool_is_pinned_as_in_the_lock_file() -> None:
    locked = (ROOT / "requirements-dev.lock").read_text()
    build = (GITHUB / "actions/setup/build.lock").read_text().partition("\n")[2]
    for block in re.split(r"\n(?=\S)", build.strip()):
        assert block.strip() in locked


def test_the_policy_is_one_that_the_tool_reads() -> None:
    policy = load((ROOT / PATH).read_text(), Policy, PATH)
    assert set(policy.accounts) == {"111111111111", "222222222222"}

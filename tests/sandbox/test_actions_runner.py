"""The runner runs this repository's real workflow files, by `act`, for what happens on the sandbox's GitHub."""

from __future__ import annotations

import io
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.sandbox.actions.family import Family
from bot.sandbox.actions.run import ActionsRun
from bot.sandbox.actions.runner import ActionsRunner, RunnerSettings
from bot.sandbox.aws import SandboxAccount, SandboxAws
from bot.sandbox.aws.session import Admin
from bot.sandbox.github import GitHubServer, IssueText, PullSpec
from tests import ROOT as HERE
from tests.support.patience import PATIENCE
from tests.support.real_actions import real_actions

REPOSITORY = "acme/monorepo"
ROOT, ANA, EVE = "root", "ana", "eve"
CLONES, REGION = "222222222222", "eu-central-1"
MORE_PLANS = {"plan (${{ matrix.environment }})": "skipped"}
"""The jobs for what one matrix can't hold, as they are called where there is nothing for them to do."""
PLANNED = (
    "Check out the tool (default branch)",
    "Check out the pull request, as data",
    "Install the tool",
    "Install Terraform",
    "Assume the read-only role",
    "Plan",
    "Keep the whole plan",
)
"""The steps of a plan that are not skipped."""
MORE_APPLIES = {"apply (${{ matrix.environment }})": "skipped"}

pytestmark = pytest.mark.e2e


HEARS = """
on: {workflow_run: {workflows: [review], types: [completed]}}
jobs:
  handle: {runs-on: ubuntu-latest, steps: [{run: "echo It heard of ${{ github.event.workflow_run.head_branch }}"}]}
"""
REVIEWED = """
name: review
on: {pull_request_review: {types: [submitted]}}
jobs: {own: {runs-on: ubuntu-latest, steps: [{run: echo This is the own one of the pull request}]}}
"""


@dataclass(frozen=True)
class Stage:
    """A repository with this repository's workflows, a runner, and an account whose plan and apply roles trust it."""

    github: GitHubServer
    runner: ActionsRunner
    turns: Path

    def propose(self, name: str, behave: str = "", *, branch: str | None = None) -> int:
        """Open a pull request that adds an environment."""
        branch = branch or f"clone/{name}"
        files = {f"envs/{name}/behave": behave.encode()}
        self.github.commit(REPOSITORY, files, by=ANA, message=f"Add {name}", branch=branch)
        return self.github.open_pull(REPOSITORY, PullSpec(IssueText(f"Clone {name}"), branch, "main"), by=ANA)

    def merge(self, name: str, behave: str = "") -> None:
        """Put an environment on main."""
        self.github.commit(REPOSITORY, {f"envs/{name}/behave": behave.encode()}, by=ROOT, message=f"Add {name}")

    def dispatch(self, name: str, **inputs: str) -> None:
        """Start the apply of an environment by hand."""
        answer = self._post(
            "workflows/apply.yml/dispatches", {"ref": "main", "inputs": {"environment": name, **inputs}}
        )
        assert answer.status_code == 204, answer.text

    def rerun(self, run: ActionsRun) -> int:
        """Press the button that runs a run again; return what GitHub answers."""
        return self._post(f"runs/{run.id}/rerun", {}).status_code

    def edit(self, number: int, **fields: str) -> None:
        """Change a pull request on its page."""
        url = f"{self.github.url}/api/v3/repos/{REPOSITORY}/pulls/{number}"
        httpx.patch(
            url, json=fields, headers={"Authorization": f"Bearer {self.github.token(ANA)}"}, timeout=PATIENCE
        ).raise_for_status()

    def _post(self, path: str, body: dict[str, object]) -> httpx.Response:
        return httpx.post(
            f"{self.github.url}/api/v3/repos/{REPOSITORY}/actions/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.github.token(ANA)}"},
            timeout=PATIENCE,
        )

    def finished(self) -> list[ActionsRun]:
        """Wait for all runs."""
        assert self.runner.wait(PATIENCE), [(run.id, run.jobs, run.log.read_text()) for run in self.runner.runs]
        return self.runner.runs

    def until(self, come_true: Callable[[], bool]) -> None:
        """Wait for something that the runs do."""
        deadline = time.monotonic() + PATIENCE
        while not come_true():
            assert time.monotonic() < deadline, [(run.id, run.jobs, run.log.read_text()) for run in self.runner.runs]
            time.sleep(0.05)

    def checks(self, ref: str) -> dict[str, str | None]:
        """The conclusion of each check of a commit, the newest of each name."""
        return {check.name: check.conclusion for check in reversed(self.github.checks(REPOSITORY, ref))}

    def planner(self) -> int:
        """The process of the plan that waits, or 0."""
        file = self.turns / "planning"
        return int(file.read_text().strip() or 0) if file.exists() else 0

    def turn_log(self) -> list[str]:
        """What the applies wrote, in order."""
        file = self.turns / "applied"
        return file.read_text().splitlines() if file.exists() else []


def _subjects(kind: str) -> tuple[str, ...]:
    return (f"repo:{REPOSITORY}:environment:envclone-{kind}", f"repo:acme@*/monorepo@*:environment:envclone-{kind}")


@pytest.fixture(params=[False], ids=["subject"])
def with_ids(request: pytest.FixtureRequest) -> bool:
    """Whether identity tokens carry ids in their subject."""
    return bool(request.param)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxAws]:
    """The sandbox's AWS, whose start costs as much as a workflow."""
    aws = SandboxAws(tmp_path_factory.mktemp("aws"))
    with aws.running():
        yield aws


@pytest.fixture
def stage(tmp_path: Path, aws: SandboxAws, with_ids: bool) -> Iterator[Stage]:
    """Everything, running; and nothing of it afterwards."""
    seed = tmp_path / "seed"
    shutil.copytree(
        HERE / ".github", seed / ".github", ignore=shutil.ignore_patterns("ci.yml", "handle.yml", "parity.yml")
    )
    (seed / ".github/workflows/handle.yml").write_text(HEARS)
    (seed / "envs/production").mkdir(parents=True)
    (seed / "envs/production/behave").write_text("")
    github = GitHubServer(tmp_path / "github")
    github.create_repository(REPOSITORY, seed)
    github.add_user(ROOT, REPOSITORY, "admin")
    github.add_user(ANA, REPOSITORY, "write")
    github.add_user(EVE, REPOSITORY, "read")
    turns = tmp_path / "turns"
    turns.mkdir()
    tool = tmp_path / "tool" / "envclone"
    tool.parent.mkdir()
    shutil.copy(Path(__file__).parent / "actions_stub.sh", tool)
    environment = {**aws.environment(), "TURNS": str(turns)}
    settings = RunnerSettings(subjects_with_ids=with_ids, actions=real_actions())
    runner = ActionsRunner(tmp_path / "actions", github, tool, environment, settings)
    with ExitStack() as stack:
        aws.create_account(
            SandboxAccount(
                CLONES,
                REGION,
                "acme-clones-tfstate",
                "example.test",
                runner.issuer.url,
                *map(_subjects, ("plan", "apply")),
            )
        )
        stack.callback(_distrust, aws)
        stack.enter_context(github.running())
        stack.enter_context(runner)
        yield Stage(github, runner, turns)
    assert _left_behind(tmp_path) == []


def _distrust(aws: SandboxAws) -> None:
    """Remove the account's roles: those of the next test trust its own runner."""
    iam = Admin(aws.endpoint, CLONES, REGION).client("iam")
    for role in iam.list_roles()["Roles"]:
        iam.delete_role(RoleName=role["RoleName"])


def _left_behind(root: Path) -> list[str]:
    """Command lines of living processes that were started under the test's directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if str(root / "actions").encode() in command:
                found.append(command.decode(errors="replace").replace("\0", " "))
    return found


def test_a_pull_request_is_planned_with_the_plan_role_passes_the_one_check_and_leaves_no_token(stage: Stage) -> None:
    number = stage.propose("demo-x")
    [run] = stage.finished()
    head = stage.github.head(REPOSITORY, "clone/demo-x")
    assert head is not None
    log = run.log.read_text()
    assert run.conclusion == "success", log
    done = dict.fromkeys(("targets", "plan (demo-x)", "report", "envclone"), "success")
    assert stage.checks(head) == {**done, **MORE_PLANS}
    assert f"at {head}, keys: none, token: ***" in log
    if "aws-actions/configure-aws-credentials" in real_actions():
        assert "Authenticated as assumedRoleId" in log
    else:
        assert "Assumed arn:aws:sts::222222222222:assumed-role/envclone-plan/envclone-plan-" in log
    assert "planning demo-x with ***" in log
    planned = stage.github.forge.state.jobs[run.id]["plan (demo-x)"]
    assert [(step.name, step.conclusion) for step in planned.steps] == [(name, "success") for name in PLANNED]
    [artifact] = stage.github.artifacts(run.id)
    assert artifact.name == "plan-demo-x"
    assert zipfile.ZipFile(io.BytesIO(artifact.archive)).read("summary.md") == b"plan of demo-x\n"
    assert stage.github.merge_state(REPOSITORY, number) == "clean"
    tokens = [secret.encode() for secret in stage.github.forge.state.tokens]
    for file in run.directory.parent.parent.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert not any(token in content for token in tokens), file


def test_one_failed_plan_fails_the_check_and_leaves_the_others(stage: Stage) -> None:
    stage.merge("demo-y")
    stage.finished()
    stage.propose("demo-x", "fail")
    run = stage.finished()[-1]
    assert run.conclusion == "failure"
    assert run.jobs == {
        "targets": "success",
        "plan (demo-x)": "failure",
        "plan (demo-y)": "success",
        "report": "success",
        "envclone": "failure",
        **MORE_PLANS,
    }


def test_what_one_matrix_can_not_hold_is_left_to_further_jobs_of_the_same_name(stage: Stage) -> None:
    number = stage.propose("demo-x")
    stage.github.commit(
        REPOSITORY, {"envs/demo-second/behave": b""}, by=ANA, message="Add another", branch="clone/demo-x"
    )
    run = stage.finished()[-1]
    names = ("targets", "plan (demo-x)", "plan (demo-second)", "report", "envclone")
    assert run.jobs == {**dict.fromkeys(names, "success"), **MORE_PLANS}, run.log.read_text()
    needs = run.log.read_text().partition('{"targets": ')[2].partition("\n")[0]
    assert '"environments": "[\\"demo-x\\"]"' in needs
    assert {artifact.name for artifact in stage.github.artifacts(run.id)} == {"plan-demo-x", "plan-demo-second"}
    stage.github.merge(REPOSITORY, number, by=ROOT)
    applied = stage.finished()[-1]
    done = dict.fromkeys(("targets", "apply (demo-x)", "apply (demo-second)"), "success")
    assert applied.jobs == {**done, **MORE_APPLIES}, applied.log.read_text()
    stage.github.schedule(REPOSITORY, ".github/workflows/drift.yml")
    looked = stage.finished()[-1]
    done = dict.fromkeys(("targets", "drift (demo-x)", "drift (demo-second)", "forget"), "success")
    assert looked.jobs == {**done, "drift (${{ matrix.environment }})": "skipped"}, looked.log.read_text()


def test_a_pull_request_without_environments_passes_when_it_is_retargeted_here_and_a_new_title_plans_nothing(
    stage: Stage,
) -> None:
    stage.github.commit(REPOSITORY, {"RELEASE": b"1\n"}, by=ANA, message="Release", branch="release")
    stage.github.commit(REPOSITORY, {"README.md": b"#\n"}, by=ANA, message="Describe", branch="docs")
    number = stage.github.open_pull(REPOSITORY, PullSpec(IssueText("Describe"), "docs", "release"), by=ANA)
    stage.edit(number, base="main")
    [run] = stage.finished()
    assert (run.conclusion, run.event.action) == ("success", "edited")
    assert run.jobs == {"targets": "success", **MORE_PLANS, "report": "skipped", "envclone": "success"}
    [check] = [each for each in stage.github.checks(REPOSITORY, "docs") if each.name == "envclone"]
    assert check.conclusion == "success"

    stage.edit(number, title="Describe it")
    _, renamed = stage.finished()
    assert set(renamed.jobs.values()) == {"skipped"}
    assert stage.github.forge.state.runs[renamed.id].title == "nothing to plan"
    assert check in stage.github.checks(REPOSITORY, "docs")
    assert [each.name for each in stage.github.checks(REPOSITORY, "docs")].count("envclone") == 1


def test_a_fork_gets_no_checkout_no_credentials_and_no_pass(stage: Stage) -> None:
    fork = stage.github.fork(REPOSITORY, by=EVE)
    stage.github.commit(fork, {"envs/demo-e/behave": b""}, by=EVE, message="Add demo-e", branch="clone/demo-e")
    stage.github.open_pull(REPOSITORY, PullSpec(IssueText("Clone"), f"{EVE}:clone/demo-e", "main"), by=EVE)
    [run] = stage.finished()
    assert run.conclusion == "failure"
    assert run.jobs["targets"] == "skipped"
    assert run.jobs["envclone"] == "failure"
    assert "Assumed" not in run.log.read_text()


def test_a_workflow_file_of_the_pull_request_runs_nothing_but_a_review_s_which_only_starts_the_default_branch_s(
    stage: Stage,
) -> None:
    files = {
        "envs/demo-x/behave": b"",
        ".github/workflows/plan.yml": b"on: pull_request_target\njobs: {evil: {runs-on: ubuntu-latest, steps: []}}\n",
        ".github/workflows/evil.yml": b"on: pull_request\njobs: {evil: {runs-on: ubuntu-latest, steps: []}}\n",
        ".github/workflows/handle.yml": HEARS.replace("It heard of", "Evil on").encode(),
        ".github/workflows/review.yml": REVIEWED.encode(),
    }
    stage.github.commit(REPOSITORY, files, by=ANA, message="Add demo-x", branch="clone/demo-x")
    number = stage.github.open_pull(REPOSITORY, PullSpec(IssueText("Clone"), "clone/demo-x", "main"), by=ANA)
    [run] = stage.finished()
    assert sorted(run.jobs) == sorted(["envclone", "plan (demo-x)", "report", "targets", *MORE_PLANS])
    assert {job.name: job.conclusion for job in stage.github.forge.state.jobs[run.id].values()} == run.jobs
    stage.github.review(REPOSITORY, number, by=ROOT)
    _, review, heard = stage.finished()
    assert (review.jobs, heard.jobs) == ({"own": "success"}, {"handle": "success"})
    assert "It heard of clone/demo-x" in heard.log.read_text()


def test_a_merge_is_applied_and_other_changes_are_not(stage: Stage) -> None:
    stage.github.commit(REPOSITORY, {"README.md": b"#\n"}, by=ROOT, message="Describe")
    stage.merge("demo-x")
    other, run = stage.finished()
    assert [name for name, how in other.jobs.items() if how == "success"] == ["targets"]
    assert run.workflow.path == ".github/workflows/apply.yml"
    assert run.conclusion == "success"
    assert stage.turn_log() == [f"begin demo-x {run.id}", f"end demo-x {run.id}"]
    assert stage.checks("main") == {"targets": "success", "apply (demo-x)": "success", **MORE_APPLIES}


def test_a_run_asked_for_by_hand_has_the_title_and_the_reason_that_it_is_given(stage: Stage) -> None:
    stage.merge("demo-x")
    merge = stage.finished()[-1]
    reason = 'the runner\'s gone "$(id)" (@alice in #7)'
    stage.dispatch("demo-x", request="unlock demo-x for comment 7", take_over=reason)
    run = stage.finished()[-1]
    assert run.conclusion == "success", run.log.read_text()
    assert f"taking over: {reason}" in run.log.read_text()
    titles = [stage.github.forge.state.runs[each.id].title for each in (merge, run)]
    assert titles == ["Add demo-x", "unlock demo-x for comment 7"]


def test_a_plan_that_is_run_again_replaces_what_it_said(stage: Stage) -> None:
    number = stage.propose("demo-x", "flaky")
    stage.until(lambda: len(stage.runner.runs) == 1)
    [run] = stage.runner.runs
    assert stage.rerun(run) == 403  # it is under way
    (stage.turns / "asked").touch()
    stage.finished()
    assert stage.checks("clone/demo-x")["envclone"] == "failure"
    (stage.turns / "go").touch()
    assert stage.rerun(run) == 201
    again = stage.finished()[-1]
    assert (again.id, again.attempt, again.conclusion) == (run.id, 2, "success"), again.log.read_text()
    assert stage.checks("clone/demo-x")["envclone"] == "success"
    assert stage.github.merge_state(REPOSITORY, number) == "clean"
    assert stage.github.forge.state.runs[run.id].attempt == 2


def test_applies_of_one_environment_take_turns_and_none_is_dropped(stage: Stage) -> None:
    stage.merge("demo-x", "wait")
    stage.until(lambda: len(stage.turn_log()) == 1)
    for _ in range(2):
        stage.dispatch("demo-x")
    stage.until(lambda: len(stage.runner.runs) == 3)
    (stage.turns / "go").touch()
    runs = stage.finished()
    assert [run.conclusion for run in runs] == ["success"] * 3
    turns = [line.split() for line in stage.turn_log()]
    assert [word for word, _, _ in turns] == ["begin", "end"] * 3
    assert all(one[2] == other[2] for one, other in zip(turns[::2], turns[1::2], strict=True))


def test_a_new_push_cancels_the_plan_of_the_last_with_all_its_processes(stage: Stage) -> None:
    stage.propose("demo-x", "wait")
    stage.until(lambda: stage.planner() > 0)
    planner = stage.planner()
    old = stage.github.head(REPOSITORY, "clone/demo-x")
    assert old is not None
    files: dict[str, bytes | None] = {"envs/demo-x/behave": b""}
    stage.github.commit(REPOSITORY, files, by=ANA, message="Try again", branch="clone/demo-x")
    first, second = stage.finished()
    assert (first.conclusion, second.conclusion) == ("cancelled", "success")
    assert Family(planner).living() == set()
    assert stage.checks(old)["plan (demo-x)"] == "cancelled"
    assert stage.checks("clone/demo-x")["envclone"] == "success"


def test_stopping_the_runner_ends_everything(stage: Stage) -> None:
    stage.propose("demo-x", "wait")
    stage.until(lambda: stage.planner() > 0)
    planner = stage.planner()
    stage.runner.__exit__(None, None, None)
    [run] = stage.runner.runs
    assert run.conclusion == "cancelled"
    assert Family(planner).living() == set()


@pytest.mark.parametrize("with_ids", [True], indirect=True, ids=["subject-with-ids"])
def test_roles_admit_subjects_with_ids_too(stage: Stage) -> None:
    stage.propose("demo-x")
    [run] = stage.finished()
    assert run.conclusion == "success", run.log.read_text()


def test_a_plan_job_can_not_assume_the_role_that_applies(stage: Stage) -> None:
    stage.propose("demo-greedy")
    [run] = stage.finished()
    assert run.jobs["plan (demo-greedy)"] == "failure"
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in run.log.read_text()


def test_each_cloud_s_own_credentials_are_taken_and_an_account_of_none_takes_none(stage: Stage) -> None:
    clouds = ("gcp", "azure", "none")
    files = {f"envs/demo-{cloud}/behave": f"cloud: {cloud}\n".encode() for cloud in clouds}
    stage.github.commit(REPOSITORY, files, by=ANA, message="Add three", branch="clone/three")
    spec = PullSpec(IssueText("Clone three times"), "clone/three", "main")
    number = stage.github.open_pull(REPOSITORY, spec, by=ANA)
    [plan] = stage.finished()
    log = plan.log.read_text()
    assert plan.conclusion == "success", log[-4000:]
    client = "00000000-0000-0000-0000-00000000000a"
    assert "planning demo-gcp with no keys, google=yes azure=\n" in log
    assert f"planning demo-azure with no keys, google= azure={client}\n" in log
    assert "planning demo-none with no keys, google= azure=\n" in log
    assert log.count("Impersonated plan@acme-demo.iam.gserviceaccount.com") == 1
    assert log.count(f"Logged in as {client} of 00000000-0000-0000-0000-00000000000b to {CLONES}") == 1
    assert "Assumed" not in log

    stage.github.merge(REPOSITORY, number, by=ROOT)
    apply = stage.finished()[-1]
    log = apply.log.read_text()
    assert apply.conclusion == "success", log[-4000:]
    assert "applying demo-gcp with google=file azure=\n" in log, "what may last longer is renewed from a file"
    assert f"applying demo-azure with google= azure={client}\n" in log
    assert "applying demo-none with google= azure=\n" in log

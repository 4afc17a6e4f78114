"""The real tool in the real workflow files: planned, checked, merged and applied, each with its own role."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.core.tree import File
from bot.model.account import PolicyAccount as Reach
from bot.model.policy import Policy
from bot.model.yaml_document import dump
from bot.names import EnvironmentName
from bot.sandbox.actions.run import ActionsRun
from bot.sandbox.actions.runner import ActionsRunner
from bot.sandbox.aws import SandboxAccount, SandboxAws
from bot.sandbox.aws.session import Admin
from bot.sandbox.github import GitHubServer, IssueText, PullSpec
from bot.sandbox.terraform_config import terraform_environment
from tests import ROOT
from tests.support.cloud import ACCOUNT, REGION
from tests.support.monorepo import Monorepo
from tests.support.product import CHECKED_HOOKS, STACKS, without_marks

HERE = ROOT
REPOSITORY = "acme/infrastructure"
BUCKET = "acme-small-tfstate"
NESTED = "network/vpc"
"""A stack below another directory; it was called otherwise before there was any environment."""
CODE = {NESTED if name == "network" else name: without_marks(code) for name, code in STACKS.items()}
HOOKS = f"""{CHECKED_HOOKS.replace("needs: [app]", "needs: [app, flags]")}
  flags:
    description: Flags.
    needs: [app]
    uses: aws.parameter
    with: {{path: {{from: app.path}}, values: {{value: {{a: 1}}}}}}
"""
"""What drifts in the account is a hook's; that a stack's does is seen in a clone's whole life (`tests/e2e`)."""
TIMEOUT = 400.0

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Company:
    """A monorepo on the sandbox's GitHub, and a clone of it in which somebody works."""

    github: GitHubServer
    runner: ActionsRunner
    monorepo: Monorepo
    aws: SandboxAws

    def propose(self) -> int:
        """Push the work as a branch and open a pull request."""
        branch = "envclone/demo-x"
        self.monorepo.git("push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return self.github.open_pull(REPOSITORY, PullSpec(IssueText("Clone demo-x"), branch, "main"), by="root")

    def until_log(self, text: str) -> ActionsRun:
        """Wait until the log of the last run says something."""
        assert self.github.settle()
        run, deadline = self.runner.runs[-1], time.monotonic() + TIMEOUT
        while text not in run.log.read_text():
            assert run.conclusion is None, run.log.read_text()[-6000:]
            assert time.monotonic() < deadline, run.log.read_text()[-6000:]
            time.sleep(0.1)
        return run

    def finished(self) -> ActionsRun:
        """Wait, and return the last run."""
        assert self.runner.wait(TIMEOUT), [run.log.read_text()[-4000:] for run in self.runner.runs]
        return self.runner.runs[-1]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Everything, running."""
    monorepo = Monorepo(tmp_path / "work", BUCKET, CODE, HOOKS, former={NESTED: ("network",)}).begun()
    shutil.copytree(
        HERE / ".github",
        monorepo.root / ".github",
        # What runs beside an apply, on the same push, is not this test's.
        ignore=shutil.ignore_patterns("ci.yml", "envclone.yml", "handle.yml", "parity.yml"),
        dirs_exist_ok=True,
    )
    role = f"arn:aws:iam::{ACCOUNT}:role/envclone-"
    reach = Reach(plan_role=f"{role}plan", apply_role=f"{role}apply", region=REGION, state_bucket=BUCKET)
    # There is no production here to be like: the environment is one of its own, and so has to be protected; and it is new.
    own = (EnvironmentName("demo-x"),)
    policy = dump(Policy(accounts={ACCOUNT: reach}, protected=own, may_be_created=own), "none").encode()
    monorepo.put(".github", {"envclone.yml": File(policy)})
    monorepo.commit("Add workflows and policy")
    github = GitHubServer(tmp_path / "github")
    github.create_repository(REPOSITORY)
    github.add_user("root", REPOSITORY, "admin")
    with ExitStack() as stack:
        aws = SandboxAws(tmp_path / "aws")
        stack.enter_context(aws.running())
        environment = {**aws.environment(), **terraform_environment(tmp_path / "terraform", os.environ)}
        runner = ActionsRunner(tmp_path / "actions", github, Path(sys.executable).parent / "envclone", environment)
        subjects = (f"repo:{REPOSITORY}:environment:envclone-{kind}" for kind in ("plan", "apply"))
        aws.create_account(
            SandboxAccount(ACCOUNT, REGION, BUCKET, "example.test", runner.issuer.url, *((each,) for each in subjects))
        )
        url = stack.enter_context(github.running())
        credentials = f"http://x-access-token:{github.token('root')}@{url.removeprefix('http://')}"
        monorepo.git("remote", "add", "origin", f"{credentials}/{REPOSITORY}.git")
        monorepo.git("push", "-q", "origin", "HEAD:refs/heads/main")
        assert github.settle()
        github.protect(REPOSITORY, "main", ("envclone",))
        stack.enter_context(runner)
        yield Company(github, runner, monorepo, aws)


LEDGER = {"Bucket": BUCKET, "Key": "ledger/demo-x.json"}


def ledger(admin: Admin) -> dict[str, Any]:
    found = json.loads(admin.client("s3").get_object(**LEDGER)["Body"].read())
    assert isinstance(found, dict)
    return found


def until_begun(admin: Admin, step: str) -> None:
    """Wait until the ledger says that a step has begun, which is a moment after the log says so."""
    deadline = time.monotonic() + TIMEOUT
    while step not in ledger(admin)["steps"]:
        assert time.monotonic() < deadline, ledger(admin)
        time.sleep(0.1)


def let_go(admin: Admin) -> None:
    """End the lease of the run that was killed, which would last for some minutes."""
    admin.client("s3").put_object(**LEDGER, Body=json.dumps({**ledger(admin), "lease": None}).encode())


def test_a_pull_request_is_planned_merged_and_applied_by_the_real_workflows(company: Company) -> None:
    company.monorepo.add("demo-x")
    number = company.propose()
    plan = company.finished()
    assert plan.conclusion == "success", plan.log.read_text()[-6000:]
    assert "**4 to add" in company.github.comments(REPOSITORY, number)[0].body
    [artifact] = company.github.artifacts(plan.id)
    assert "plan.json" in zipfile.ZipFile(io.BytesIO(artifact.archive)).namelist()
    assert company.github.merge_state(REPOSITORY, number) == "clean"
    company.github.merge(REPOSITORY, number, by="root")
    apply = company.until_log("[smoke] ")
    assert apply.workflow.path == ".github/workflows/apply.yml"
    admin = Admin(company.aws.endpoint, ACCOUNT, REGION)
    until_begun(admin, "smoke")
    # The template's last hook asks a port where nobody answers, for minutes. A person cancels; what was applied stays.
    company.runner.cancel(apply.id)
    company.finished()
    log = apply.log.read_text()
    assert "assumed-role/envclone-apply/" in log
    assert "[network/vpc] done: 1 added" in log, log[-6000:]
    assert "[app] done: 2 added" in log, log[-6000:]
    assert apply.conclusion == "cancelled"
    assert apply.jobs == {
        "targets": "success",
        "apply (demo-x)": "cancelled",
        "apply (${{ matrix.environment }})": "cancelled",
    }
    assert company.github.deployments(REPOSITORY)[-1].environment == "demo-x"

    let_go(admin)
    admin.client("ssm").put_parameter(Name="/demo-x/flags/a", Value="2", Overwrite=True)
    company.github.schedule(REPOSITORY, ".github/workflows/drift.yml")
    drift = company.finished()
    log = drift.log.read_text()
    assert "assumed-role/envclone-plan/" in log
    done = dict.fromkeys(("targets", "drift (demo-x)", "forget"), "success")
    assert drift.jobs == {**done, "drift (${{ matrix.environment }})": "skipped"}, log[-6000:]
    (issue,) = company.github.issues(REPOSITORY)
    assert (issue.title, issue.author.login) == ("demo-x has drifted", "github-actions[bot]")
    assert "`flags` | `aws.parameter` | **has drifted**" in (issue.body or "")
    assert "its last apply did not finish" in (issue.body or ""), "the cancelled hook is said to be so"


def test_a_hand_edit_is_not_planned_and_the_required_check_says_so(company: Company) -> None:
    company.monorepo.add("demo-x")
    edited = company.monorepo.root / f"envs/demo-x/{NESTED}/main.tf"
    edited.write_text(edited.read_text().replace("/main", "/other"))
    company.monorepo.commit("Edit by hand")
    number = company.propose()
    plan = company.finished()
    assert plan.jobs["targets"] == "failure"
    assert plan.jobs["envclone"] == "failure"
    assert f"envs/demo-x/{NESTED}/main.tf" in plan.log.read_text()
    assert company.github.merge_state(REPOSITORY, number) == "blocked"

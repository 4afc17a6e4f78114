"""Apply an environment that was really planned, with the real Terraform against moto."""

import contextlib
import json
import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import httpx
import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.checkout import Checkout
from bot.clients.ledger import LeaseHeld, LedgerFile
from bot.commands.model import Extend
from bot.core.apply_outcome import ApplyOutcome
from bot.core.apply_summary import summary
from bot.core.assemble import read_manifest
from bot.core.change import Changed, Subject, draft_change
from bot.core.ledger import Clear, Hidden, Undo
from bot.core.plan import Counts
from bot.core.review import read_review, review_key
from bot.errors import UserError
from bot.flows.approval import NotReviewed
from bot.names import StepName
from bot.policy import Policy
from tests.support.cloud import REGION, cloud
from tests.support.deploying import DEMO, Deploying, template
from tests.support.terraform import program

pytestmark = pytest.mark.e2e
NETWORK, DATA, APP = StepName("network"), StepName("data"), StepName("app")
RECORD, FLAGS = StepName("record"), StepName("flags")
FIRST = {
    "/demo-x/greeting": ("hello", 1),
    "/demo-x/token": ("token-of-demo-x", 1),
    "/demo-x/flags/a": ("1", 1),
    "/demo-x/flags/b": ("true", 1),
}


@pytest.fixture
def aws() -> Iterator[Mapping[str, str]]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        httpx.post(f"{variables['AWS_ENDPOINT_URL']}/moto-api/reset").raise_for_status()
        yield variables


@pytest.fixture
def deploying(tmp_path: Path, aws: Mapping[str, str]) -> Deploying:
    bucket = f"state-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Deploying.create(tmp_path, bucket, program(tmp_path / "configuration", aws))


def states(outcome: ApplyOutcome) -> dict[str, str]:
    return {step.name: step.state for step in outcome.steps}


def all_in(state: str) -> dict[str, str]:
    return dict.fromkeys(("network", "data", "app", "record", "flags"), state)


def present(deploying: Deploying) -> dict[str, tuple[str, int]]:
    found = deploying.parameters()
    found.pop("/demo-x/group")
    return found


def test_what_was_reviewed_is_applied_once_and_nothing_else(deploying: Deploying) -> None:
    head = deploying.deliver()
    code = deploying.repo.root / "envs" / DEMO / "app" / "main.tf"
    reviewed = code.read_text()
    code.write_text(f"{reviewed}\n# by hand\n")
    with pytest.raises(NotReviewed, match="is not what was reviewed"):
        deploying.apply(head)
    assert deploying.parameters() == {}
    assert deploying.ledger.steps == {}

    code.write_text(reviewed)
    outcome = deploying.apply(head)
    assert states(outcome) == all_in("succeeded"), deploying.lines
    assert outcome.has_succeeded
    assert outcome.url == "https://demo-x.example"
    assert present(deploying) == FIRST
    assert deploying.ran() == ["apply", "verify"]
    assert deploying.ledger.lease is None
    _nothing_sensitive_is_kept_or_said(deploying, outcome)
    _the_ledger_holds_what_undo_needs(deploying)

    again = deploying.apply(head)
    assert states(again) == all_in("skipped")
    assert again.url == "https://demo-x.example"
    assert present(deploying) == FIRST
    assert deploying.ran() == ["apply", "verify"]
    _a_longer_life_changes_no_resource_and_runs_no_step(deploying)


def _a_longer_life_changes_no_resource_and_runs_no_step(deploying: Deploying) -> None:
    repo, now = deploying.repo, datetime.now(UTC)
    files = Checkout(repo.root).environment(DEMO)
    mortal = read_manifest(files, "envs/demo-x").model_copy(update={"expires_at": now})
    longer = draft_change(Extend(DEMO, timedelta(days=7)), Subject(mortal, template(deploying.stacks), Policy()), now)
    assert isinstance(longer, Changed)
    repo.git("checkout", "-q", "-B", "longer")
    repo.put("envs/demo-x", longer.files)
    head = repo.commit("extend demo-x")
    deploying.review(head)
    stored = deploying.store.read(review_key(DEMO, head))
    assert stored is not None
    review = read_review(stored.data, DEMO, head)
    assert review.counts == Counts()
    assert not any(step.parts for step in review.steps.values())
    deploying.merge(head)
    assert states(deploying.apply(head)) == all_in("skipped")
    assert deploying.ran() == ["apply", "verify"]


def _nothing_sensitive_is_kept_or_said(deploying: Deploying, outcome: ApplyOutcome) -> None:
    assert "token-of-demo-x" not in deploying.everything_kept() + outcome.model_dump_json() + summary(outcome, 60_000)
    assert "[record] the token is ***" in deploying.lines
    assert "token-of-demo-x" in deploying.secrets
    outputs = deploying.ledger.steps[NETWORK].outputs
    assert isinstance(outputs["token"], Hidden)
    assert isinstance(outputs["group_arn"], Clear)
    assert next(step for step in outcome.steps if step.name == NETWORK).hidden == ("token",)


def _the_ledger_holds_what_undo_needs(deploying: Deploying) -> None:
    steps = deploying.ledger.steps
    undo = {name: entry.undo or Undo() for name, entry in steps.items()}
    assert undo[APP].record == {"directory": "envs/demo-x/app"}
    assert undo[RECORD].run == ("python3", "hooks/record.py")
    assert undo[RECORD].record == {"undo": {"place": str(deploying.place)}}
    assert undo[FLAGS].uses == "aws.parameter"
    tree = deploying.repo.git("rev-parse", f"HEAD:envs/{DEMO}").strip()
    assert {entry.tree for entry in steps.values()} == {tree}


def test_failed_steps_block_only_what_needs_them_and_are_gone_on_with(deploying: Deploying) -> None:
    head = deploying.deliver()
    ssm = boto3.client("ssm", REGION)
    ssm.put_parameter(Name="/demo-x/token", Value="in the way", Type="String")
    (deploying.place / "fail").touch()
    outcome = deploying.apply(head)
    assert states(outcome) == {**all_in("succeeded"), "app": "failed", "record": "failed", "flags": "blocked"}
    stack, record = outcome.failed
    assert "already exists" in stack.reason
    assert "main.tf:" in stack.reason
    assert record.reason == "`python3` (apply) ended with code 1: the token is *** / told to fail with ***"
    assert outcome.steps[-1].reason == "it needs `app`, which failed"
    assert "**How to go on:**" in summary(outcome, 60_000)
    assert deploying.parameters()["/demo-x/group"][1] == 1

    ssm.delete_parameter(Name="/demo-x/token")
    (deploying.place / "fail").unlink()
    outcome = deploying.apply(head)
    assert states(outcome) == {**all_in("succeeded"), "network": "skipped", "data": "skipped"}, deploying.lines
    assert "[app] going on with what an earlier run of this review began" in deploying.lines
    assert deploying.parameters()["/demo-x/group"][1] == 1
    assert present(deploying) == FIRST
    assert deploying.ran() == ["apply", "apply", "verify"]
    assert deploying.ledger.steps[RECORD].attempt == deploying.ledger.steps[APP].attempt == 2


def test_a_plan_is_applied_only_while_it_is_the_reviewed_one(deploying: Deploying) -> None:
    deploying.apply(deploying.deliver())
    head = deploying.deliver(greeting="good day")
    ssm, greeting = boto3.client("ssm", REGION), "/demo-x/greeting"
    ssm.put_parameter(Name=greeting, Value="changed behind our back", Type="String", Overwrite=True)
    outcome = deploying.apply(head)
    [failed] = outcome.failed
    assert failed.name == DATA
    assert failed.reason.startswith(
        "Not as reviewed: stack `data` would do other things than the reviewed plan:\n- aws_ssm_parameter.greeting"
    )
    assert deploying.parameters()[greeting] == ("changed behind our back", 2)

    deploying.review(head)  # planned again, so that reviewers see what is there now
    deploying.repo.git("checkout", "-q", "main")
    outcome = deploying.apply(head)
    assert states(outcome)["data"] == "succeeded", deploying.lines
    assert states(outcome)["network"] == states(outcome)["flags"] == "skipped"
    assert present(deploying) == {**FIRST, greeting: ("good day", 3)}


def test_what_was_never_planned_is_refused(deploying: Deploying) -> None:
    head = deploying.propose()
    deploying.merge(head)
    with pytest.raises(NotReviewed, match="There is no reviewed plan"):
        deploying.apply(head)


def test_of_two_applies_one_is_told_of_the_other_and_sigterm_lets_running_steps_end(deploying: Deploying) -> None:
    head = deploying.deliver()
    (deploying.place / "hang").touch()
    log = deploying.place.parent / "first.log"
    process = deploying.start(log)
    try:
        _until(lambda: "apply" in deploying.ran(), log)
        with pytest.raises(LeaseHeld, match=rf"`demo-x` is being worked on by process {process.pid}\."):
            deploying.apply(head)
        process.terminate()
        _until(lambda: "stopping once these have ended" in log.read_text(), log)
        (deploying.place / "hang").unlink()
        assert process.wait(120) != 0
    finally:
        process.kill()
        process.wait()
    assert deploying.ledger.lease is None
    assert deploying.ledger.steps[RECORD].result == "succeeded"
    assert deploying.apply(head).has_succeeded
    assert deploying.ran() == ["apply", "verify"]
    assert present(deploying) == FIRST


def test_killed_again_and_again_it_finishes_with_nothing_done_twice(deploying: Deploying) -> None:
    deploying.deliver()
    log = deploying.place.parent / "apply.log"
    _kill_when(deploying, log, lambda: _is_locked(deploying, "data"), with_children=True)
    assert _is_locked(deploying, "data")
    (deploying.place / "hang").touch()
    _kill_when(deploying, log, lambda: "[record] the token" in log.read_text())
    (deploying.place / "hang").unlink()
    _kill_when(deploying, log, lambda: "[app] as reviewed" in log.read_text())

    process = deploying.start(log)
    assert process.wait(400) == 0, log.read_text()
    assert re.search(r"\[data\] removed the state's lock .*: process .* left it \(its process", log.read_text())
    assert present(deploying) == FIRST
    assert deploying.parameters()["/demo-x/group"][1] == 1
    assert deploying.ran().count("verify") == 1
    ledger = LedgerFile(deploying.store, DEMO).read()
    assert {entry.result for entry in ledger.steps.values()} == {"succeeded"}
    assert ledger.lease is None
    assert len(ledger.takeovers) == 3
    assert all(re.search(r"process \d+ on this machine is gone", each.reason) for each in ledger.takeovers)
    shown = CliRunner().invoke(app, ["ledger", DEMO, "--root", str(deploying.repo.root)])
    assert "app: succeeded at " in shown.output
    assert "Leases that were taken from their holders:" in shown.output


@pytest.mark.timeout(900)
def test_killed_after_each_step_nothing_that_is_done_is_done_again(deploying: Deploying) -> None:
    deploying.deliver()
    log = deploying.place.parent / "apply.log"
    for count in range(1, 5):
        before = {name for name, entry in deploying.ledger.steps.items() if entry.result == "succeeded"}
        _kill_when(deploying, log, lambda count=count: log.read_text().count("] done:") >= count)  # type: ignore[misc]
        skipped = set(re.findall(r"^\[(\w+)\] skipped: ", log.read_text().rpartition("----\n")[2], re.MULTILINE))
        assert skipped <= before
        with log.open("a") as file:
            file.write("----\n")
    process = deploying.start(log)
    assert process.wait(400) == 0, log.read_text()
    said = log.read_text()
    assert all(said.count(f"[{step}] done:") == 1 for step in ("network", "data", "app", "record", "flags")), said
    assert present(deploying) == FIRST
    assert deploying.parameters()["/demo-x/group"][1] == 1
    # A hook that was begun but not done when the kill came is the only one to be run again.
    assert 1 <= deploying.ran().count("apply") <= said.count("[record] run: ")
    assert {entry.result for entry in deploying.ledger.steps.values()} == {"succeeded"}


def test_killed_while_terraform_works_nothing_that_it_makes_is_lost_or_made_twice(deploying: Deploying) -> None:
    slow = 'resource "aws_sqs_queue" "slow" {\n  name = "${var.name}-slow"\n}\n'  # 25 s in the provider
    deploying.stacks["data"] += slow
    deploying.deliver()
    log = deploying.place.parent / "apply.log"
    _kill_when(deploying, log, lambda: "aws_ssm_parameter.greeting: Creation complete" in log.read_text())
    process = deploying.start(log)
    assert process.wait(400) == 0, log.read_text()
    assert "[data] done: nothing to do" in log.read_text()
    assert present(deploying) == FIRST


def test_an_environment_that_is_not_there_is_named(deploying: Deploying) -> None:
    with pytest.raises(UserError, match="envs/demo-x does not exist"):
        deploying.apply("0" * 40)


def _kill_when(deploying: Deploying, log: Path, holds: Callable[[], bool], *, with_children: bool = False) -> None:
    """Start an apply and kill it with SIGKILL once something holds; alone, or with all that it started."""
    process = deploying.start(log)
    try:
        _until(holds, log)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        for pid in _at_work_in(deploying.repo.root / "envs" / DEMO) if with_children else ():
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _is_locked(deploying: Deploying, stack: str) -> bool:
    key = f"demo-x/{stack}/terraform.tfstate.tflock"
    return boto3.client("s3").list_objects_v2(Bucket=deploying.repo.bucket, Prefix=key)["KeyCount"] == 1


def _at_work_in(directory: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if os.readlink(entry).startswith(f"{directory}/"):
                found.append(int(entry.parent.name))
    return found


def _until(holds: Callable[[], bool], log: Path) -> None:
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail(f"never happened; the log:\n{log.read_text()}")


def test_a_rescue_takes_over_with_its_reason_the_lease_and_the_state_locks(deploying: Deploying) -> None:
    head = deploying.deliver()
    log = deploying.place.parent / "apply.log"
    _kill_when(deploying, log, lambda: _is_locked(deploying, "data"), with_children=True)
    with pytest.raises(LeaseHeld, match="`/unlock demo-x --because"):
        deploying.apply(head)  # nobody can tell from here that the run is dead
    said = "the runner was switched off, by @alice in #7"
    assert deploying.start(log, TAKE_OVER=said).wait(400) == 0, log.read_text()
    assert re.search(rf"\[data\] removed the state's lock .*\({said}\)", log.read_text())
    assert [each.reason for each in deploying.ledger.takeovers] == [said]
    assert present(deploying) == FIRST

    # Somebody's Terraform, run by hand, left a lock; there is no lease to take.
    head = deploying.deliver(greeting="good day")
    lock = {"ID": str(uuid.uuid4()), "Operation": "apply", "Who": "bob@laptop", "Created": "2026-01-02T03:04:05.6Z"}
    key = "demo-x/data/terraform.tfstate.tflock"
    boto3.client("s3").put_object(Bucket=deploying.repo.bucket, Key=key, Body=json.dumps(lock).encode())
    [failed] = deploying.apply(head).failed
    assert "comment `/unlock demo-x --because" in failed.reason
    assert deploying.apply(head, take_over="bob says that his laptop crashed").has_succeeded, deploying.lines
    kept = deploying.ledger.takeovers[-1]
    assert lock["ID"] in kept.holder
    assert kept.reason == "bob@laptop left it (bob says that his laptop crashed)"

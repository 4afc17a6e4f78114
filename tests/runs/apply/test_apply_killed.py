"""Applies that are killed, stopped or meet one another: nothing is lost, and nothing is done twice."""

import random
import re
from collections import Counter
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.ledger import LeaseHeld, LedgerFile
from bot.names import StepName
from tests.chaos.deployments import BUCKET, Life, Trouble
from tests.chaos.killing import TERRAFORM, at_work, kill
from tests.chaos.remains import remains
from tests.chaos.storage import Storage
from tests.support.cut_off import FIRST, is_locked, kill_all_while_data_is_made, kill_when, present, until
from tests.support.deploying import DEMO, Deploying
from tests.support.forwarder import forwarding
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.e2e
RECORD = StepName("record")


def test_of_two_applies_one_is_told_of_the_other_and_sigterm_lets_running_steps_end(deploying: Deploying) -> None:
    head = deploying.deliver()
    (deploying.place / "hang").touch()
    log = deploying.place.parent / "first.log"
    process = deploying.start(log)
    try:
        until(lambda: "apply" in deploying.ran(), log)
        with pytest.raises(LeaseHeld, match=rf"`demo-x` is locked by process {process.pid}\."):
            deploying.apply(head)
        process.terminate()
        until(lambda: "stopping once these have finished" in log.read_text(), log)
        (deploying.place / "hang").unlink()
        assert process.wait(PATIENCE) != 0
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
    first, second, third, log = (
        deploying.place.parent / f"{name}.log" for name in ("first", "second", "third", "last")
    )
    kill_all_while_data_is_made(deploying, first)
    (deploying.place / "hang").touch()
    kill_when(deploying, second, lambda: "[record] the token" in second.read_text())
    # The second run may have applied the app beside its hook: then the third skips it. It hangs too, for it may not end before the kill.
    kill_when(
        deploying,
        third,
        lambda: re.search(r"^\[app\] (as reviewed|skipped)", third.read_text(), re.MULTILINE) is not None,
    )
    (deploying.place / "hang").unlink()

    process = deploying.start(log)
    assert process.wait(PATIENCE) == 0, log.read_text()
    said = "".join(each.read_text() for each in (second, third, log))
    assert re.search(r"\[data\] removed the state's lock .*: process .* left it \(its process", said)
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
    assert "Locks taken over:" in shown.output


@pytest.mark.timeout(900)
def test_killed_after_each_step_nothing_that_is_done_is_done_again(deploying: Deploying) -> None:
    deploying.deliver()
    log = deploying.place.parent / "apply.log"
    for count in range(1, 5):
        before = _done(deploying)
        kill_when(deploying, log, lambda count=count: len(_done(deploying)) >= count)  # type: ignore[misc]
        skipped = set(re.findall(r"^\[(\w+)\] skipped: ", log.read_text().rpartition("----\n")[2], re.MULTILINE))
        assert skipped <= before
        with log.open("a") as file:
            file.write("----\n")
    process = deploying.start(log)
    assert process.wait(PATIENCE) == 0, log.read_text()
    said = log.read_text()
    # A kill between the ledger's entry and the line that tells of it takes the line away, and the step stays done.
    assert all(said.count(f"[{step}] done:") <= 1 for step in ("network", "data", "app", "record", "flags")), said
    assert not re.search(r"^\[(\w+)\] skipped: .*^\[\1\] done:", said, re.MULTILINE | re.DOTALL), said
    assert present(deploying) == FIRST
    assert deploying.parameters()["/demo-x/group"][1] == 1
    # A hook that was begun but not done when the kill came is the only one to be run again.
    assert 1 <= deploying.ran().count("apply") <= said.count("[record] run: ")
    assert {entry.result for entry in deploying.ledger.steps.values()} == {"succeeded"}


def _done(deploying: Deploying) -> set[str]:
    return {name for name, entry in deploying.ledger.steps.items() if entry.result == "succeeded"}


def test_killed_while_terraform_works_nothing_that_it_makes_is_lost_or_made_twice(deploying: Deploying) -> None:
    hanging = deploying.place / "hang-slow"
    hanging.touch()
    waits = f"while [ -e {hanging} ]; do sleep 0.1; done"
    slow = f'resource "terraform_data" "slow" {{\n  provisioner "local-exec" {{\n    command = "{waits}"\n  }}\n}}\n'
    deploying.stacks["data"] += slow
    deploying.deliver()
    log = deploying.place.parent / "apply.log"
    kill_when(deploying, log, lambda: "terraform_data.greeting: Creation complete" in log.read_text())
    # Terraform goes on by itself, and nothing tells of it but that it is there.
    boto3.client("s3").delete_object(Bucket=deploying.repo.bucket, Key="demo-x/data/terraform.tfstate.tflock")
    process = deploying.start(log)
    try:
        until(lambda: "[data] waiting for a process that a killed run left behind" in log.read_text(), log)
    finally:
        hanging.unlink()  # only now it can end
    assert process.wait(PATIENCE) == 0, log.read_text()
    assert "[data] done: nothing to do" in log.read_text()
    assert present(deploying) == FIRST


@pytest.mark.timeout(900)
def test_a_terraform_that_was_killed_alone_keeps_nobody_from_going_on(deploying: Deploying) -> None:
    deploying.deliver()
    log = deploying.place.parent / "apply.log"
    (deploying.place / "hang-greeting").touch()
    process = deploying.start(log)
    try:
        until(lambda: "terraform_data.greeting: Creating" in log.read_text() and is_locked(deploying, "data"), log)
        killed = [each for each in at_work(deploying.repo.root.parent, process.pid) if each.kind == TERRAFORM]
        assert [kill(each) for each in killed].count(True) > 0
        assert process.wait(PATIENCE) != 0
    finally:
        process.kill()
        process.wait()
    # Only now that what Terraform had started is ended, too: it would make the greeting, and nobody would know of it.
    (deploying.place / "hang-greeting").unlink()
    assert is_locked(deploying, "data")
    assert deploying.start(log).wait(PATIENCE) == 0, log.read_text()
    assert re.search(r"\[data\] removed the state's lock .*Terraform was killed during", log.read_text())
    assert present(deploying) == FIRST
    assert not is_locked(deploying, "data")


@pytest.mark.timeout(900)
def test_killed_at_random_while_s3_fails_it_ends_as_in_peace(deploying: Deploying, tmp_path: Path) -> None:
    """The short form of `make chaos`."""
    counted: Counter[str] = Counter()
    life, storage = Life(0, deploying, tmp_path / "runs.log"), Storage(BUCKET, random.Random(3), counted)
    with forwarding(deploying.terraform.environment["AWS_ENDPOINT_URL"], storage.between) as address:
        trouble = Trouble(address, storage, random.Random(3), counted, kills=1)
        assert list(life.lead(["clone"], trouble)) == [], life.log.read_text()
    assert sum(count for what, count in counted.items() if what.startswith("kills")) == 1
    assert not [each for each in remains(deploying) if each.endswith((".tflock", "a lease"))]
    assert {entry.result for entry in deploying.ledger.steps.values()} == {"succeeded"}
    assert {name: value for name, (value, _) in present(deploying).items()} == {n: v for n, (v, _) in FIRST.items()}

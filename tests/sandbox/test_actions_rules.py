"""Which event starts what, who waits for whom, and what the runner evaluates itself: without `act`."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bot.errors import UserError
from bot.sandbox.actions.act import act_in
from bot.sandbox.actions.expressions import ExpressionUnknown, interpolated
from bot.sandbox.actions.family import Family
from bot.sandbox.actions.groups import Groups, Ticket
from bot.sandbox.actions.site import KNOWN, UNKNOWN, stand_in
from bot.sandbox.actions.start import granted
from bot.sandbox.actions.triggers import TriggerEvent, matches, starts
from bot.sandbox.actions.workflow import (
    Concurrency,
    Trigger,
    WorkflowInvalid,
    actions_used,
    parse,
    with_beginnings,
    without_queue,
)
from tests import ROOT
from tests.support.patience import PATIENCE

HERE = ROOT
KEEPING = Concurrency("g", cancels=False, keeps_all=True)
SINGLE = Concurrency("g", cancels=False, keeps_all=False)
CANCELLING = Concurrency("g", cancels=True, keeps_all=False)


def _happening(
    event: str, action: str | None = None, branch: str = "main", paths: tuple[str, ...] = ()
) -> TriggerEvent:
    sha = "a" * 40
    return TriggerEvent(event, action, branch, f"refs/heads/{branch}", sha, sha, branch, "", paths, {})


@pytest.mark.parametrize(
    ("trigger", "event", "expected"),
    [
        (Trigger("push"), _happening("push"), True),
        (Trigger("push"), _happening("workflow_dispatch"), False),
        (Trigger("push", branches=("main",)), _happening("push", branch="other"), False),
        (Trigger("push", tags=("v*",)), _happening("push"), False),
        (Trigger("push", branches=("main",), tags=("v*",)), _happening("push"), True),
        (Trigger("push", branches=("main",), tags=("v*",)), _happening("push", branch="other"), False),
        (Trigger("push", paths=("envs/**",)), _happening("push", paths=("README.md", "envs/a/b.tf")), True),
        (Trigger("push", paths=("envs/**",)), _happening("push", paths=("README.md",)), False),
        (Trigger("push", paths=("envs/**",)), _happening("push"), False),
        (Trigger("pull_request_target", types=("opened",)), _happening("pull_request_target", "opened"), True),
        (Trigger("pull_request_target", types=("opened",)), _happening("pull_request_target", "closed"), False),
        (Trigger("pull_request_target"), _happening("pull_request_target", "synchronize"), True),
        (Trigger("pull_request_target"), _happening("pull_request_target", "labeled"), False),
    ],
)
def test_filters_let_through_what_github_lets_through(trigger: Trigger, event: TriggerEvent, expected: bool) -> None:
    assert starts(trigger, event) is expected


@pytest.mark.parametrize(
    ("text", "patterns", "expected"),
    [
        ("envs/a/b/main.tf", ("envs/**",), True),
        ("envs/a/b/main.tf", ("envs/*",), False),
        ("envs/a", ("envs/*",), True),
        ("xenvs/a", ("envs/**",), False),
        ("envs/a/x.md", ("envs/**", "!envs/**.md"), False),
        ("release/1.0", ("release/**",), True),
        ("a+b(c)", ("a+b(c)",), True),
    ],
)
def test_patterns_are_github_s(text: str, patterns: tuple[str, ...], expected: bool) -> None:
    assert matches(text, patterns) is expected


def test_expressions_look_up_and_fall_back_and_nothing_else_is_guessed() -> None:
    contexts = {"github": {"event": {"number": 7}, "ref": ""}, "matrix": {"environment": "demo-x"}}
    assert interpolated("plan-${{ github.event.number }}", contexts) == "plan-7"
    assert interpolated("${{ github.ref || 'none' }} ${{ matrix.environment }}", contexts) == "none demo-x"
    assert interpolated("${{ github.absent.deeper }}|", contexts) == "|"
    assert interpolated("${{ github.event.number == '7' && 'seven' || 'other' }}", contexts) == "seven"
    assert interpolated("${{ github.event.number != '7' && 'other' || github.absent }}|", contexts) == "|"
    assert interpolated("${{ !github.ref && matrix.environment == 'DEMO-X' && 'both' || 'one' }}", contexts) == "both"
    with pytest.raises(ExpressionUnknown, match="fromJSON"):
        interpolated("${{ fromJSON(github.event) }}", contexts)


def test_what_the_runner_does_not_understand_is_refused() -> None:
    for text in (
        "on: {push: {paths-ignore: [a]}}\njobs: {}\n",
        "on: push\npermissions: write-all\njobs: {}\n",
        "on: push\njobs: []\n",
        "on: [push\n",
    ):
        with pytest.raises(WorkflowInvalid):
            parse("x.yml", text)


def test_a_job_has_its_own_permissions_or_the_file_s() -> None:
    text = (
        "on: push\npermissions: {contents: read}\njobs: {a: {}, b: {permissions: {id-token: write, contents: write}}}\n"
    )
    workflow = parse("x.yml", text)
    assert workflow.job("a").permissions == {"contents": "read"}
    assert workflow.permissions == {"contents": "write", "id-token": "write"}
    assert granted(workflow.permissions) == {"metadata": "read", "contents": "write"}


def test_the_queue_that_act_does_not_know_is_blanked_and_nothing_else() -> None:
    text = (HERE / ".github/workflows/apply.yml").read_text()
    changed = without_queue(text)
    before, after = (yaml.load(t, Loader=yaml.BaseLoader) for t in (text, changed))  # noqa: S506 - words only
    assert before["jobs"]["apply"]["concurrency"].pop("queue") == "max"
    assert before == after
    assert len(text.splitlines()) == len(changed.splitlines())


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("    steps:\n      - uses: a/b@c\n      - run: x\n", ["Begin", "a/b@c", "x"]),
        ("    steps:\n    - run: x\n", ["Begin", "x"]),
        ("    steps:\n\n      # Why.\n      -   run: x\n", ["Begin", "x"]),
        ("    steps: [{run: x}, {run: y}]\n", ["Begin", "x", "y"]),
        ("    steps: []\n", []),
        ("    uses: ./.github/workflows/other.yml\n", []),
    ],
)
def test_every_job_begins_with_the_runner_s_own_step(steps: str, expected: list[str]) -> None:
    text = f"on: push\njobs:\n  first:\n    runs-on: x\n{steps}  second:\n{steps}"
    jobs = yaml.safe_load(with_beginnings(text))["jobs"]
    for job in jobs.values():
        names = [step.get("name") or step.get("uses") or step["run"] for step in job.get("steps", [])]
        assert names == expected


def test_an_environment_without_act_is_told_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pip install 'envclone\[sandbox\]'"):
        act_in(tmp_path)
    assert act_in(Path(sys.executable).parent).name == "act"


def test_every_action_that_our_workflows_use_has_a_stand_in() -> None:
    for path in (HERE / ".github").rglob("*.yml"):
        if path.name == "release.yml":  # is about this repository's own code, so no sandbox has it
            continue
        for action, _ in actions_used(path.read_text()):
            assert stand_in(action).name in KNOWN - {UNKNOWN}, action


def _waiting(groups: Groups, ticket: Ticket, came: list[str], name: str) -> threading.Thread:
    def wait() -> None:
        came.append(name if groups.wait(ticket) else f"{name} dropped")

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (KEEPING, ["a", "b", "c"]),
        (SINGLE, ["a", "b dropped", "c"]),
        (CANCELLING, ["a", "b dropped", "c"]),
    ],
    ids=["keeping", "single", "cancelling"],
)
def test_members_of_a_group_take_turns_by_its_rules(rules: Concurrency, expected: list[str]) -> None:
    groups, came, dropped = Groups(), list[str](), list[str]()
    tickets: list[Ticket] = []
    for name in "abc":
        tickets.append(groups.join("G" if name == "b" else "g", rules, _noting(dropped, name)))
        if name == "a":
            assert groups.wait(tickets[0])
            came.append("a")
    waiting = [_waiting(groups, tickets[1], came, "b")]
    if rules is not KEEPING:
        waiting[0].join(PATIENCE)
    waiting.append(_waiting(groups, tickets[2], came, "c"))
    assert "c" not in came  # the first is inside until it leaves, cancelled or not
    for ticket, thread in zip(tickets, [None, *waiting], strict=True):
        if thread is not None:
            thread.join(PATIENCE)
        groups.leave(ticket)
    assert came == expected
    assert dropped == (["a", "b"] if rules is CANCELLING else ["b"] if rules is SINGLE else [])


def _noting(dropped: list[str], name: str) -> Callable[[], None]:
    return lambda: dropped.append(name)


def test_a_family_is_known_also_after_it_scattered() -> None:
    script = "import subprocess, sys, time; subprocess.Popen(['sleep', '600'], start_new_session=True); time.sleep(600)"
    leader = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    family = Family(leader.pid)
    deadline = time.monotonic() + PATIENCE
    while len(family.living()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(family.living()) == 2
    leader.kill()
    leader.wait()
    assert len(family.living()) == 1
    family.signal(9)
    assert family.gone(within=PATIENCE)

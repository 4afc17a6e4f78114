"""Apply hooks as the ledger, the graph and their own declarations want it: tried again, ended in time, bounded in number.

The environment has no stack, so no Terraform runs; everything else is as it is.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.clients.objects.directory import DirectoryStore
from bot.core.ledger.ledger import Ledger, Undo
from bot.names import StepName
from tests.support.hooked import ASKED_AT, Hooked


class Stopped(BaseException):
    """The run is stopped here."""


class StoppedAfter(DirectoryStore):
    """A store whose run is stopped once it has written so often; nothing is written afterwards."""

    def __init__(self, path: Path, writes: int) -> None:
        super().__init__(path)
        self.left = writes

    def write(self, key: str, data: bytes, **named: Any) -> str:
        if not self.left:
            raise Stopped
        self.left -= 1
        tag = super().write(key, data, **named)
        if not self.left:
            raise Stopped
        return tag


def step(name: str, inputs: str, more: str = "") -> str:
    return f"""  {name}:
    run: {{apply: [python3, hooks/step.py], undo: [python3, hooks/step.py]}}
    with: {{name: {{value: {name}}}, {inputs}}}
{more}"""


@pytest.mark.whole
def test_a_hook_that_fails_twice_is_tried_until_it_succeeds(hooked: Hooked) -> None:
    hooked.declare("hooks:\n" + step("flaky", "fails: {value: 2}", "    retries: {attempts: 3, backoff: 1s}\n"))
    result = hooked.only()
    assert (result.state, result.attempts) == ("succeeded", 3)
    assert hooked.told == ["begin flaky"] * 3 + ["end flaky"]
    assert "[flaky] attempt 2 of 3 failed; the next is in 2 s" in hooked.lines
    assert hooked.ledger.steps[StepName("flaky")].attempt == 3
    assert hooked.only().state == "skipped"


@pytest.mark.slow
def test_a_hook_is_tried_no_more_often_than_it_may_be(hooked: Hooked) -> None:
    hooked.declare("hooks:\n" + step("flaky", "fails: {value: 2}", "    retries: {attempts: 2, backoff: 1s}\n"))
    assert (result := hooked.only()).state == "failed"
    assert (result.attempts, result.reason) == (2, "`python3` (apply) exited with code 1: not yet")
    assert hooked.only().state == "succeeded"


@pytest.mark.parametrize(
    ("on", "state", "begun"),
    [("", "failed", 1), ("on: [failure]", "failed", 1), ("on: [timeout]", "succeeded", 2)],
)
def test_a_hook_that_hangs_is_ended_and_tried_again_only_if_that_is_declared(
    hooked: Hooked, on: str, state: str, begun: int
) -> None:
    retries = f"    retries: {{attempts: 2, backoff: 1s, {on}}}\n    timeout: 10s\n"
    hooked.declare("hooks:\n" + step("hanging", "hangs: {value: 1}", retries))
    result = hooked.only()
    assert result.state == state, hooked.lines
    assert hooked.told.count("begin hanging") == begun
    assert any("[hanging] failed: `python3` (apply) did not finish within" in line for line in hooked.lines)
    assert hooked.ledger.steps[StepName("hanging")].request == ASKED_AT, "as in the log of the service and of the run"


def test_a_failure_is_not_tried_again_where_only_timeouts_are(hooked: Hooked) -> None:
    retries = "    retries: {attempts: 3, backoff: 1s, on: [timeout]}\n"
    hooked.declare("hooks:\n" + step("flaky", "fails: {value: 2}", retries))
    assert hooked.only().attempts == 1


def test_what_would_fail_again_is_not_tried_again(hooked: Hooked) -> None:
    retries = "    retries: {attempts: 3, backoff: 1s}\n"
    hooked.declare("hooks:\n" + step("absent", "", retries).replace("step.py", "absent.py"))
    result = hooked.only()
    assert (result.state, result.attempts) == ("failed", 1)
    assert "does not exist in the environment's directory" in result.reason


@pytest.mark.whole
def test_an_output_that_vanished_fails_whoever_takes_it_by_name(hooked: Hooked) -> None:
    taker = step("taker", "url: {from: giver.url, stand_in: x}")
    hooked.declare("hooks:\n" + step("giver", "gives: {value: {url: u, other: o}}") + taker)
    assert hooked.apply().has_succeeded
    hooked.declare("hooks:\n" + step("giver", "gives: {value: {other: o}}") + taker)
    giver, failed = hooked.apply().steps
    assert (giver.state, failed.state) == ("succeeded", "failed")
    assert (
        failed.reason
        == "An input of `taker` refers to `giver.url`, but `giver` has no such output (available: `other`)."
    )
    assert hooked.told.count("begin taker") == 1


def test_independent_steps_run_side_by_side(hooked: Hooked) -> None:
    meeting = step("one", "meets: {value: two}") + step("two", "meets: {value: one}")
    hooked.declare("hooks:\n" + meeting)
    assert hooked.apply().has_succeeded, hooked.lines


@pytest.mark.whole
def test_no_more_steps_run_at_once_than_is_declared(hooked: Hooked) -> None:
    names = ("one", "two", "three", "four")
    hooked.declare("concurrency: 1\nhooks:\n" + "".join(step(name, "") for name in names))
    assert hooked.apply().has_succeeded
    assert hooked.told == [line for name in names for line in (f"begin {name}", f"end {name}")]


def test_what_is_to_be_undone_is_in_the_ledger_before_the_hook_begins(hooked: Hooked) -> None:
    hooked.declare("hooks:\n" + step("effect", "gives: {value: {}}"))
    assert hooked.apply().has_succeeded
    seen = Ledger.model_validate_json((hooked.root / "ledger-effect").read_bytes())
    entry = seen.steps[StepName("effect")]
    assert entry.result == "running"
    assert entry.undo == Undo(run=("python3", "hooks/step.py"), record={"undo": None})


def test_a_renamed_hook_is_not_done_again_and_goes_on_where_it_failed(hooked: Hooked) -> None:
    one, two = step("one", "leaves: {value: kept}"), step("two", "fails: {value: 1}")
    hooked.declare(f"hooks:\n{one}{two}")
    assert {str(each.name): each.state for each in hooked.apply().steps} == {"one": "succeeded", "two": "failed"}
    renamed = [
        text.replace(f"  {name}:\n", f"  {name}-now:\n    renamed_from: [{name}]\n", 1)
        for name, text in (("one", one), ("two", two))
    ]
    hooked.declare("hooks:\n" + "".join(renamed))
    states = {str(each.name): each.state for each in hooked.apply().steps}
    assert states == {"one-now": "skipped", "two-now": "succeeded"}
    assert sorted(hooked.told) == ["begin one", "begin two", "begin two", "end one", "end two"]
    done, again = (hooked.ledger.steps[StepName(name)] for name in ("one-now", "two-now"))
    assert (done.declared_as, done.undo is not None) == ("one", True), "a destroy finds it in the code that applied it"
    assert (again.declared_as, again.marked_as) == (None, "two")
    assert [each.state for each in hooked.apply().steps] == ["skipped", "skipped"]


def test_law_4_data_is_undone_and_made_anew_once_wherever_that_stops_and_nothing_else_runs(hooked: Hooked) -> None:
    seed = step("seed", "leaves: {value: {name: seed}}", "    data: true\n")
    hooks = f"hooks:\n{seed}{step('other', 'leaves: {value: {name: other}}')}"
    hooked.declare(hooks)
    assert {each.state for each in hooked.apply().steps} == {"succeeded"}
    (hooked.root / "told").unlink()
    hooked.head = "c" * 40
    hooked.declare(hooks, data_reset_at=datetime.now(UTC), due=("seed",))
    (hooked.root / "keeps").touch()
    states = {str(each.name): each.state for each in hooked.apply().steps}
    assert states == {"seed": "failed", "other": "skipped"}
    entry = hooked.ledger.steps[StepName("seed")]
    assert (entry.verb, entry.commit, entry.undo is not None) == ("undo", "b" * 40, True)
    (hooked.root / "keeps").unlink()
    assert {each.state for each in hooked.apply().steps} == {"succeeded", "skipped"}
    assert hooked.told == ["undo seed", "undo seed", "begin seed", "end seed"]
    assert {each.state for each in hooked.apply().steps} == {"skipped"}
    assert hooked.ledger.steps[StepName("seed")].verb == "apply"


def test_law_4_a_reset_of_data_that_is_killed_after_any_write_undoes_and_makes_it_once(hooked: Hooked) -> None:
    hooks = "hooks:\n" + step("seed", "leaves: {value: {name: seed}}", "    data: true\n")
    hooked.declare(hooks)
    assert hooked.apply().has_succeeded
    hooked.head = "c" * 40
    hooked.declare(hooks, data_reset_at=datetime.now(UTC), due=("seed",))
    before, seen = hooked.root / "before", list[tuple[str, str]]()
    shutil.copytree(hooked.store.path, before)
    for writes in range(1, 50):
        shutil.rmtree(hooked.store.path)
        shutil.copytree(before, hooked.store.path)
        (hooked.root / "told").unlink()
        try:
            hooked.apply(StoppedAfter(hooked.store.path, writes))
        except Stopped:
            entry = hooked.ledger.steps[StepName("seed")]
            seen.append((entry.verb, entry.result))
        else:
            break
        assert hooked.apply(hooked.store).has_succeeded, hooked.lines
        assert [each.state for each in hooked.apply().steps] == ["skipped"]
        # What was done and not yet written down is done again, as every verb may be; nothing is left undone, and nothing is done out of turn.
        told = (hooked.root / "told").read_text().splitlines()
        assert list(dict.fromkeys(told)) == ["undo seed", "begin seed", "end seed"]
        assert told.index("begin seed") > max(n for n, line in enumerate(told) if line == "undo seed")
    assert {("apply", "succeeded"), ("undo", "running"), ("undo", "undone"), ("apply", "running")} <= {*seen}

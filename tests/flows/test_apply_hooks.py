"""Apply hooks as the ledger, the graph and their own declarations want it: tried again, ended in time, bounded in number.

The environment has no stack, so no Terraform runs; everything else is as it is.
"""

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.checkout import Checkout
from bot.clients.ledger import LedgerFile
from bot.clients.objects import DirectoryStore
from bot.clients.terraform import Terraform, environment_of
from bot.core.apply_outcome import ApplyOutcome, StepResult
from bot.core.ledger import Ledger, Undo
from bot.core.review import Review, ReviewedStep, review_key, write_review
from bot.core.tree import tree_id
from bot.document import dump, load
from bot.environment import Manifest
from bot.flows.apply import apply
from bot.flows.applying import ApplyRequest, ApplyWorld
from bot.names import EnvironmentName, StepName
from bot.pipeline import Hooks
from bot.policy import Gate

DEMO = EnvironmentName("demo-x")
HEAD = "a" * 40

STEP = '''"""Do what the inputs say, and write down in the given place what was done."""

import json
import sys
import time
from pathlib import Path

given = json.load(sys.stdin)
inputs = given["inputs"]
place = Path(given["parameters"]["place"])
name = inputs["name"]


def told(what):
    with (place / "told").open("a") as file:
        file.write(f"{what} {name}\\n")
    return (place / "told").read_text().split("\\n")


times = told("begin").count(f"begin {name}")
(place / f"ledger-{name}").write_bytes((place / "store" / "ledger" / "demo-x.json").read_bytes())
if times <= inputs.get("hangs", 0):
    time.sleep(600)
if times <= inputs.get("fails", 0):
    sys.exit("not yet")
until = time.monotonic() + 60
while other := inputs.get("meets"):
    if f"begin {other}" in (place / "told").read_text().split("\\n"):
        break
    if time.monotonic() > until:
        sys.exit(f"{other} never began")
    time.sleep(0.05)
told("end")
print(json.dumps({"outputs": inputs.get("gives", {})}))
'''


@dataclass
class Hooked:
    """The environment demo-x, which has these hooks, and the ways to apply it."""

    root: Path
    lines: list[str] = field(default_factory=list)
    runs: int = 0

    def declare(self, hooks: str) -> None:
        """Write the environment with these hooks, and the review of it."""
        directory = self.root / "envs" / DEMO
        (directory / "hooks").mkdir(parents=True, exist_ok=True)
        manifest = Manifest.model_validate(
            {
                "name": DEMO,
                "template": "hooked",
                "revision": "0" * 40,
                "purpose": "demo",
                "owner": "alice",
                "parameters": {"place": str(self.root)},
                "stacks": {},
            }
        )
        (directory / "environment.yaml").write_text(dump(manifest, "x"))
        (directory / "hooks.yaml").write_text(hooks)
        (directory / "hooks" / "step.py").write_text(STEP)
        names = load(hooks, Hooks, "hooks.yaml").hooks
        review = Review(
            environment=DEMO,
            commit=HEAD,
            tree=tree_id(Checkout(self.root).environment(DEMO)),
            template_revision="0" * 40,
            change="create",
            key="0" * 64,
            steps={name: ReviewedStep(kind="run") for name in names},
            planned_at=datetime.now(UTC),
        )
        self.store.write(review_key(DEMO, HEAD), write_review(review))

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(self.root / "store")

    @property
    def ledger(self) -> Ledger:
        return LedgerFile(self.store, DEMO).read()

    @property
    def told(self) -> list[str]:
        return (self.root / "told").read_text().splitlines()

    def apply(self) -> ApplyOutcome:
        self.runs += 1
        world = ApplyWorld(
            store=self.store,
            terraform=Terraform(Path("no-terraform-here"), {}),
            rules=Gate(),
            hook_variables=environment_of(),
            now=lambda: datetime.now(UTC),
            log=self.lines.append,
            announce=lambda value: None,
        )
        request = ApplyRequest(
            environment=DEMO,
            root=self.root,
            commit="b" * 40,
            head=HEAD,
            by="alice",
            holder=f"run-{self.runs}",
            machine="alice@here",
        )
        return apply(request, world)

    def only(self) -> StepResult:
        """Apply, and return what became of the one step."""
        [result] = self.apply().steps
        return result


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    subprocess.run(["git", "init", "-q", tmp_path], check=True, timeout=30)
    return Hooked(tmp_path)


def step(name: str, inputs: str, more: str = "") -> str:
    return f"""  {name}:
    run: {{apply: [python3, hooks/step.py], undo: [python3, hooks/step.py]}}
    with: {{name: {{value: {name}}}, {inputs}}}
{more}"""


def test_a_hook_that_fails_twice_is_tried_until_it_succeeds(hooked: Hooked) -> None:
    hooked.declare("hooks:\n" + step("flaky", "fails: {value: 2}", "    retries: {attempts: 3, backoff: 1s}\n"))
    result = hooked.only()
    assert (result.state, result.attempts) == ("succeeded", 3)
    assert hooked.told == ["begin flaky"] * 3 + ["end flaky"]
    assert "[flaky] attempt 2 of 3 failed; the next is in 2 s" in hooked.lines
    assert hooked.ledger.steps[StepName("flaky")].attempt == 3
    assert hooked.only().state == "skipped"


def test_a_hook_is_tried_no_more_often_than_it_may_be(hooked: Hooked) -> None:
    hooked.declare("hooks:\n" + step("flaky", "fails: {value: 2}", "    retries: {attempts: 2, backoff: 1s}\n"))
    assert (result := hooked.only()).state == "failed"
    assert (result.attempts, result.reason) == (2, "`python3` (apply) ended with code 1: not yet")
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
    assert any("[hanging] failed: `python3` (apply) did not end within" in line for line in hooked.lines)


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


def test_an_output_that_vanished_fails_whoever_takes_it_by_name(hooked: Hooked) -> None:
    taker = step("taker", "url: {from: giver.url, stand_in: x}")
    hooked.declare("hooks:\n" + step("giver", "gives: {value: {url: u, other: o}}") + taker)
    assert hooked.apply().has_succeeded
    hooked.declare("hooks:\n" + step("giver", "gives: {value: {other: o}}") + taker)
    giver, failed = hooked.apply().steps
    assert (giver.state, failed.state) == ("succeeded", "failed")
    assert failed.reason == "`taker` takes `giver.url`, but `giver` has no such output (it has: `other`)."
    assert hooked.told.count("begin taker") == 1


def test_independent_steps_run_side_by_side(hooked: Hooked) -> None:
    meeting = step("one", "meets: {value: two}") + step("two", "meets: {value: one}")
    hooked.declare("hooks:\n" + meeting)
    assert hooked.apply().has_succeeded, hooked.lines


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

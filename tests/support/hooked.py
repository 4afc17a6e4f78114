"""An environment of hooks alone, so that it is applied without Terraform; everything else is as it is."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.clients.cage import Cage
from bot.clients.git.checkout import Checkout
from bot.clients.ledger import LedgerFile
from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.store import ObjectStore
from bot.clients.terraform.terraform import Terraform
from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules
from bot.core.ledger.apply_result import ApplyOutcome, StepResult
from bot.core.ledger.ledger import Ledger
from bot.core.plans.review import Review, ReviewedStep, review_key, write_review
from bot.core.tree import tree_id
from bot.model.environment import Manifest
from bot.model.pipeline import Hooks
from bot.model.static_check_rules import StaticCheckRules
from bot.model.yaml_document import dump, load
from bot.names import EnvironmentName
from bot.runs.apply.apply import apply
from bot.runs.context import ApplyContext
from bot.runs.request import ApplyRequest

DEMO = EnvironmentName("demo-x")
HEAD = "a" * 40
ASKED_AT = "https://github.example/acme/infra/issues/1#issuecomment-7"

STEP = '''"""Do what the inputs say, and write down in the given place what was done."""

import json
import sys
import time
from pathlib import Path

given = json.load(sys.stdin)
inputs = given["inputs"]
place = Path(given["parameters"]["place"])
name = inputs["name"] if inputs else given["undo"]["name"]


def told(what):
    with (place / "told").open("a") as file:
        file.write(f"{what} {name}\\n")
    return (place / "told").read_text().split("\\n")


if given["verb"] == "undo":
    told("undo")
    if (place / "keeps").exists():
        sys.exit("not now")
    print(json.dumps({"evidence": "taken back"}))
    sys.exit()
times = told("begin").count(f"begin {name}")
(place / f"ledger-{name}").write_bytes((place / "store" / "ledger" / "demo-x.json").read_bytes())
if times <= inputs.get("hangs", 0):
    time.sleep(600)
if times <= inputs.get("fails", 0):
    sys.exit("not yet")
until = time.monotonic() + 300
while other := inputs.get("meets"):
    if f"begin {other}" in (place / "told").read_text().split("\\n"):
        break
    if time.monotonic() > until:
        sys.exit(f"{other} never began")
    time.sleep(0.05)
told("end")
hidden = inputs.get("hides", [])
print(json.dumps({"outputs": inputs.get("gives", {}), "sensitive": hidden, "undo": inputs.get("leaves")}))
'''


@dataclass
class Hooked:
    """The environment demo-x, which has these hooks, and the ways to apply it."""

    root: Path
    lines: list[str] = field(default_factory=list)
    runs: int = 0
    head: str = HEAD

    def declare(self, hooks: str, *, data_reset_at: datetime | None = None, due: tuple[str, ...] = ()) -> None:
        """Write the environment with these hooks, and the review of it; `due` are those that it showed to do something."""
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
                "data_reset_at": data_reset_at,
            }
        )
        (directory / "environment.yaml").write_text(dump(manifest, "x"))
        (directory / "hooks.yaml").write_text(hooks)
        (directory / "hooks" / "step.py").write_text(STEP)
        names = load(hooks, Hooks, "hooks.yaml").hooks
        review = Review(
            environment=DEMO,
            commit=self.head,
            tree=tree_id(Checkout(self.root).environment(DEMO)),
            template_revision="0" * 40,
            change="create",
            key="0" * 64,
            steps={name: ReviewedStep(kind="run", is_due=name in due) for name in names},
            planned_at=datetime.now(UTC),
        )
        self.store.write(review_key(DEMO, self.head), write_review(review))

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(self.root / "store")

    @property
    def ledger(self) -> Ledger:
        return LedgerFile(self.store, DEMO).read()

    @property
    def told(self) -> list[str]:
        return (self.root / "told").read_text().splitlines()

    def apply(self, store: ObjectStore | None = None, ahead: timedelta = timedelta()) -> ApplyOutcome:
        """Apply in a run of its own; with a `store` that may stop it, in the very run that is begun again. By a clock that is so far ahead."""
        self.runs += store is None
        world = ApplyContext(
            store=store or self.store,
            terraform=Terraform(Path("no-terraform-here"), {}, reach=Cage(writes=(self.root,))),
            rules=GateRules(StaticCheckRules(), FACTS),
            hook_variables=Terraform(Path("terraform"), os.environ).environment,
            now=lambda: datetime.now(UTC) + ahead,
            log=self.lines.append,
            announce=lambda value: None,
        )
        request = ApplyRequest(
            environment=DEMO,
            root=self.root,
            commit="b" * 40,
            head=self.head,
            by="alice",
            lock_owner=f"run-{self.runs}",
            machine="alice@here",
            asked_at=ASKED_AT,
        )
        return apply(request, world)

    def only(self) -> StepResult:
        """Apply, and return what became of the one step."""
        [result] = self.apply().steps
        return result

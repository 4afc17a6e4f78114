"""A monorepo with an environment that is planned, merged and applied for real: three stacks and two hooks."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from bot.clients.git.checkout import Checkout
from bot.clients.ledger import LedgerFile
from bot.clients.objects.s3 import S3Store
from bot.clients.orphans.searches import SEARCHES
from bot.clients.terraform.terraform import Terraform
from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules
from bot.core.ledger.apply_result import ApplyOutcome
from bot.core.ledger.destroy_report import DestroyReport
from bot.core.ledger.ledger import Ledger
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.tree import UNSAVED_STATE, File
from bot.model.environment import Manifest
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.model.roots import DEFAULT, Roots
from bot.names import EnvironmentName
from bot.runs.apply.apply import apply
from bot.runs.context import ApplyContext
from bot.runs.destroy.destroy import destroy
from bot.runs.destroy.orphans import OrphanSearch
from bot.runs.plan.context import PlanContext
from bot.runs.plan.plan import Planned, plan
from bot.runs.plan.plan_destroy import plan_destroy
from bot.runs.plan.request import PlanRequest
from bot.runs.request import ApplyRequest
from tests.support.cloud import REGION
from tests.support.fixtures import Fixtures
from tests.support.monorepo import Monorepo
from tests.support.patience import PATIENCE
from tests.support.preloaded import Preloaded
from tests.support.product import MADE, STACKS, manifest, template

DEMO = EnvironmentName("demo-x")
PRODUCTION = EnvironmentName("production")


@dataclass
class Deploying:
    """The monorepo, its account, and the ways to plan and apply `demo-x`. `lines` is the log.

    `place` is a folder at the home of Terraform and hooks. What is first delivered is perhaps on the `shelf`.
    """

    repo: Monorepo
    place: Path
    terraform: Terraform
    shelf: Fixtures | None = None
    stacks: dict[str, str] = field(default_factory=lambda: dict(STACKS))
    lines: list[str] = field(default_factory=list)
    secrets: list[object] = field(default_factory=list)
    runs: int = 0
    max_parallel: int = 4
    former: dict[str, tuple[str, ...]] = field(default_factory=dict)
    migrations: str = ""

    @classmethod
    def create(
        cls, place: Path, bucket: str, terraform: Terraform, shelf: Fixtures | None = None, *, roots: Roots = DEFAULT
    ) -> "Deploying":
        repo = Monorepo(place / "monorepo", bucket, roots=roots)
        repo.root.mkdir()
        repo.git("init", "-q", "-b", "main")
        (place / "place").mkdir()
        found = cls(repo, place / "place", terraform, shelf)
        policy = found.policy.model_dump_json().encode()
        repo.put(".", {POLICY: File(policy)})
        at = found.template
        repo.put(at.where, at.files)
        repo.put(
            roots.environment(PRODUCTION),
            assemble(at, found.manifest(at, PRODUCTION, account_id="999999999999", state_bucket="other")),
        )
        repo.commit("base")
        return found

    def manifest(self, at: TemplateAt, name: EnvironmentName, **parameters: str) -> Manifest:
        """Return the manifest of production, or of a clone of it."""
        source = None if name == PRODUCTION else PRODUCTION
        return manifest(at, name, source, {"state_bucket": self.repo.bucket, "place": self.place.name, **parameters})

    def drop(self, stack: str) -> None:
        """Let the template have one stack less."""
        del self.stacks[stack]
        shutil.rmtree(self.repo.root / self.template.where / stack)

    def rename(self, old: str, new: str) -> None:
        """Let a stack of the template be called otherwise, and say what it was called; if that is its first name, nothing is said."""
        names = (*self.former.pop(old, ()), old)
        self.stacks = {new if stack == old else stack: main for stack, main in self.stacks.items()}
        if new not in names:
            self.former[new] = names
        for place in (self.template.where, self.repo.roots.environment(DEMO)):
            shutil.rmtree(self.repo.root / place / old)

    @property
    def template(self) -> TemplateAt:
        return replace(template(self.stacks, former=self.former, migrations=self.migrations), roots=self.repo.roots)

    @property
    def policy(self) -> Policy:
        return self.repo.policy

    @cached_property
    def store(self) -> S3Store:
        return S3Store(self.repo.bucket, "", REGION)

    @property
    def ledger(self) -> Ledger:
        return LedgerFile(self.store, DEMO).read()

    def propose(self, **parameters: str) -> str:
        """Commit the environment, and its template as it is now, to a branch; return that branch's head."""
        self.shelf = None
        at = self.template
        manifest = self.manifest(at, DEMO, **parameters)
        self._clean()
        self.repo.git("checkout", "-q", "-B", "change")
        self.repo.put(at.where, at.files)
        self.repo.put(self.repo.roots.environment(DEMO), assemble(at, manifest))
        return self.repo.commit("propose demo-x")

    def review(self, head: str) -> None:
        """Plan the head, as the plan workflow does."""
        self.repo.git("checkout", "-q", head)
        outcome = plan(PlanRequest(DEMO, head, "create"), self.planner())
        assert isinstance(outcome, Planned), outcome

    def _clean(self) -> None:
        """Remove what a killed run left where Terraform puts an unsaved state: whoever proposes has another checkout."""
        self.repo.git("clean", "-fdq", "--", f":(glob)**/{UNSAVED_STATE}")

    def planner(self) -> PlanContext:
        return PlanContext(
            checkout=Checkout(self.repo.root, self.repo.roots),
            policy=self.policy,
            base_template=lambda name: self.template.files,
            terraform=self.terraform,
            store=self.store,
            now=lambda: datetime.now(UTC),
        )

    def remove(self) -> str:
        """Propose, review and merge the removal of the directory; return the head that was reviewed."""
        self._clean()
        self.repo.git("checkout", "-q", "main")
        base = self.repo.git("rev-parse", "HEAD").strip()
        self.repo.git("checkout", "-q", "-B", "removal")
        self.repo.git("rm", "-q", "-r", self.repo.roots.environment(DEMO))
        head = self.repo.commit("destroy demo-x")
        outcome = plan_destroy(PlanRequest(DEMO, head, "destroy"), self.planner(), base)
        assert isinstance(outcome, Planned), outcome
        self.merge(head)
        return head

    def merge(self, head: str) -> str:
        """Merge the head into main with a merge commit, and check main out."""
        self.repo.git("checkout", "-q", "main")
        who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
        self.repo.git(*who, "merge", "-q", "--no-ff", "-m", "merge", head)
        return self.repo.git("rev-parse", "HEAD").strip()

    def bring_back(self, head: str) -> None:
        """Put main back to a reviewed head, as if it had just been merged."""
        self.repo.git("checkout", "-q", "-B", "main", head)

    def deliver(self, **parameters: str) -> str:
        """Propose, review and merge; return the head that was reviewed."""
        shelf = self.shelf
        if shelf is None or parameters or self.stacks != dict(STACKS):
            head = self.propose(**parameters)
            self.review(head)
            self.merge(head)
            return head
        self.shelf = None  # it holds what is delivered first
        return shelf.take(self.repo, self.deliver)

    def world(self) -> ApplyContext:
        return ApplyContext(
            store=self.store,
            terraform=self.terraform,
            rules=GateRules(self.policy.gate, FACTS, roots=self.policy.roots),
            hook_variables=self.terraform.environment,
            now=lambda: datetime.now(UTC),
            log=self.lines.append,
            announce=self.secrets.append,
        )

    def apply(self, head: str, world: ApplyContext | None = None, take_over: str = "") -> ApplyOutcome:
        """Apply what is checked out, in this process."""
        return apply(replace(self.request(head), take_over=take_over), world or self.world())

    def destroy(self, head: str, world: ApplyContext | None = None) -> DestroyReport:
        """Destroy what is gone from what is checked out, in this process."""
        return destroy(
            self.request(head), world or self.world(), self.policy, OrphanSearch(SEARCHES, pause=timedelta(0))
        )

    def request(self, head: str) -> ApplyRequest:
        self.runs += 1
        return ApplyRequest(
            environment=DEMO,
            root=self.repo.root,
            commit=self.repo.git("rev-parse", "HEAD").strip(),
            head=head,
            by="alice",
            lock_owner=f"run-{self.runs}",
            machine="alice@somewhere",
            run_url=f"https://github.example/run/{self.runs}",
            max_parallel=self.max_parallel,
        )

    def start(self, log: Path, **variables: str) -> Preloaded:
        """Start `envclone apply demo-x` as a process of its own, as the apply workflow does; its log goes to a file."""
        environment = {**self.terraform.environment, **variables, "PYTHONPATH": os.getcwd()}
        return Preloaded("tests.support.apply_command", [DEMO], environment, log, self.repo.root)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.1)

    def ran(self) -> list[str]:
        """Return the verbs with which the hook was called."""
        file = self.place / "ran"
        return file.read_text().split() if file.exists() else []

    def parameters(self) -> dict[str, tuple[str, int]]:
        """Return what the environment made, by name: its value, and how often it was put."""
        values = [(thing["input"] or {}).get("value") for _, thing in self._things()]
        made = [each for each in values if isinstance(each, dict)]
        marks = self.place / MADE
        keys = marks.read_text().split() if marks.exists() else []
        of_stacks = {each["name"]: (each["value"], keys.count(each["name"].rpartition("/")[2])) for each in made}
        pages = boto3.client("ssm", REGION).get_paginator("get_parameters_by_path")
        found = pages.paginate(Path=f"/{DEMO}", Recursive=True, WithDecryption=True)
        on_aws = {each["Name"]: (each["Value"], each["Version"]) for page in found for each in page["Parameters"]}
        return {**of_stacks, **on_aws}

    def left(self) -> list[str]:
        """Return what is still there of the environment: in its states and in its account."""
        groups = boto3.client("logs").describe_log_groups()["logGroups"]
        things = [address for address, _ in self._things()]
        return [*things, *self.parameters(), *(group["logGroupName"] for group in groups)]

    def _things(self) -> list[tuple[str, Mapping[str, Any]]]:
        found = []
        for key in (f"{DEMO}/{stack}/terraform.tfstate" for stack in {**STACKS, **self.stacks}):
            stored = self.store.read(key)
            for resource in json.loads(stored.data)["resources"] if stored else []:
                address = f"{key}: {resource['type']}.{resource['name']}"
                found += [
                    (address, each["attributes"])
                    for each in resource["instances"]
                    if resource["type"] == "terraform_data"
                ]
        return found

    def change_outside(self, stack: str, name: str, value: str) -> None:
        """Let a thing have another value, as somebody's own apply from elsewhere would leave it."""
        with self._state(stack) as state:
            [instance] = next(each for each in state["resources"] if each["name"] == name)["instances"]
            for attribute in ("input", "output"):
                instance["attributes"][attribute]["value"]["value"] = value
            instance["attributes"]["triggers_replace"]["value"] = value

    def lose_outside(self, stack: str, name: str) -> None:
        """Let a thing be gone, as somebody's own destroy of it would leave it."""
        with self._state(stack) as state:
            state["resources"] = [each for each in state["resources"] if each["name"] != name]

    @contextmanager
    def _state(self, stack: str) -> Iterator[dict[str, Any]]:
        key = f"{DEMO}/{stack}/terraform.tfstate"
        stored = self.store.read(key)
        assert stored is not None
        state = json.loads(stored.data)
        yield state
        self.store.write(key, json.dumps({**state, "serial": state["serial"] + 1}).encode())

    def everything_kept(self) -> str:
        """Return all that is kept or said in clear: the log, the ledger, and the hook's own words in it."""
        return json.dumps(self.lines) + self.ledger.model_dump_json()

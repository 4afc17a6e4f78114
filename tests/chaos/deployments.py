"""From merge to cloud: the runner, Terraform and hooks are killed and S3 fails while environments are applied, changed and destroyed.

Each run is started again, as `/resume` does, until it ends well. The same lives are led in peace, and what is there at the end must
be the same: states, ledger, objects, what was made, and what the hooks did.
"""

import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from tests.chaos.found import Found, Run
from tests.chaos.killing import TERRAFORM, at_work, kill
from tests.chaos.remains import MADE_BY_TERRAFORM, remains
from tests.chaos.storage import Storage
from tests.support.cloud import REGION, cloud
from tests.support.deploying import Deploying
from tests.support.forwarder import forwarding
from tests.support.needs import allowed
from tests.support.terraform import program

PROGRESS = (3, 20, 60)
"""Requests to S3 between two kills, at most: an apply makes about sixty. So a slow machine is killed in the same places as a fast one."""
IN_PEACE = 4
"""How often a run is started again in peace: one may find a lock whose holder it waits for."""
BUCKET = "state"
MACHINE = "the whole machine"
LIVES = (
    ("clone", "set"),
    ("clone", "again", "sync"),
    ("clone", "destroy"),
    ("clone", "set", "destroy"),
    ("clone", "set", "sync", "destroy"),
)
"""What may become of an environment; `again` applies what is applied."""
ADDED = '\nresource "terraform_data" "added" {\n  input = "/${var.name}/added"\n}\n'


@dataclass
class Life:
    """One environment, from its first apply to its end. `killed` are the kinds of processes that were killed on the way."""

    number: int
    deploying: Deploying
    log: Path
    killed: Counter[str] = field(default_factory=Counter)

    def lead(self, acts: Sequence[str], trouble: "Trouble | None") -> Iterator[str]:
        """Do one act after the other; yield the one that never ended."""
        for act in acts:
            self._ask(act)
            if not self._is_carried_out(trouble):
                yield act
                return

    def _ask(self, act: str) -> None:
        """Propose, review and merge what the act is about."""
        match act:
            case "clone":
                self.deploying.deliver()
            case "set":
                self.deploying.deliver(greeting="good morning")
            case "sync":
                self.deploying.stacks["network"] += ADDED
                self.deploying.deliver(greeting="good morning")
            case "destroy":
                self.deploying.remove()

    def _is_carried_out(self, trouble: "Trouble | None") -> bool:
        """Start the run again until it ends well, as `/resume` does; say whether it did."""
        if trouble is not None:
            trouble.begin()
        in_peace = 0
        while in_peace < IN_PEACE:
            process = self.deploying.start(self.log, **(trouble.variables if trouble is not None else {}))
            while process.poll() is None:
                if trouble is not None:
                    trouble.strike(self, process.pid)
                time.sleep(0.02)
            if process.poll() == 0:
                break
            in_peace += trouble is None or trouble.is_over
        if trouble is not None:
            trouble.end()
        return in_peace < IN_PEACE


class Trouble:
    """Kills of what is at work, and faults of S3, by a seed."""

    def __init__(
        self,
        address: str,
        storage: Storage,
        chance: random.Random,
        counted: "Counter[str]",
        *,
        kills: int,
    ) -> None:
        self.variables, self._kills = {"AWS_ENDPOINT_URL": address}, kills
        self._storage, self._chance, self._counted = storage, chance, counted
        self._left, self._next = 0, 0

    def begin(self) -> None:
        """Let there be trouble, until there were some kills."""
        self._left = self._chance.randint(math.ceil(self._kills / 4), self._kills)
        self._storage.is_calm = False
        self._draw()

    @property
    def is_over(self) -> bool:
        return self._left == 0

    def end(self) -> None:
        """Leave everything in peace."""
        self._left, self._storage.is_calm = 0, True

    def strike(self, life: Life, runner: int) -> None:
        """Kill something, if it is time: the runner, Terraform, a hook, anything that they started, or the whole machine."""
        if self.is_over or self._storage.asked < self._next:
            return
        self._draw()
        found = at_work(life.deploying.repo.root.parent, runner)
        kind = self._chance.choice([*sorted({each.kind for each in found}), MACHINE])
        victims = [each for each in found if kind in {each.kind, MACHINE}]
        for each in victims if kind == MACHINE else [self._chance.choice(victims)]:
            if kill(each):
                life.killed[each.kind] += 1
        self._counted[f"kills of {kind}"] += 1
        self._left -= 1
        if self.is_over:
            self.end()

    def _draw(self) -> None:
        self._next = self._storage.asked + self._chance.randint(1, self._chance.choice(PROGRESS))


def deployments(directory: Path, run: Run, counted: "Counter[str]") -> Found:
    """Lead lives while there is trouble, and again without; return what is there in the end."""
    seed = run.seed
    troubled: Counter[str] = Counter()
    peaceful: Counter[str] = Counter()
    end, led = time.monotonic() + run.seconds, 0
    while led == 0 or time.monotonic() < end:
        acts = random.Random(f"{seed} acts {led}").choice(LIVES)
        with _life(directory / f"peaceful-{led}", led) as life:
            in_peace = _led(life, acts, None)
        with _life(directory / f"troubled-{led}", led) as life:
            storage = Storage(BUCKET, random.Random(f"{seed} storage {led}"), counted)
            with forwarding(life.deploying.terraform.environment["AWS_ENDPOINT_URL"], storage.between) as address:
                trouble = Trouble(address, storage, random.Random(f"{seed} kills {led}"), counted, kills=run.kills)
                in_trouble = _led(life, acts, trouble)
            if life.killed[TERRAFORM]:
                again = Counter({what: n for what, n in (in_trouble - in_peace).items() if MADE_BY_TERRAFORM in what})
                counted["things made again, for Terraform was killed before it wrote its state"] += again.total()
                in_trouble -= again
        peaceful, troubled, led = peaceful + in_peace, troubled + in_trouble, led + 1
    return Found(f"{led} environments applied", peaceful, troubled)


def _led(life: Life, acts: Sequence[str], trouble: Trouble | None) -> "Counter[str]":
    """Lead a life, and return what is there at its end."""
    stuck = [f"{act} never ended" for act in life.lead(acts, trouble)]
    found = Counter([*stuck, *remains(life.deploying)])
    return Counter({f"environment {life.number} ({', '.join(acts)}): {what}": n for what, n in found.items()})


@contextmanager
def _life(directory: Path, number: int) -> Iterator[Life]:
    """Yield an environment in an account that holds nothing but its state bucket."""
    directory.mkdir()
    (directory / "scratch").mkdir()
    with allowed({"e2e"}), cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        own = {"HOME": str(directory), "TMPDIR": str(directory / "scratch")}
        terraform = program(directory / "configuration", {**variables, **own}, directory / "place")
        yield Life(number, Deploying.create(directory, BUCKET, terraform), directory / "runs.log")

"""Parity by plan of generated documents of 1,000 and 5,000 resources, against reading the same plan (JSON, masked values) alone."""

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from bot.clouds.registry import FACTS
from bot.core.parity.by_plan.compare import PlanComparison, PlannedStack, PlanSide, PlanSides, compare
from bot.core.parity.by_plan.snapshot import SourceSnapshot, read_state
from bot.core.parity.by_plan.translation import Translation
from bot.core.plans.plan_json import read_plan
from bot.core.plans.stack_inputs import Inputs
from bot.core.tree import File
from bot.model.pipeline import Json, Stack
from bot.names import EnvironmentName, StepName

BLOCKS = 50
"""Blocks of code, each with a `for_each`: that is how an environment comes to have thousands of resources."""

APP = StepName("app")
KEY = "ab" * 32
_CODE = """resource "aws_sqs_queue" "q{number}" {{
  for_each                   = var.queues
  name                       = "${{var.name}}-${{each.key}}"
  visibility_timeout_seconds = 30
  message_retention_seconds  = var.retention
  policy                     = jsonencode({{ Version = "2012-10-17" }})
  allowed                    = var.allowed
  tags                       = {{ Name = "${{var.name}}-${{each.key}}", Team = "shop" }}
}}
"""


@dataclass(frozen=True, slots=True)
class Documents:
    """A production's state and a clone's plan that differ by identity, and in every hundredth resource by one attribute."""

    state: bytes
    plan: bytes
    resources: int


def documents(resources: int) -> Documents:
    """Return documents of that many resources, as Terraform writes them."""
    held: list[Json] = []
    changes: list[Json] = []
    for number in range(resources):
        address = f'aws_sqs_queue.q{number % BLOCKS}["k{number}"]'
        kept = {"address": address, "mode": "managed", "type": "aws_sqs_queue"}
        held.append(
            {**kept, "values": _values(number, "production", "111111111111", 345600), "sensitive_values": {"tags": {}}}
        )
        days = 86400 if number % 100 == 0 else 345600
        after = {**_values(number, "demo-x", "222222222222", days), "id": None, "arn": None, "url": None}
        unknown: Json = {"id": True, "arn": True, "url": True, "tags": {}, "allowed": [False, False]}
        change: Json = {
            "actions": ["create"],
            "before": None,
            "after": after,
            "after_unknown": unknown,
            "after_sensitive": {"tags": {}},
        }
        changes.append({**kept, "change": change})
    state = {"format_version": "1.0", "values": {"root_module": {"resources": held}}}
    plan = {"format_version": "1.2", "resource_changes": changes}
    return Documents(json.dumps(state).encode(), json.dumps(plan).encode(), resources)


def _values(number: int, name: str, account: str, retention: int) -> dict[str, Json]:
    queue = f"{name}-k{number}"
    arn = f"arn:aws:sqs:eu-central-1:{account}:{queue}"
    statement: Json = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn, "Principal": {"AWS": account}}]
    return {
        "id": f"https://sqs.eu-central-1.amazonaws.com/{account}/{queue}",
        "arn": arn,
        "url": f"https://sqs.eu-central-1.amazonaws.com/{account}/{queue}",
        "name": queue,
        "visibility_timeout_seconds": 30,
        "message_retention_seconds": retention,
        "policy": json.dumps({"Version": "2012-10-17", "Statement": statement}),
        "allowed": ["10.0.1.0/24", "10.0.2.0/24"] if name == "production" else ["10.64.1.0/24", "10.64.2.0/24"],
        "kms_master_key_id": None,
        "fifo_queue": False,
        "delay_seconds": 0,
        "max_message_size": 262144,
        "receive_wait_time_seconds": 0,
        "content_based_deduplication": False,
        "sqs_managed_sse_enabled": True,
        "tags": {"Name": queue, "Team": "shop"},
        "tags_all": {"Name": queue, "Team": "shop", "Environment": name},
    }


def parity(given: Documents) -> PlanComparison:
    """Compare them from bytes to differences, as the plan job does."""
    code = {f"app/q{number}.tf": File(_CODE.format(number=number).encode()) for number in range(BLOCKS)}
    stack = Stack()
    side = PlanSide(code, {APP: stack})
    snapshot = SourceSnapshot(
        environment=EnvironmentName("production"),
        commit="0" * 40,
        tree="0" * 40,
        revision="0" * 40,
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        key=KEY,
        stacks={APP: read_state(given.state, KEY)},
    )
    who = Translation.of(
        [("production", "demo-x"), ("111111111111", "222222222222"), ("10.0.0.0/16", "10.64.0.0/16")], FACTS
    )
    return compare(snapshot, {APP: PlannedStack(stack, read_plan(given.plan), Inputs({}))}, PlanSides(side, side), who)


def measure(repeat: int = 5) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    rows: list[tuple[str, float, str]] = []
    seconds: dict[int, float] = {}
    for resources in (1_000, 5_000):
        given = documents(resources)

        def read(given: Documents = given) -> None:
            json.loads(given.plan)
            read_plan(given.plan)

        def whole(given: Documents = given) -> None:
            found = parity(given)
            assert len(found.found) == given.resources // 100, len(found.found)

        whole()  # parse the code once; the gate has done so before in the plan job
        baseline = _median(read, repeat)
        seconds[resources] = _median(whole, repeat)
        name = f"read the plan of {resources:,}"
        rows.append(
            (
                f"by plan, {resources:,} resources: {seconds[resources] * 1000:.0f} ms",
                seconds[resources] / baseline,
                name,
            )
        )
        memory = _peak(whole)
        rows.append((f"  its memory at most: {memory / 1e6:.0f} MB", memory / _peak(read), name))
    rows.append(("growth of time for five times the resources", seconds[5_000] / seconds[1_000], "1,000 resources"))
    return rows


def _median(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        gc.collect()
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return median(times)


def _peak(call: Callable[[], object]) -> int:
    tracemalloc.start()
    call()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found

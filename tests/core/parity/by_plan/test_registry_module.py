"""A network module of 40 resources that `init` downloaded: a clean clone of it has no difference, and one change in it is found.

`registry_module/` has the module, in the shape of a public registry's network modules: counts, `for_each`, `dynamic` blocks, merged tags, arguments
that are null, `default_tags`. `state.json` and `plan.json` are what Terraform 1.11.4 with the AWS provider 5.100.0 wrote of it on moto: production's
state once it was applied, and the plan of a clone on an empty state; only what parity reads is kept of them.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.terraform.installed import downloaded_code
from bot.clouds.registry import FACTS
from bot.core.parity.by_plan.compare import PlanComparison, PlannedStack, PlanSide, PlanSides, compare
from bot.core.parity.by_plan.snapshot import SourceSnapshot, read_state
from bot.core.parity.by_plan.translation import Translation
from bot.core.plans.plan_json import read_plan
from bot.core.plans.stack_inputs import Inputs
from bot.core.tree import File, Tree
from bot.model.pipeline import Stack
from bot.names import EnvironmentName, StepName

APP = StepName("app")
KEY = "ab" * 32
PLACE = Path(__file__).with_name("registry_module")
PLAN = (PLACE / "plan.json").read_text("utf-8")
CALL = """module "network" {
  source  = "acme/network/aws"
  version = "5.1.0"
  name    = var.name
  cidr    = var.cidr
}
"""
ACL = "module.network.aws_default_network_acl.this"


def compared(plan: str, downloaded: dict[str, Tree]) -> PlanComparison:
    side = PlanSide({"app/main.tf": File(CALL.encode())}, {APP: Stack()})
    snapshot = SourceSnapshot(
        environment=EnvironmentName("production"),
        commit="0" * 40,
        tree="0" * 40,
        revision="0" * 40,
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        key=KEY,
        stacks={APP: read_state((PLACE / "state.json").read_bytes(), KEY)},
    )
    who = Translation.of([("production", "demo-x"), ("10.0.0.0/16", "10.64.0.0/16")], FACTS)
    here = PlannedStack(Stack(), read_plan(plan.encode()), Inputs({}), downloaded)
    return compare(snapshot, {APP: here}, PlanSides(side, side), who)


@pytest.fixture
def downloaded(tmp_path: Path) -> dict[str, Tree]:
    """The module as it is read from Terraform's data directory."""
    module = tmp_path / "data/modules/network"
    module.mkdir(parents=True)
    (module / "main.tf").write_bytes((PLACE / "main.tf").read_bytes())
    entry = {"Key": "network", "Source": "acme/network/aws", "Version": "5.1.0", "Dir": "data/modules/network"}
    (module.parent / "modules.json").write_text(json.dumps({"Modules": [entry]}))
    return dict(downloaded_code(tmp_path / "data"))


def test_a_clean_clone_has_no_difference(downloaded: dict[str, Tree]) -> None:
    assert len(read_plan(PLAN.encode()).changes) == 40
    assert compared(PLAN, downloaded).found == []
    unseen = compared(PLAN, {}).found
    assert [(each.address, each.leaf and each.leaf.path) for each in unseen] == [(ACL, "subnet_ids")], "code unseen"


@pytest.mark.parametrize(
    ("address", "change", "path"),
    [
        ("module.network.aws_vpc.this", {"enable_dns_hostnames": False}, "enable_dns_hostnames"),
        ("module.network.aws_subnet.public[1]", {"cidr_block": "10.64.99.0/24"}, "cidr_block"),
        ("module.network.aws_subnet.private[0]", {"tags_all": {"Team": "shop"}}, "tags_all.Environment"),
        ("module.network.aws_flow_log.this[0]", {"max_aggregation_interval": 60}, "max_aggregation_interval"),
        (ACL, {"egress": []}, "egress"),
    ],
)
def test_one_change_in_it_is_found(
    downloaded: dict[str, Tree], address: str, change: dict[str, object], path: str
) -> None:
    document = json.loads(PLAN)
    [resource] = [each for each in document["resource_changes"] if each["address"] == address]
    resource["change"]["after"] |= change
    found = compared(json.dumps(document), downloaded).found
    assert found
    assert all(each.address == address and each.leaf is not None for each in found)
    assert any(each.leaf is not None and each.leaf.path.startswith(path) for each in found)

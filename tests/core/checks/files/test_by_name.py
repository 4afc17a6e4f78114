"""Files that Terraform uses for their name alone: each kind beside .tf, .tf.json and .tfvars is looked into, or refused."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.gate_rules import GateRules
from bot.core.checks.static_checks import gate
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.policy import StaticCheckRules
from bot.names import StepName

REFUSED = {
    "app/x.tfquery.hcl": "not looked into",
    "app/x.tfquery.json": "not looked into",
    "app/x.tfdeploy.hcl": "not looked into",
    "app/x.tfdeploy.json": "not looked into",
    "app/x.tfcomponent.hcl": "not looked into",
    "app/x.tfcomponent.json": "not looked into",
    "app/x.tfstack.hcl": "not looked into",
    "app/x.tfstack.json": "not looked into",
    "app/x.tfnobodyknowsit.hcl": "not looked into",
    "app/module/x.tfquery.hcl": "not looked into",
    "app/terraform.rc": "CLI configuration",
    "app/.terraformrc": "CLI configuration",
    "app/x.tfrc": "CLI configuration",
    "app/credentials.tfrc.json": "CLI configuration",
    "app/.netrc": "CLI configuration",
    "app/.terraform.d/plugins/x": "provider programs",
    "app/override.tf": "override files",
    "app/x_override.tf.json": "override files",
    "app/.terraformignore": "keeps files that were reviewed",
    "app/.terraform/modules/modules.json": "must not be committed",
    "app/.terraform": "must not be committed",
    "app/x.tofu.json": "only by OpenTofu",
}
ALLOWED = (
    "x.tfmock.hcl",
    "x.tfmock.json",
    "x.tftpl",
    "dashboard.tftpl.json",
    "x.tfbackend.hcl",
    "x.tfvars.example",
    "x.json",
)


def findings(path: str) -> list[str]:
    text = "{}" if path.endswith(".json") else ""
    files = {"app/.terraform.lock.hcl": File(b""), "app/main.tf": File(b""), path: File(text.encode())}
    found = gate(files, {StepName("app"): Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/x")
    return [str(each) for each in found]


@pytest.mark.parametrize("path", REFUSED)
def test_a_file_that_nothing_looks_into_is_refused(path: str) -> None:
    (found,) = findings(path)
    assert found.startswith(f"envs/x/{path}:1: ")
    assert REFUSED[path] in found


@pytest.mark.parametrize("name", ALLOWED)
def test_a_file_that_says_nothing_to_a_plan_may_be_there(name: str) -> None:
    assert findings(f"app/{name}") == []

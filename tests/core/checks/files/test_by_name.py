"""Files that Terraform uses for their name alone: each kind beside .tf, .tf.json and .tfvars is looked into, or refused."""

import json
from pathlib import Path

import pytest

from bot.clients.hcl_referee import disagreements
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.plan_options import PlanOptions
from bot.clouds.registry import FACTS
from bot.core.checks.gate_rules import GateRules
from bot.core.checks.static_checks import gate
from bot.core.hcl.declarations import module_code
from bot.core.hcl.local_modules import code_files
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName
from tests.support.terraform import program, write

REFUSED = {
    "app/x.tfquery.hcl": "not checked",
    "app/x.tfquery.json": "not checked",
    "app/x.tfdeploy.hcl": "not checked",
    "app/x.tfdeploy.json": "not checked",
    "app/x.tfcomponent.hcl": "not checked",
    "app/x.tfcomponent.json": "not checked",
    "app/x.tfstack.hcl": "not checked",
    "app/x.tfstack.json": "not checked",
    "app/x.tfnobodyknowsit.hcl": "not checked",
    "app/module/x.tfquery.hcl": "not checked",
    "app/terraform.rc": "CLI configuration",
    "app/.terraformrc": "CLI configuration",
    "app/x.tfrc": "CLI configuration",
    "app/credentials.tfrc.json": "CLI configuration",
    "app/.netrc": "CLI configuration",
    "app/.terraform.d/plugins/x": "provider programs",
    "app/override.tf": "override files",
    "app/x_override.tf.json": "override files",
    "app/.terraformignore": "would lack files that were reviewed",
    "app/.terraform/modules/modules.json": "must not be committed",
    "app/.terraform": "must not be committed",
    "app/x.tofu.json": "only by OpenTofu",
}
ALLOWED = (
    "x.tfmock.hcl",
    "x.tfmock.json",
    "x.tftpl",
    "dashboard.tftpl.json",
    ".tflint.hcl",
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


EXTERNAL = 'data "external" "x" {\n  program = ["id"]\n}\n'


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"main.tofu": 'output "x" {\n  value = 1\n}\n', "main.tf": 'output "x" {\n  value = 2\n}\n'}, ""),
        ({"main.tofu.json": '{"output": {"x": {"value": 1}}}'}, ""),
        ({"main.tofu": EXTERNAL}, "app/main.tofu:1: data source `external`"),
        ({"main.tofu.json": '{"data": {"external": {"x": {"program": ["id"]}}}}'}, "app/main.tofu.json:1: data source `external`"),
        ({"main.tofu": "", "main.tf": EXTERNAL}, "app/main.tf:1: data source `external`"),
        ({"main.tofu": 'module "x" {\n  source = "./gone"\n}\n'}, "app/main.tofu:1: module source `./gone`"),
        ({"main.tofu": 'x = { a = 1, a\n'}, "app/main.tofu:1: "),
        ({"x_override.tofu": ""}, "override files"),
        ({"x.tofuvars": ""}, "`.tofuvars` are not checked"),
        ({"x.tofuquery.hcl": ""}, "`.tofuquery.hcl` are not checked"),
        ({"x.tofutest.hcl": 'run "x" {\n  module {\n    source = "a/b/c"\n  }\n}\n'}, "installs the module that a test runs"),
    ],
)  # fmt: skip
def test_where_opentofu_plans_its_own_files_are_held_against_the_same_rules(files: dict[str, str], said: str) -> None:
    tree = {f"app/{name}": File(text.encode()) for name, text in files.items()}
    tree["app/.terraform.lock.hcl"] = File(b"")
    rules = GateRules(StaticCheckRules(), FACTS, disagreements, tool="opentofu")
    found = [str(each) for each in gate(tree, {StepName("app"): Stack()}, rules, "envs/x")]
    assert bool(found) == bool(said), found
    assert said in "".join(found)


def test_opentofu_reads_one_of_two_files_of_a_name() -> None:
    tree = {
        "app/main.tf": File(b'variable "old" {}'),
        "app/main.tofu": File(b'variable "new" {}'),
        "app/x.tf.json": File(b"{}"),
    }
    assert [*code_files(tree)["app"]] == ["app/main.tofu", "app/x.tf.json"]
    assert [block.labels for _, block in module_code(tree, "app").blocks] == [("new",)]


@pytest.mark.parametrize("name", ALLOWED)
def test_a_file_that_says_nothing_to_a_plan_may_be_there(name: str) -> None:
    assert findings(f"app/{name}") == []


HARMLESS = {
    "main.tf": (
        'resource "terraform_data" "x" {\n  input = "main"\n}\n'
        'output "hidden" {\n  value = fileset(path.module, ".t*/**")\n}\n'
        'output "upper" {\n  value = fileexists("${path.module}/.TERRAFORM/terraform.tfstate")\n}\n'
    ),
    "Override.tf": 'output "own" {\n  value = "no override"\n}\n',
    "x.tfmock.hcl": "no { HCL",
    "terragrunt.hcl": 'terraform { source = "registry.example/x" }\n',
    "x.tfplan": "no plan",
    ".terraform.tfstate.lock.info": '{"ID": "x"}',
    "x.tftest.hcl": 'run "x" {\n  command = apply\n  assert {\n    condition     = terraform_data.x.input == "other"\n    error_message = "it ran"\n  }\n}\n',
}
"""What the checks let pass, though it has to do with Terraform."""


def test_what_may_be_there_changes_nothing_that_terraform_plans(tmp_path: Path) -> None:
    checked = {f"app/{name}": File(text.encode()) for name, text in HARMLESS.items()}
    rules = GateRules(StaticCheckRules(), FACTS)
    assert not gate({**checked, "app/.terraform.lock.hcl": File(b"")}, {StepName("app"): Stack()}, rules, "envs/x")
    directory = write(tmp_path / "app", HARMLESS)
    with program(tmp_path / "configuration", {}).opened(directory) as module:
        module.init()
        planned = json.loads(module.show(module.plan({}, PlanOptions(lock=False))))
    values = {name: each.get("value") for name, each in planned["planned_values"]["outputs"].items()}
    assert values == {"hidden": [], "upper": False, "own": "no override"}
    assert [each["change"]["after"]["input"] for each in planned["resource_changes"]] == ["main"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"main.tf": 'variable "x" {}\n', "a.auto.tfvars": 'x = file("/etc/passwd")\n'}, "Functions may not be called here"),
        (
            {"main.tf": 'resource "terraform_data" "x" {\n  lifecycle {\n    action_trigger {\n      events  = [before_create]\n      actions = [action.local_command.x]\n    }\n  }\n}\n'},
            "action",
        ),
    ],
)  # fmt: skip
def test_what_the_checks_leave_to_terraform_is_refused_there(tmp_path: Path, files: dict[str, str], said: str) -> None:
    def plan() -> None:
        with program(tmp_path / "configuration", {}).opened(write(tmp_path / "app", files)) as module:
            module.init()
            module.plan({}, PlanOptions(lock=False))

    with pytest.raises(TerraformFailed, match=said):
        plan()

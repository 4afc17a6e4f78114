"""The real Terraform on a stack with a workspace: looking at one that is not there doesn't make it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

from bot.clients.terraform.access import access
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.terraform import Terraform
from bot.clients.terraform.workspace import workspace_at
from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules
from bot.core.checks.workspaces import StackState, Workspace, workspace_of
from bot.core.plans.plan_json import read_plan
from bot.core.tree import File
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, StepName
from tests.support.cloud import REGION, cloud
from tests.support.terraform import program

MAIN = """terraform {
  backend "s3" {
    bucket = "states"
    key    = "app.tfstate"
    region = "eu-central-1"
  }
}
resource "terraform_data" "name" {
  input = "shop-${terraform.workspace}"
}
output "name" {
  value = terraform_data.name.output
}
"""
MANIFEST = """name: demo-x
template: shop
revision: "0000000000000000000000000000000000000000"
purpose: demo
owner: kim
parameters: {}
stacks: {app: {}}
"""
FILES = [".terraform.lock.hcl", "main.tf"]


def names(stack: Path) -> list[str]:
    return sorted(path.name for path in stack.iterdir())


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    directory = tmp_path / "app"
    directory.mkdir()
    (directory / ".terraform.lock.hcl").write_text("# No provider is installed.\n")
    (directory / "main.tf").write_text(MAIN)
    (tmp_path / "environment.yaml").write_text(MANIFEST)
    return directory


def test_a_stack_below_another_directory_has_its_environments_workspace_and_reads_its_files(stack: Path) -> None:
    below = stack.parent / "network" / "vpc"
    below.mkdir(parents=True)
    (below / "main.tf").write_text(MAIN)
    (below / "variables.tf").symlink_to("../../common.tf")
    (stack.parent / "common.tf").write_text("# Shared.\n")
    (stack.parent.parent / "policies").mkdir()
    (below / "main.tf").write_text(
        f'{MAIN}locals {{\n  policy = file("${{path.module}}/../../../policies/x.json")\n}}\n'
    )
    assert workspace_at(below, FACTS) == workspace_at(stack, FACTS) == Workspace("demo-x")
    reads = access(below, stack.parent / "private", {}, installs=False).reads
    assert {stack.parent.resolve() / "common.tf", stack.parent.parent.resolve() / "policies"} <= {*reads}


@pytest.fixture
def aws() -> Iterator[Mapping[str, str]]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield variables


def objects() -> list[str]:
    return [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="states").get("Contents", [])]


@pytest.fixture
def terraform(tmp_path: Path, aws: Mapping[str, str]) -> Terraform:
    found = program(tmp_path, aws)
    return Terraform(found.binary, found.environment, GateRules(StaticCheckRules(), FACTS))


@pytest.mark.whole
@pytest.mark.parametrize(
    ("said", "workspace"),
    [
        ('{"backend": {"s3": {"bucket": "b", "key": "k", "\\u0077orkspace_key_prefix": "live"}}}', Workspace("demo-x")),
        ('{"cloud": {"organization": "o", "\\u0077orkspaces": {"tags": ["shop"]}}}', Workspace("demo-x_app", is_remote=True)),
        ('{"backend": {"s3": {"bucket": "b", "key": "k-${terraform.\\u0077orkspace}"}}}', Workspace("demo-x")),
    ],
)  # fmt: skip
def test_a_workspace_that_is_chosen_with_escapes_is_selected(stack: Path, said: str, workspace: Workspace) -> None:
    """Otherwise the checks would see a state of the environment's own, and Terraform would have another's."""
    (stack / "main.tf").unlink()
    (stack / "main.tf.json").write_text(f'{{"terraform": {said}}}')
    files = {"app/main.tf.json": File((stack / "main.tf.json").read_bytes())}
    state = StackState(EnvironmentName("demo-x"), StepName("app"))
    assert workspace_at(stack, FACTS) == workspace_of(files, state, FACTS.backends) == workspace


def test_a_workspace_is_made_by_the_apply_and_not_by_the_plan(stack: Path, terraform: Terraform) -> None:
    with terraform.opened(stack) as module:
        module.init()
        saved = module.plan({}, PlanOptions(lock=False))
        plan = read_plan(module.show(saved))
        assert plan.counts.add == 1
        assert module.outputs() == {}
    assert names(stack) == FILES, "nothing stays in the checkout"
    assert objects() == []
    with terraform.opened(stack) as module:
        module.init()
        module.apply(module.plan({}))
        assert module.outputs()["name"].value == "shop-demo-x"
    assert objects() == ["env:/demo-x/app.tfstate"]
    with terraform.opened(stack) as module:
        module.init()
        assert not read_plan(module.show(module.plan({}, PlanOptions(lock=False)))).changes_anything


def test_what_changes_the_place_of_the_state_for_a_plan_is_gone_when_it_fails(
    stack: Path, terraform: Terraform
) -> None:
    (stack / "main.tf").write_text(MAIN + 'output "broken" {\n  value = terraform_data.none.output\n}\n')
    with terraform.opened(stack) as module:
        module.init()
        with pytest.raises(TerraformFailed, match="none"):
            module.plan({}, PlanOptions(lock=False))
    assert names(stack) == FILES

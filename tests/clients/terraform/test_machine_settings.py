"""A profile in the code, which only its author's machine has: the runner's credentials take its place, and the code stays as it is."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

from bot.clients.terraform.machine_settings import OVERRIDE, without_machine_settings
from bot.clients.terraform.terraform import Terraform
from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules
from bot.core.plans.plan_json import read_plan
from bot.model.static_check_rules import StaticCheckRules
from tests.support.cloud import ACCOUNT, REGION, cloud
from tests.support.provider_process import provider_by_stack
from tests.support.terraform import program, provider_files, write

BACKEND = """terraform {
  backend "s3" {
    bucket  = "states"
    key     = "demo-x/app.tfstate"
    region  = "eu-central-1"
    profile = "nobody-here"
  }
}
resource "terraform_data" "name" {
  input = "shop"
}
"""


@pytest.fixture
def aws() -> Iterator[Mapping[str, str]]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield variables


@pytest.fixture
def terraform(tmp_path: Path, aws: Mapping[str, str]) -> Terraform:
    return ruled(tmp_path, aws)


def ruled(place: Path, aws: Mapping[str, str]) -> Terraform:
    """Return the program with the rules by which code is looked at for what it says of one machine."""
    found = program(place, aws)
    return Terraform(found.binary, found.environment, GateRules(StaticCheckRules(), FACTS))


def test_a_state_behind_a_profile_is_reached_with_the_runner_s_credentials(
    tmp_path: Path, terraform: Terraform
) -> None:
    stack = write(tmp_path / "app", {"main.tf": BACKEND, **provider_files(BACKEND)})
    with terraform.opened(stack) as module:
        module.init()
        module.apply(module.plan({}))
        assert not read_plan(module.show(module.plan({}))).changes_anything
    assert [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="states")["Contents"]] == [
        "demo-x/app.tfstate"
    ]


@pytest.mark.provider
def test_providers_with_profiles_are_planned_with_the_runner_s_credentials(
    tmp_path: Path, aws: Mapping[str, str]
) -> None:
    main = 'resource "aws_ssm_parameter" "x" {\n  provider = aws.other\n  name     = "x"\n  type     = "String"\n  value    = "x"\n}\n'
    said = f'  region              = "{REGION}"\n  allowed_account_ids = ["{ACCOUNT}"]\n  profile             = "nobody-here"\n'
    providers = f'provider "aws" {{\n{said}}}\nprovider "aws" {{\n  alias               = "other"\n{said}}}\n'
    files = {**provider_files(main), "main.tf": main, "provider.tf": providers}
    stack = write(tmp_path / "app", files)
    with provider_by_stack() as path, ruled(tmp_path, {**aws, "PATH": path}).opened(stack) as module:
        module.init()
        assert read_plan(module.show(module.plan({}))).counts.add == 1
    assert sorted(path.name for path in stack.iterdir()) == sorted(files), "nothing stays in the checkout"


def test_only_what_the_cloud_s_own_providers_say_is_unset(tmp_path: Path) -> None:
    said = 'provider "aws" {\n  profile = var.x\n}\nprovider "other" {\n  profile = "x"\n}\nprovider "aws" {\n  alias = "eu"\n}\n'
    stack = write(tmp_path / "app", {"main.tf": said})
    with without_machine_settings(stack, FACTS) as arguments:
        assert list(arguments) == []
        assert (stack / OVERRIDE).read_text() == 'provider "aws" {\n  profile = null\n}\n'
    escaped = {"main.tf.json": '{"provider": {"aws": {"pro\\u0066ile": "x"}}}'}
    with without_machine_settings(write(tmp_path / "json", escaped), FACTS):
        assert (tmp_path / "json" / OVERRIDE).read_text() == 'provider "aws" {\n  profile = null\n}\n'
    with without_machine_settings(write(tmp_path / "plain", {"main.tf": "# profile\n"}), FACTS):
        assert not (tmp_path / "plain" / OVERRIDE).exists()

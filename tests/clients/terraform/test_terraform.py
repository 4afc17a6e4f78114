"""The real Terraform, with its state in moto's S3: plan, show, apply, outputs, locks, errors."""

import json
import os
import stat
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from bot.clients.process import TimedOut
from bot.clients.terraform.installed import foreign
from bot.clients.terraform.output import Diagnostic, StateLocked, TerraformEvent, TerraformFailed, read_event
from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.program import find_terraform
from bot.clients.terraform.terraform import RootModule, Terraform
from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules
from bot.core.plans.plan import Action
from bot.core.plans.plan_json import read_plan
from bot.model.static_check_rules import StaticCheckRules
from tests.support.cloud import REGION, cloud
from tests.support.terraform import program, stack, write

SECRET = "correct-horse-battery"

MAIN = """
variable "prefix" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "one" {
  input = var.password
}
output "name" { value = "/${var.prefix}/one" }
output "password" {
  value     = var.password
  sensitive = true
}
"""


ON_AWS = MAIN + 'resource "aws_ssm_parameter" "two" {\n  name  = "two"\n  type  = "String"\n  value = "x"\n}\n'
"""What has a provider that is installed."""


@pytest.fixture(scope="module")
def aws() -> Iterator[Mapping[str, str]]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@pytest.fixture
def bucket(aws: Mapping[str, str]) -> str:
    name = f"state-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def terraform(tmp_path: Path, aws: Mapping[str, str]) -> Terraform:
    return program(tmp_path / "configuration", aws)


def files_below(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*")}


def test_a_stack_is_planned_applied_and_read_without_a_trace_in_the_checkout(
    tmp_path: Path, terraform: Terraform, bucket: str
) -> None:
    directory = write(tmp_path / "stack", stack(MAIN, bucket, "demo/one.tfstate"))
    before = files_below(directory)
    events: list[TerraformEvent] = []
    inputs = {"prefix": uuid.uuid4().hex, "password": SECRET}
    with terraform.opened(directory, [SECRET]) as module:
        module.init()
        assert module.outputs() == {}
        saved = module.plan(inputs, on_event=events.append)
        private = saved.path.parent
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        plan = read_plan(module.show(saved))
        assert [(c.address, c.action) for c in plan.changes] == [("terraform_data.one", Action.CREATE)]
        assert SECRET not in repr(plan)
        module.apply(saved, on_event=events.append)
        outputs = module.outputs()
        assert outputs["name"].value == f"/{inputs['prefix']}/one"
        assert outputs["password"].is_sensitive
        assert SECRET not in repr(outputs)
        assert not read_plan(module.show(module.plan(inputs))).changes_anything
        gone = read_plan(module.show(module.plan(inputs, PlanOptions(destroy=True))))
        assert gone.counts.destroy == 1
    assert not private.exists()
    assert files_below(directory) == before
    assert "apply_complete" in {event.kind for event in events}
    assert SECRET not in repr(events)


def test_errors_carry_file_and_line_and_no_secret(tmp_path: Path, terraform: Terraform, bucket: str) -> None:
    main = MAIN + 'resource "terraform_data" "bad" {\n  input = var.nothing\n}\n'
    directory = write(tmp_path / "stack", stack(main, bucket, "demo/bad.tfstate"))
    with terraform.opened(directory, [SECRET]) as module:
        module.init()
        with pytest.raises(TerraformFailed) as failed:
            module.plan({"prefix": "x", "password": SECRET})
    first = failed.value.diagnostics[0]
    assert (first.file, first.line) == ("main.tf", main.splitlines().index("  input = var.nothing") + 1)
    assert "undeclared input variable" in first.summary
    assert SECRET not in str(failed.value)


@pytest.mark.provider
def test_a_changed_lock_file_is_refused(tmp_path: Path, terraform: Terraform, bucket: str) -> None:
    files = stack(ON_AWS, bucket, "demo/lock.tfstate")
    directory = write(
        tmp_path / "stack", {**files, ".terraform.lock.hcl": files[".terraform.lock.hcl"].replace("=", "", 3)}
    )
    with terraform.opened(directory) as module, pytest.raises(TerraformFailed):
        module.init()


@pytest.mark.provider
def test_what_init_installed_is_held_to_the_policy_before_it_is_run(
    tmp_path: Path, aws: Mapping[str, str], bucket: str
) -> None:
    module = {"inner/main.tf": 'output "x" { value = 1 }\n'}
    main = ON_AWS + 'module "inner" {\n  source = "./inner"\n}\n'
    directory = write(tmp_path / "stack", {**stack(main, bucket, "demo/rules.tfstate"), **module})
    client = program(tmp_path / "configuration", aws)
    with Terraform(client.binary, client.environment, GateRules(StaticCheckRules(), FACTS)).opened(
        directory
    ) as allowed:
        allowed.init()
    none = Terraform(client.binary, client.environment, GateRules(StaticCheckRules(providers=()), FACTS))
    with none.opened(directory) as strict, pytest.raises(TerraformFailed, match="hashicorp/aws` is not in the policy"):
        strict.init()


class KnowingNoProvider(GateRules):
    """Rules to which even what is built in is of a provider that nobody knows: no other is installed here."""

    def knows_files_of(self, kind: str) -> bool:
        return False


def test_a_value_that_only_the_plan_knows_is_no_path_of_this_machine(tmp_path: Path) -> None:
    rules = KnowingNoProvider(StaticCheckRules(), FACTS)
    code = 'variable "place" {}\nresource "terraform_data" "x" {\n  input = var.place\n}\n'
    directory = write(tmp_path / "stack", {"main.tf": code})
    with Terraform(find_terraform(os.environ), os.environ, rules).opened(directory) as module:
        module.init()
        assert module.show(module.plan({"place": "shop"}))
        with pytest.raises(TerraformFailed, match=r"`input` of `terraform_data.x`: `input` is a path of the machine"):
            module.show(module.plan({"place": "/etc/passwd"}))


def test_modules_from_elsewhere_are_found_in_terraforms_own_listing(tmp_path: Path) -> None:
    listing = tmp_path / "modules" / "modules.json"
    listing.parent.mkdir()
    sources = {"": "", "a": "./a", "b": "registry.terraform.io/acme/vpc/aws", "c": "git::https://evil.example/x"}
    listing.write_text(
        json.dumps({"Modules": [{"Key": key, "Source": sources[key], "Dir": "none"} for key in sources]})
    )
    assert [
        c.split("`")[1]
        for c in foreign(tmp_path, GateRules(StaticCheckRules(module_sources=("acme/vpc/aws",)), FACTS), b"")
    ] == [sources["c"]]
    (tmp_path / "providers" / "evil.example" / "hashicorp" / "aws").mkdir(parents=True)
    assert "evil.example/hashicorp/aws" in next(iter(foreign(tmp_path, GateRules(StaticCheckRules(), FACTS), b"")))


@pytest.mark.provider
def test_stacks_are_prepared_side_by_side(tmp_path: Path, aws: Mapping[str, str], bucket: str) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    client = program(tmp_path / "configuration", {**aws, "TF_PLUGIN_CACHE_DIR": str(cache)})
    failures: list[Exception] = []

    def prepare(number: int) -> None:
        directory = write(tmp_path / f"stack-{number}", stack(ON_AWS, bucket, f"demo/{number}.tfstate"))
        try:
            with client.opened(directory) as module:
                module.init()
        except TerraformFailed as error:
            failures.append(error)

    threads = [threading.Thread(target=prepare, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_lock_left_by_a_dead_run_is_named_and_removed(tmp_path: Path, terraform: Terraform, bucket: str) -> None:
    directory = write(tmp_path / "stack", stack(MAIN, bucket, "demo/locked.tfstate"))
    holder = "0a1b2c3d-0000-4000-8000-000000000000"
    info = f'{{"ID":"{holder}","Operation":"OperationTypeApply","Info":"","Who":"runner@dead","Version":"1.11.4","Created":"2026-01-01T00:00:00Z","Path":"{bucket}/demo/locked.tfstate"}}'
    boto3.client("s3").put_object(Bucket=bucket, Key="demo/locked.tfstate.tflock", Body=info.encode())
    with terraform.opened(directory) as module:
        module.init()
        with pytest.raises(StateLocked) as locked:
            planned_at_once(module)
        assert (locked.value.lock_id, locked.value.lock_owner) == (holder, "runner@dead")
        module.force_unlock(locked.value.lock_id)
        planned_at_once(module)


def planned_at_once(module: RootModule) -> None:
    """Plan without waiting for a lock."""
    module.plan({"prefix": "x", "password": SECRET}, PlanOptions(lock_timeout=timedelta()))


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    hanging = tmp_path / "terraform"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    with Terraform(hanging, {"PATH": "/usr/bin:/bin"}).opened(tmp_path) as module, pytest.raises(TimedOut):
        module.init(timeout=timedelta(seconds=1))


def test_only_what_terraform_needs_is_passed_on() -> None:
    client = Terraform(
        Path("terraform"),
        {
            "PATH": "/usr/bin",
            "AWS_REGION": "eu-central-1",
            "TF_CLI_CONFIG_FILE": "x",
            "https_proxy": "http://proxy",
            "GITHUB_TOKEN": "secret",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
            "TF_VAR_password": "secret",
            "TF_CLI_ARGS_plan": "-target=x",
            "TF_LOG": "trace",
            "LD_PRELOAD": "x.so",
        },
    )
    assert {"PATH", "AWS_REGION", "TF_CLI_CONFIG_FILE", "https_proxy"} <= client.environment.keys()
    assert not {
        name for name in client.environment if name.startswith(("GITHUB", "ACTIONS", "TF_VAR", "TF_LOG", "LD_"))
    }
    assert "TF_CLI_ARGS_plan" not in client.environment


def test_lines_that_are_no_event_are_passed_over() -> None:
    assert read_event(b"Successfully configured the backend\n", ()) is None
    assert read_event(b"[]", ()) is None
    event = read_event(b'{"@message": "token is hunter2-long", "type": "log"}', ["hunter2-long"])
    assert event == TerraformEvent("log", "token is (sensitive)")


def test_a_lock_file_of_another_platform_comes_with_the_command_that_mends_it() -> None:
    detail = (
        "Error while installing hashicorp/aws v5.100.0: the local package for\nregistry.terraform.io/hashicorp/aws 5.100.0 doesn't match "
        "any of the checksums\npreviously recorded in the dependency lock file"
    )
    said = str(TerraformFailed("init", [Diagnostic("error", "Failed to install provider", detail)]))
    assert "`terraform providers lock -platform=linux_amd64`" in said
    other = str(
        TerraformFailed("init", [Diagnostic("error", "Failed to query available provider packages", "timeout")])
    )
    assert "providers lock" not in other

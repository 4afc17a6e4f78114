"""The version of Terraform is the environment's own, and every `required_version` takes it."""

import pytest

from bot.core.checks.terraform_version import terraform_version, version_findings
from bot.core.tree import File
from bot.model.policy import Policy
from bot.names import StepName

POLICY = Policy(terraform_version="1.11.4")
STACKS = [StepName("app"), StepName("network")]


def found(**files: str) -> list[str]:
    return [str(each) for each in version_findings(code(files), STACKS, "envs/demo-x", POLICY)]


def code(files: dict[str, str]) -> dict[str, File]:
    names = {"own": ".terraform-version", "app": "app/.terraform-version", "network": "network/.terraform-version"}
    return {names.get(name, f"{name}/main.tf"): File(text.encode()) for name, text in files.items()}


OPENTOFU = Policy(tool="opentofu", opentofu_version="1.10.6")


@pytest.mark.parametrize(
    ("policy", "files", "said"),
    [
        (OPENTOFU, {"network/main.tofu": 'terraform {\n  required_version = ">= 1.10"\n}\n'}, ""),
        (OPENTOFU, {".opentofu-version": "1.9.0", "app/main.tf": "terraform {\n  required_version = \"1.10\"\n}\n"}, "`1.10` does not take OpenTofu 1.9.0"),
        (OPENTOFU, {".terraform-version": "1.9.0"}, "the policy's `tool` is opentofu, which does not read it. Write its version into `.opentofu-version`"),
        (OPENTOFU, {".opentofu-version": "1.7.3"}, "OpenTofu 1.7.3 does not read `.tofu` files as newer ones do"),
        (POLICY, {"app/.opentofu-version": "1.9.0"}, "the policy's `tool` is terraform, which does not read it"),
    ],
)  # fmt: skip
def test_the_policy_says_which_tool_has_which_version(policy: Policy, files: dict[str, str], said: str) -> None:
    tree = {path: File(text.encode()) for path, text in files.items()}
    found = [str(each) for each in version_findings(tree, STACKS, "envs/demo-x", policy)]
    assert len(found) == bool(said), found
    assert said in "".join(found)


def test_opentofu_has_versions_of_its_own() -> None:
    assert terraform_version({}, OPENTOFU) == "1.10.6"
    assert terraform_version({".opentofu-version": File(b"1.9.0")}, OPENTOFU) == "1.9.0"
    assert terraform_version({".opentofu-version": File(b"1.9.0")}, POLICY) == "1.11.4"


def required(span: str) -> str:
    return f'terraform {{\n  required_version = "{span}"\n}}\n'


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({}, "1.11.4"),
        ({"own": "1.9.8\n"}, "1.9.8"),
        ({"app": "1.9.8", "network": "1.9.8"}, "1.9.8"),
        ({"own": "1.12.0-rc1"}, "1.12.0-rc1"),
        ({"own": "latest"}, "1.11.4"),
        ({"app": "1.9.8", "network": "1.9.7"}, "1.11.4"),
        ({"own": "1.9.8\n; id"}, "1.11.4"),
    ],
)
def test_the_environment_says_the_version_or_else_the_policy(files: dict[str, str], version: str) -> None:
    assert terraform_version(code(files), POLICY) == version


def test_a_version_that_every_stack_takes_is_right() -> None:
    assert found(data=required(">= 1.6"), own="1.9.8") == []
    assert found(data=required(">= 1.10, < 2")) == []
    assert found(data='variable "x" {}\n') == []


def test_a_version_that_a_stack_does_not_take_is_named_with_what_to_write() -> None:
    [said] = found(data=required("~> 1.9.0"))
    assert said.startswith("envs/demo-x/data/main.tf:2: `~> 1.9.0` does not take Terraform 1.11.4")
    assert "into `.terraform-version` beside the stacks, or into `terraform_version` in .github/envclone.yml" in said
    assert found(data=required("~> 1.9.0"), own="1.9.8") == []
    assert len(found(data=required("newest"))) == 1


@pytest.mark.parametrize("text", ["latest", "latest:^1.9", "1.9", "", "1.9.8\n1.9.7", "1.9.8 # old", "٣.1.1"])
def test_a_version_that_is_none_is_named(text: str) -> None:
    [said] = found(own=text)
    assert (
        said
        == "envs/demo-x/.terraform-version:1: a whole version must stand here, the same on every day: write for example `1.11.4`."
    )


def test_two_versions_for_one_job_are_named() -> None:
    said = found(app="1.9.8", network="1.9.7")
    assert len(said) == 2
    assert "all stacks of an environment are planned with one version" in said[0]


def test_a_version_in_a_stack_below_another_directory_is_named_since_no_job_reads_it() -> None:
    files = {"network/vpc/.terraform-version": File(b"1.9.8"), "network/vpc/main.tf": File(b"")}
    [said] = map(str, version_findings(files, [StepName("network/vpc")], "envs/demo-x", POLICY))
    assert said.endswith("is not read in a directory below others. Move it to envs/demo-x/.terraform-version.")

"""The static gate: what may be planned is decided before anything runs."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.tree import File
from bot.model.policy import StaticCheckRules
from bot.names import StepName
from tests import ROOT

GOOD = b"""terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.100" }
  }
  backend "s3" {
    bucket = "x"
  }
}
provider "aws" {
  allowed_account_ids = [var.account_id]
}
variable "account_id" {
  type = string
}
resource "aws_ssm_parameter" "x" {
  value = file("${path.module}/x.txt")
}
data "aws_region" "here" {}
module "inside" {
  source = "./module"
}
resource "terraform_data" "x" {}
"""
APP = StepName("app")


def findings(code: bytes, *, path: str = "app/main.tf", rules: StaticCheckRules | None = None) -> list[str]:
    files = {"app/.terraform.lock.hcl": File(b""), path: File(code)}
    return [str(finding) for finding in gate(files, [APP], GateRules(rules or StaticCheckRules(), FACTS), "envs/x")]


def test_ordinary_code_passes() -> None:
    assert findings(GOOD) == []


def test_the_shipped_template_passes() -> None:
    root = ROOT / "envs" / "production"
    files = {
        p.relative_to(root).as_posix(): File(p.read_bytes())
        for p in root.rglob("*")
        if p.is_file() and ".terraform" not in p.parts
    }
    stacks = sorted({StepName(path.split("/")[0]) for path in files if path.endswith(".tf")})
    complaints = [
        str(finding) for finding in gate(files, stacks, GateRules(StaticCheckRules(), FACTS), "envs/production")
    ]
    assert [c for c in complaints if ".terraform.lock.hcl" not in c] == []


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        (b'data "external" "x" {\n  program = ["id"]\n}\n', 1, "hashicorp/external"),
        (b'data "http" "x" {\n  url = "http://x"\n}\n', 1, "runs or fetches"),
        (b'data "terraform_remote_state" "x" {}\n', 1, "runs or fetches"),
        (b'resource "null_resource" "x" {}\n', 1, "provider `hashicorp/null`"),
        (b'resource "aws_x" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n', 2, "declare a hook"),
        (b'resource "terraform_data" "x" {\n  provisioner "remote-exec" {}\n}\n', 2, "declare a hook"),
        (b'resource "aws_x" "x" {\n  connection {}\n}\n', 2, "declare a hook"),
        (b'module "x" {\n  source = "git::https://evil.example/x"\n}\n', 1, "gate.module_sources"),
        (b'module "x" {\n  source = "./../../../x"\n}\n', 1, "gate.module_sources"),
        (b'module "x" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n', 1, "gate.module_sources"),
        (b'terraform {\n  required_providers {\n    aws = { source = "evil/aws" }\n  }\n}\n', 2, "provider `evil/aws`"),
        (
            b'terraform {\n  required_providers {\n    aws = { source = "evil.example/hashicorp/aws" }\n  }\n}\n',
            2,
            "evil.example",
        ),
        (b'terraform {\n  backend "http" {}\n}\n', 2, "backend `http`"),
        (b"terraform {\n  cloud {}\n}\n", 2, "run the plan elsewhere"),
        (b'provider "aws" {}\n', 1, "allowed_account_ids"),
        (b'provider "aws" {\n  allowed_account_ids = [1]\n  endpoints {\n    s3 = "x"\n  }\n}\n', 1, "`endpoints`"),
        (b'provider "aws" {\n  allowed_account_ids = [1]\n  access_key = "x"\n}\n', 1, "`access_key`"),
        (b'locals {\n  x = file("/proc/self/environ")\n}\n', 2, "`file` may read"),
        (b'locals {\n  x = file("${path.module}/../../x")\n}\n', 2, "`file` may read"),
        (b"locals {\n  x = upper(templatefile(var.x, {}))\n}\n", 2, "`templatefile` may read"),
        (b'locals {\n  x = core::file("/etc/passwd")\n}\n', 2, "`core::file` may read"),
        (b'locals {\n  x = provider::evil::run("x")\n}\n', 2, "provider's function"),
        (b'ephemeral "aws_x" "x" {}\ngadget "x" {}\n', 2, "`gadget` block"),
        (b'check "x" {\n  data "http" "x" {}\n}\n', 2, "runs or fetches"),
        (b"x = = 1\n", 1, "not HCL"),
        (
            b'terraform {\n  required_providers {\n    aws = {\n      # source = "hashicorp/aws"\n      source = "evil/evil"\n    }\n  }\n}\n',
            2,
            "provider `evil/evil`",
        ),
        (
            b'terraform {\n  required_providers {\n    aws = { /* source = "hashicorp/aws" */ source = "evil/evil" }\n  }\n}\n',
            2,
            "provider `evil/evil`",
        ),
        (
            b'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", source = "evil/evil" }\n  }\n}\n',
            2,
            "not one plain text",
        ),
        (
            b'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", "source" = "evil/evil" }\n  }\n}\n',
            2,
            "not one plain text",
        ),
        (
            b'removed {\n  from = aws_x.y\n  provisioner "local-exec" {\n    when = destroy\n  }\n}\n',
            3,
            "`provisioner` runs programs",
        ),
        (
            b'provider "aws" {\n  allowed_account_ids = ["1"]\n  assume_role {\n    role_arn = "x"\n  }\n}\n',
            1,
            "`assume_role` in a provider block",
        ),
        (
            b'provider "aws" {\n  allowed_account_ids        = ["1"]\n  skip_requesting_account_id = true\n}\n',
            1,
            "`skip_requesting_account_id`",
        ),
        (b'provider "aws" {\n  allowed_account_ids = ["1"]\n  profile = "x"\n}\n', 1, "`profile`"),
        (
            b'terraform {\n  backend "s3" {\n    endpoints = { s3 = "http://evil.example" }\n  }\n}\n',
            2,
            "`endpoints` in a backend block",
        ),
        (b'locals {\n  x = file("${path.module}/" == "" ? "" : "/etc/passwd")\n}\n', 2, "`file` may read"),
        (b'locals {\n  x = <<EOT\n${file("/etc/passwd")}\nEOT\n}\n', 3, "`file` may read"),
        (
            b'locals {\n  x = <<-EOT\n  %{ if true }${core::templatefile("/x", {})}%{ endif }\n  EOT\n}\n',
            3,
            "`core::templatefile` may read",
        ),
        (b'locals {\n  x = <<EOT\n${provider::evil::run("x")}\nEOT\n}\n', 3, "provider's function"),
        (b'data "aws_s3_object" "x" {\n  provider = evil.x\n}\n', 1, "provider `hashicorp/evil`"),
    ],
)
def test_code_that_runs_something_is_refused_with_its_line(code: bytes, line: int, message: str) -> None:
    found = findings(code)
    assert any(f"app/main.tf:{line}: " in finding and message in finding for finding in found), found


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("app/main.tf.json", "in JSON"),
        ("app/main.tofu", "only OpenTofu"),
        ("app/main.tofu.json", "in JSON"),
        ("app/x_override.tf", "overrides others"),
        ("app/override.tf", "overrides others"),
        ("app/.terraformrc", "configures Terraform"),
        ("app/.terraform/x", "does not belong"),
    ],
)
def test_files_that_change_the_rules_are_refused(path: str, message: str) -> None:
    assert any(message in finding for finding in findings(b"", path=path))


def test_a_stack_without_a_lock_file_is_refused() -> None:
    assert "missing" in str(gate({"app/main.tf": File(GOOD)}, [APP], GateRules(StaticCheckRules(), FACTS), "envs/x")[0])


def test_the_policy_may_allow_more() -> None:
    rules = StaticCheckRules(
        providers=("hashicorp/aws", "hashicorp/null"),
        provisioners=True,
        module_sources=("terraform-aws-modules/vpc/aws",),
    )
    code = b'resource "null_resource" "x" {\n  provisioner "local-exec" {}\n}\nmodule "x" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n'
    assert findings(code, rules=rules) == []

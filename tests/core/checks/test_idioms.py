"""What people write in Terraform and is harmless passes, or passes once the policy names it."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.checks.versions import is_exact, is_within
from bot.core.tree import File
from bot.errors import InvalidInput
from bot.model.policy import StaticCheckRules
from bot.names import StepName


def findings(main: str, rules: StaticCheckRules | None = None) -> list[str]:
    files = {
        "app/.terraform.lock.hcl": File(b""),
        "app/main.tf": File(main.encode()),
        "app/x.tpl": File(b"${name}"),
        "lambda/main.tf": File(b""),
    }
    return [
        found.message
        for found in gate(files, [StepName("app")], GateRules(rules or StaticCheckRules(), FACTS), "envs/x")
    ]


@pytest.mark.parametrize(
    "main",
    [
        'locals {\n  x = fileset(path.module, "*.json")\n}\n',
        'locals {\n  x = file("${path.root}/x")\n}\n',
        'locals {\n  x = templatefile("x.tpl", { name = 1 })\n}\n',
        'module "x" {\n  source = "../lambda"\n}\n',
        'resource "aws_sns_topic" "x" {\n  provider = "aws.eu"\n}\n',
        'resource "aws_sns_topic" "x" {\n  provider = aws.eu\n}\n',
        'output "x" {\n  value = provider::aws::arn_parse(var.x).account_id\n}\n',
        'resource "random_password" "x" {\n  length = 20\n}\n',
        'resource "null_resource" "x" {}\nresource "time_static" "x" {}\nresource "tls_private_key" "x" {}\n',
        'data "archive_file" "x" {\n  type = "zip"\n  source_dir = "${path.module}/src"\n  output_path = "${path.module}/x.zip"\n}\n',
        'resource "local_file" "x" {\n  filename = "${path.module}/x"\n}\n',
    ],
)
def test_it_passes(main: str) -> None:
    assert findings(main) == []


@pytest.mark.parametrize(
    ("main", "rules"),
    [
        (
            'module "x" {\n  source = "git::ssh://git@github.com/acme/tf-logs.git//log-group?ref=v1.4.0"\n}\n',
            StaticCheckRules(module_sources=("git::ssh://git@github.com/acme/tf-logs.git",)),
        ),
        (
            'module "x" {\n  source = "terraform-aws-modules/iam/aws//modules/role"\n  version = "~> 5.1"\n}\n',
            StaticCheckRules(module_sources=("terraform-aws-modules/iam/aws >= 5.0, < 6",)),
        ),
    ],
)
def test_it_passes_once_the_policy_names_it(main: str, rules: StaticCheckRules) -> None:
    assert findings(main, rules) == []
    assert findings(main), "and not before"


@pytest.mark.parametrize(
    ("main", "rules", "message"),
    [
        ('module "x" {\n  source = "a/b/aws"\n  version = "~> 5.1"\n}\n', StaticCheckRules(module_sources=("a/b/aws",)), "`a/b/aws >= 5.0, < 6`"),
        ('module "x" {\n  source = "a/b/aws"\n}\n', StaticCheckRules(module_sources=("a/b/aws >= 5, < 6",)), "is not pinned"),
        ('module "x" {\n  source = "git::https://x.example/y.git"\n}\n', StaticCheckRules(module_sources=("git::https://x.example/y.git",)), "is not pinned"),
        ('module "x" {\n  source = "a/b/aws2"\n  version = "5.1.0"\n}\n', StaticCheckRules(module_sources=("a/b/aws",)), "not in the policy"),
        ('output "x" {\n  value = provider::vault::x("a")\n}\n', StaticCheckRules(), "gate.providers"),
        ('output "x" {\n  value = provider::local::direxists("/etc")\n}\n', StaticCheckRules(), "files of its own module"),
        ('data "tls_certificate" "x" {\n  url = "https://x.example"\n}\n', StaticCheckRules(), "gate.data_sources"),
        ('data "local_file" "x" {\n  filename = "/etc/passwd"\n}\n', StaticCheckRules(), "names a file"),
        ('data "archive_file" "x" {\n  source_dir = "/etc"\n}\n', StaticCheckRules(), "names a file"),
        ('data "archive_file" "x" {\n  source {\n    filename = "/etc/x"\n    content = "x"\n  }\n}\n', StaticCheckRules(), "names a file"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_write(main: str, rules: StaticCheckRules, message: str) -> None:
    assert any(message in found for found in findings(main, rules)), findings(main, rules)


@pytest.mark.parametrize(
    ("version", "span", "within"),
    [
        ("5.1.0", ">= 5.0, < 6", True),
        ("6.0.0", ">= 5.0, < 6", False),
        ("5.1.9", "~> 5.1.2", True),
        ("5.2.0", "~> 5.1.2", False),
        ("5.9.0", "~> 5.1", True),
        ("6.0.0", "~> 5.1", False),
        ("5.1.0", "5.1.0", True),
        ("5.1.0", "!= 5.1.0", False),
        ("5.1.0-beta1", ">= 5.0", False),
        ("5.1.0-beta1", "5.1.0-beta1", True),
        ("5.1.0", "> 5.1.0", False),
        ("5.1.0", "<= 5.1", True),
        ("main", ">= 5.0", False),
    ],
)
def test_versions_are_compared_as_terraform_does(version: str, span: str, within: bool) -> None:
    assert is_within(version, span) is within


def test_a_range_that_is_none_is_named() -> None:
    with pytest.raises(InvalidInput, match="not a version constraint"):
        is_within("5.1.0", "newest")
    assert is_exact("= 5.1.0")
    assert not is_exact("5.1")

"""A lock file has the versions that the code asks for, or the line is named before `init` fails."""

import pytest

from bot.core.checks.required_providers import superfluous_providers, unlocked_providers, unlocked_versions
from bot.core.tree import File

LOCK = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.100.0"\n  hashes  = ["h1:x="]\n}\n'
CALL = 'module "x" {\n  source = "./inner"\n}\n'


def required(requirement: str) -> str:
    return f"terraform {{\n  required_providers {{\n    aws = {requirement}\n  }}\n}}\n"


@pytest.mark.parametrize(
    ("requirement", "is_there"),
    [
        ('{ source = "hashicorp/aws", version = "~> 5.100" }', True),
        ('{ source = "hashicorp/aws", version = "~> 6.0" }', False),
        ('{ version = ">= 5.0, < 5.100" }', False),
        ('"~> 4.0"', False),
        ('{ source = "hashicorp/aws" }', True),
        ('{ source = "HashiCorp/aws", version = "~> 6.0" }', False),
        ('{ source = "acme/aws", version = "~> 6.0" }', True),
        ('{ source = "hashicorp/aws", version = "newest" }', True),
    ],
)
@pytest.mark.parametrize("path", ["app/main.tf", "app/inner/versions.tf"])
def test_a_version_that_the_lock_file_does_not_have_is_named(path: str, requirement: str, is_there: bool) -> None:
    texts = {"app/calls.tf": CALL, path: required(requirement), "app/.terraform.lock.hcl": LOCK}
    code = {each: File(text.encode()) for each, text in texts.items()}
    found = [str(each) for each in unlocked_versions(code, ["app"], "envs/x")]
    assert len(found) == (not is_there)
    assert is_there or found[0].startswith(f"envs/x/{path}:3: `")
    assert is_there or "does not take 5.100.0, which envs/x/app/.terraform.lock.hcl has" in found[0]


@pytest.mark.parametrize(
    ("code", "lacks"),
    [
        (
            'resource "aws_sqs_queue" "a" {}\ndata "terraform_remote_state" "a" {}\nresource "terraform_data" "a" {}\n',
            [],
        ),
        ('data "random_id" "a" {}\nephemeral "random_password" "b" {}\n', ["hashicorp/random"]),
        ('resource "random_id" "a" {\n  provider = aws.eu\n}\nprovider "tls" {}\n', ["hashicorp/tls"]),
        (
            'terraform {\n  required_providers {\n    aws = "~> 5.0"\n    dns = { source = "acme/dns" }\n  }\n}\n',
            ["acme/dns"],
        ),
        (
            'terraform {\n  required_providers {\n    x = { source = "acme.example/a/b" }\n    aws = { source = "HashiCorp/AWS" }\n  }\n}\nresource "x_y" "a" {}\n',
            [],
        ),
    ],
)
@pytest.mark.parametrize("path", ["app/main.tf", "app/inner/main.tf"])
def test_a_provider_that_the_lock_file_lacks_is_named_once(path: str, code: str, lacks: list[str]) -> None:
    lock = f'{LOCK}provider "acme.example/a/b" {{\n  version = "1.0.0"\n}}\n'
    texts = {"app/calls.tf": CALL, path: code, "app/.terraform.lock.hcl": lock}
    tree = {each: File(text.encode()) for each, text in texts.items()}
    found = [str(each) for each in unlocked_providers(tree, ["app"], "envs/x")]
    assert [each.split("`")[1] for each in found] == lacks
    assert all(each.startswith(f"envs/x/{path}:") for each in found)
    assert all("is not in the .terraform.lock.hcl of `app`" in each for each in found)


def test_a_lock_file_that_names_no_provider_lacks_all_of_them() -> None:
    tree = {"app/main.tf": File(b'resource "aws_sqs_queue" "a" {}\n'), "app/.terraform.lock.hcl": File(b"# none\n")}
    [found] = unlocked_providers(tree, ["app"], "envs/x")
    assert "the provider `hashicorp/aws` is not in the .terraform.lock.hcl of `app`" in found.message


@pytest.mark.parametrize(
    ("code", "is_superfluous"),
    [
        ("", True),
        ('resource "terraform_data" "a" {}\n', True),
        ('data "aws_region" "a" {}\n', False),
        ('provider "aws" {}\n', False),
        (required('"~> 5.0"'), False),
        (CALL, True),
        ('module "x" {\n  source = "acme/x/aws"\n}\n', False),
        ('module "x" {\n  source = var.source\n}\n', False),
        ("what nobody can read", False),
    ],
)
@pytest.mark.parametrize("path", ["app/main.tf", "app/inner/main.tf"])
def test_a_provider_that_no_code_uses_is_superfluous(path: str, code: str, is_superfluous: bool) -> None:
    texts = {"app/calls.tf": CALL, path: code.replace("./inner", "./other"), "app/.terraform.lock.hcl": LOCK}
    tree = {each: File(text.encode()) for each, text in texts.items()}
    found = list(superfluous_providers(tree, ["app"]))
    assert found == ([("app", "registry.terraform.io/hashicorp/aws")] if is_superfluous else [])

"""A lock file has the versions that the code asks for, or the line is named before `init` fails."""

import pytest

from bot.core.checks.required_providers import unlocked_versions
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

"""Small stacks that apply in seconds against moto, and the real Terraform to run them."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.clients.cage import Cage
from bot.clients.terraform.terraform import Terraform
from bot.errors import UserError
from bot.sandbox.terraform_config import terraform, terraform_environment
from tests.support.cloud import ACCOUNT, REGION
from tests.support.lock_files import AWS

LOCK = f"""
provider "registry.terraform.io/hashicorp/aws" {{
  version     = "5.100.0"
  constraints = "~> 5.100"
  hashes = [
    "{AWS}",
  ]
}}
"""
"""The lock file of `VERSIONS`, with the hash of the one platform that the tests run on."""

VERSIONS = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
"""

PROVIDER = f"""
provider "aws" {{
  region              = "{REGION}"
  allowed_account_ids = ["{ACCOUNT}"]
}}
"""

PACKAGED = Path(__file__).parents[2] / ".venv/terraform/bin/terraform"
"""The Terraform that `make test` installs beside the machine's own, where there is a package for the kind of machine."""

NEWER = (
    "tests/e2e/test_lifecycle.py",
    "tests/runs/apply/test_migrations.py",
    "tests/runs/destroy/test_applied_versions.py",
    "tests/runs/drift/test_drift.py",
)
"""The files of the pipeline's tests that run on the packaged Terraform, which is newer: the others run on the machine's own.

They plan, apply, resume, move states, look for drift and destroy, and live a clone's whole life through on the sandbox.
A start of the packaged one costs nearly twice the other's, so not all do.
"""


def on_newer(choice: str, file: str) -> bool:
    """Tell whether a test of `file` runs on the packaged Terraform, by its turn or because all do (`--terraform`)."""
    return PACKAGED.exists() and (choice == "newer" or (choice == "turns" and file in NEWER))


def newer_first() -> str:
    """Return a PATH on which the packaged Terraform is found first, and its `python3` without a version manager's script in between."""
    return os.pathsep.join((str(PACKAGED.parent), str(Path(sys.executable).parent), os.environ["PATH"]))


def provider_files(main: str) -> dict[str, str]:
    """Return what a root module needs beside `main`: the AWS provider, where it is used, and a lock file."""
    if '"aws_' not in main:
        return {".terraform.lock.hcl": "# No provider is installed.\n"}
    return {"provider.tf": PROVIDER, "versions.tf": VERSIONS, ".terraform.lock.hcl": LOCK}


def program(directory: Path, aws: Mapping[str, str], *writes: Path) -> Terraform:
    """Return the client of the real program, whose CLI configuration lies in `directory`; skip the test if there is none.

    `writes` are places outside its cage where what it runs tells the test of itself. `aws` may name another PATH to find it on.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    try:
        binary = terraform()
    except UserError as error:
        pytest.skip(str(error))
    environment = {**inherited, **terraform_environment(directory, inherited), **aws}
    found = shutil.which(binary.name, path=environment["PATH"])
    return Terraform(Path(found or binary), environment, reach=Cage(writes=writes))


def stack(main: str, bucket: str, key: str) -> dict[str, str]:
    """Return the files of a stack: `main` with what it needs, and its state in a bucket."""
    backend = f"""
terraform {{
  backend "s3" {{
    bucket       = "{bucket}"
    key          = "{key}"
    region       = "{REGION}"
    use_lockfile = true
  }}
}}
"""
    return {"main.tf": main, "backend.tf": backend, **provider_files(main)}


def write(directory: Path, files: Mapping[str, str]) -> Path:
    """Write files below a directory and return it."""
    for path, text in files.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return directory

"""An environment of hooks alone, or one that is really applied, for each test."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

from bot.model.roots import Roots
from tests.support.cloud import REGION, cloud
from tests.support.deploying import Deploying
from tests.support.fixtures import Fixtures
from tests.support.hooked import Hooked
from tests.support.patience import PATIENCE
from tests.support.terraform import program

BUCKET = "state"


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    """An environment without Terraform, in a repository."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True, timeout=PATIENCE)
    return Hooked(tmp_path)


@pytest.fixture
def aws() -> Iterator[Mapping[str, str]]:
    """AWS as moto imitates it, empty, and the variables by which it is reached."""
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@pytest.fixture(autouse=True)
def turn(terraform_by_turn: str) -> str:
    """Which Terraform a test runs on: see `NEWER`."""
    return terraform_by_turn


@pytest.fixture
def shelf(turn: str, tmp_path_factory: pytest.TempPathFactory) -> Fixtures:
    """What is delivered first with that Terraform, for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    return Fixtures((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"delivered-{turn}")


@pytest.fixture
def deploying(tmp_path: Path, aws: Mapping[str, str], shelf: Fixtures) -> Deploying:
    """A monorepo in an account that holds nothing but its state bucket."""
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    terraform = program(tmp_path / "configuration", {**aws, "HOME": str(tmp_path)}, tmp_path / "place")
    return Deploying.create(tmp_path, BUCKET, terraform, shelf)


@pytest.fixture
def nested(tmp_path: Path, aws: Mapping[str, str]) -> Deploying:
    """The same in a larger repository, which has environments and templates in a directory of its own for them."""
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    terraform = program(tmp_path / "configuration", {**aws, "HOME": str(tmp_path)}, tmp_path / "place")
    roots = Roots(environments="infra/envs", templates="infra/templates")
    return Deploying.create(tmp_path, BUCKET, terraform, roots=roots)

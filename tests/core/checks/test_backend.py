"""A stack's state lies in its own account's bucket, under its own name."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.backend import StatePlace, misplaced
from bot.core.tree import File
from bot.names import EnvironmentName, StepName

NAME = EnvironmentName("demo-x")


def backend(bucket: str = '"state"', key: str = '"demo-x/app/terraform.tfstate"', kind: str = "s3") -> bytes:
    return f'terraform {{\n  backend "{kind}" {{\n    bucket = {bucket}\n    key    = {key}\n  }}\n}}\n'.encode()


def found(data: bytes, path: str = "app/backend.tf") -> list[str]:
    return [
        str(f)
        for f in misplaced(
            {path: File(data)}, [StepName("app")], StatePlace(NAME, "state", FACTS.backend), "envs/demo-x"
        )
    ]


def test_its_own_place_is_right() -> None:
    assert found(backend()) == []


@pytest.mark.parametrize("bucket", ['"production-state"', "var.bucket", '"${var.bucket}"'])
def test_another_bucket_is_not(bucket: str) -> None:
    assert found(backend(bucket)) == [
        "envs/demo-x/app/backend.tf:2: the state must be in the account's `state_bucket`, `state`."
    ]


@pytest.mark.parametrize(
    "key",
    ['"production/app/terraform.tfstate"', '"demo-x2/app/x"', '"demo-x/app/../../production/x"', '"demo-x/network/x"', "var.key", '"/demo-x/app/x"'],
)  # fmt: skip
def test_another_environments_key_is_not(key: str) -> None:
    assert found(backend(key=key)) == ["envs/demo-x/app/backend.tf:2: the state's key must begin with `demo-x/app/`."]


def test_a_stack_without_a_backend_is_found() -> None:
    assert len(found(b'variable "x" {}\n')) == 1
    assert len(found(backend(), "app/inner/backend.tf")) == 1


def test_two_backends_are_both_judged() -> None:
    assert len(found(backend() + backend('"other"'))) == 1

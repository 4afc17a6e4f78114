"""What the walks share: how they come by Terraform, and by which door their commands come in."""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest

from tests.support.provider_process import provider_by_stack

Door = Literal["service", "handle"]


@pytest.fixture
def provider_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, terraform_by_turn: str
) -> Iterator[None]:
    """Start the AWS provider once for each stack that a job opens, not for each command, unless `--provider each` asks for that."""
    if request.config.getoption("--provider") == "each":
        yield
        return
    with provider_by_stack() as path:
        monkeypatch.setenv("PATH", path)
        yield


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Callable[[Door], Door]:
    """Return by which door a walk goes: its own, unless `--door` names one for all."""
    said: Door | Literal["own"] = request.config.getoption("--door")
    return lambda own: own if said == "own" else said

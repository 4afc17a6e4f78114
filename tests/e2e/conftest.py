"""How the walks come by Terraform."""

from collections.abc import Iterator

import pytest

from tests.support.provider_process import provider_by_stack


@pytest.fixture
def provider_once(monkeypatch: pytest.MonkeyPatch, terraform_by_turn: str) -> Iterator[None]:
    """Start the AWS provider once for each stack that a job opens, not for each command: only the demo pays for it as people do."""
    with provider_by_stack() as path:
        monkeypatch.setenv("PATH", path)
        yield

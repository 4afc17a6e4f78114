"""A town, or an environment of hooks alone, for each test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hooked import Hooked
from tests.support.town import Town, town


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    """A repository with people, and the service's flows."""
    with town(tmp_path) as found:
        yield found


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    """An environment without Terraform, in a repository."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True, timeout=30)
    return Hooked(tmp_path)

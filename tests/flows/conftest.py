"""A town for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.town import Town, town


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    """A repository with people, and the service's flows."""
    with town(tmp_path) as found:
        yield found

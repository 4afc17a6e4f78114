"""What a test may start: the AWS provider, PostgreSQL, a browser or the service's processes, only if its marker says so.

`make test-fast` leaves out the tests with these markers. One that needed them without saying so would make it slow for
everybody, so here it fails, in every run.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Literal

import pytest

from bot.sandbox.terraform_config import CONFIG_VARIABLE

Need = Literal["provider", "postgres", "browser", "e2e"]
_MARKED: Final[set[str]] = set()


@contextmanager
def allowed(markers: set[str]) -> Iterator[None]:
    """Let a test have what its markers name, and Terraform install no provider unless `provider` is one of them."""
    was = os.environ.get(CONFIG_VARIABLE)
    _MARKED.update(markers)
    if "provider" not in markers:
        os.environ[CONFIG_VARIABLE] = str(_no_providers())
    try:
        yield
    finally:
        _MARKED.clear()
        if was is None:
            os.environ.pop(CONFIG_VARIABLE, None)
        else:
            os.environ[CONFIG_VARIABLE] = was


def require(need: Need, *or_one_of: Need) -> None:
    """Fail the test that runs unless it has the marker, or one of others that `make test-fast` leaves out as well."""
    if _MARKED.isdisjoint({need, *or_one_of}):
        pytest.fail(f"It needs `@pytest.mark.{need}`: `make test-fast` runs what has no such marker.")


@cache
def _no_providers() -> Path:
    """Return a CLI configuration by which Terraform finds its built-in provider and no other."""
    directory = Path(tempfile.mkdtemp(prefix="envclone-no-providers-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    path = directory / "terraform.rc"
    path.write_text(
        f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = "{directory}"\n  }}\n}}\n'
    )
    return path

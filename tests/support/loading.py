"""Workers of a fresh checkout compile its modules between them: each begins with others, and finds the rest compiled.

pytest compiles tests itself, for its assertions; and workers that all load the same module at the same time all compile it.
"""

import os
import sys
from collections.abc import Iterable
from compileall import compile_file
from contextlib import suppress
from importlib import import_module
from pathlib import Path, PurePath

import pytest

from tests import ROOT

BOT, TESTS = ROOT / "bot", ROOT / "tests"


def load_in_turn(asked: Iterable[str]) -> None:
    """Load the modules of all tests, if a worker is asked for these, from its own share of them on. What fails is left to pytest."""
    is_of_all = [Path(each).resolve() for each in asked] == [TESTS]
    if not is_of_all or "PYTEST_XDIST_WORKER" not in os.environ or sys.dont_write_bytecode:
        return
    worker, workers = (
        int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")),
        int(os.environ["PYTEST_XDIST_WORKER_COUNT"]),
    )
    for file in sorted(BOT.rglob("*.py"))[worker::workers]:
        if (file.parent / "__init__.py").is_file():  # not a hook of a template
            compile_file(file, quiet=2)
    files = sorted(TESTS.rglob("test_*.py"))
    first = len(files) * worker // workers
    for file in (*files[first:], *files[:first]):
        with suppress(Exception, pytest.skip.Exception):
            import_module(_module(file.relative_to(ROOT)))


def _module(file: PurePath) -> str:
    return ".".join(file.with_suffix("").parts)

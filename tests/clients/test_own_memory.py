"""A process that holds tokens is closed to others of its user."""

import subprocess
import sys

import pytest

from tests.support.patience import PATIENCE

PROGRAM = """
import ctypes, resource, subprocess, sys
from bot.clients.own_memory import keep_memory_private

asks = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
keep_memory_private()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE), flush=True)
subprocess.run([sys.executable, "-c", asks], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="`prctl` is Linux's")
def test_it_can_t_be_read_and_what_it_starts_is_its_own() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert said.stdout.split("\n")[:2] == ["0 (0, 0)", "1"]

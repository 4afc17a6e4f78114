"""What ends a process that takes too much, though nothing in it can say so any more."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bot.clients.store import SqliteStore
from bot.jobs.alone import OwnProcess
from bot.jobs.step_attempts import StepAttempts
from tests import ROOT
from tests.jobs.test_alone import second_step
from tests.support.patience import PATIENCE

BEGIN = """
import re, threading
from bot.jobs.limits import limit_memory, processor_time, watch
def for_ever():  # one call in C that lets no other thread have a turn
    re.match("(a+)+$", "a" * 100 + "b")
def watched(longest, **limits):
    threading.Thread(target=watch, args=(threading.Event(), longest), kwargs=limits, daemon=True).start()
"""

ENDS = {
    "a call keeps the interpreter to itself": ("watched(lambda: 0, silent_for=0.2)\nfor_ever()", -signal.SIGPROF, "in for_ever"),
    "a step computes for ever": ("watched(lambda: 9, step_seconds=1)\nthreading.Event().wait()", -signal.SIGKILL, "took 1 s"),
    "a step alone computes for ever": ("with processor_time(0.1):\n    for_ever()", -signal.SIGPROF, ""),
    "a process was paused": ("watched(lambda: 0, silent_for=0.3, look=0.01)\nimport os, subprocess\nsubprocess.run(['sh', '-c', f'kill -STOP {os.getpid()}; sleep 0.5; kill -CONT {os.getpid()}'])", 0, ""),
    "too much memory": ("limit_memory(2**28)\nbytearray(2**29)", 1, "MemoryError"),
    "not too much of anything": ("limit_memory()\nwith processor_time(60):\n    bytearray(2**20)", 0, ""),
}  # fmt: skip


@pytest.mark.parametrize(("code", "status", "said"), ENDS.values(), ids=list(ENDS))
def test_what_takes_too_much_ends_its_process(code: str, status: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == status, done.stderr
    assert said in done.stderr


def test_how_much_a_step_takes_is_known_while_it_runs(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "steps.sqlite3")
    attempts, go_on = StepAttempts(store, OwnProcess(()), 0), threading.Event()

    def compute() -> dict[str, object]:
        while not go_on.is_set():
            pass
        return {}

    computing = threading.Thread(target=attempts.run, args=(second_step("env"), compute))
    computing.start()
    while attempts.longest() < 0.01:
        pass
    go_on.set()
    computing.join()
    assert attempts.longest() == 0
    store.close()

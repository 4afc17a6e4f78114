"""Programs end when they should, and take nothing along that they should not see."""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clients.process import ProcessOptions, TimedOut, stream
from tests.support.patience import PATIENCE

SECOND = timedelta(seconds=1)


def around(directory: Path, timeout: timedelta = 60 * SECOND, grace: timedelta = 30 * SECOND) -> ProcessOptions:
    return ProcessOptions(directory, {"PATH": os.environ["PATH"], "ONLY": "this"}, timeout, grace)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def shell(code: str) -> list[str]:
    """For programs with little time: where Python needs seconds to start, this has started."""
    return ["/bin/sh", "-c", code]


def ends(pid: int) -> bool:
    """Wait until a process is gone (a kill takes effect a moment later); say whether it went."""
    for _ in range(100 * PATIENCE):
        try:
            # A killed process whose new parent has not reaped it yet is a zombie (state Z), not a running one.
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_lines_the_code_and_the_end_of_stderr_come_back(tmp_path: Path) -> None:
    lines: list[bytes] = []
    program = python("import sys; print('one'); print('two'); print('why', file=sys.stderr); sys.exit(3)")
    finished = stream(program, lines.append, around(tmp_path))
    assert (lines, finished.code, finished.stderr) == ([b"one\n", b"two\n"], 3, "why\n")


def test_the_program_sees_only_the_given_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    lines: list[bytes] = []
    stream(python("import os; print(sorted(os.environ))"), lines.append, around(tmp_path))
    assert b"ONLY" in lines[0]
    assert b"GITHUB_TOKEN" not in lines[0]


def test_a_program_that_is_late_is_asked_to_end(tmp_path: Path) -> None:
    said: list[bytes] = []
    code = """
trap 'echo released; exit' INT
echo started
sleep 600 &
wait
"""
    with pytest.raises(TimedOut):
        stream(shell(code), said.append, around(tmp_path, timeout=2 * SECOND))
    assert said[-1:] == [b"released\n"]


def test_a_program_that_ignores_being_asked_is_ended_with_its_children(tmp_path: Path) -> None:
    said: list[bytes] = []
    code = """
trap '' INT
sleep 600 &
echo $!
wait
"""
    with pytest.raises(TimedOut):
        stream(shell(code), said.append, around(tmp_path, timeout=2 * SECOND, grace=SECOND))
    assert ends(int(said[0]))


def test_what_a_program_leaves_running_is_ended_too(tmp_path: Path) -> None:
    said: list[bytes] = []
    code = """
import subprocess, sys
quiet = subprocess.DEVNULL
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=quiet, stderr=quiet).pid)
"""
    assert stream(python(code), said.append, around(tmp_path)).code == 0
    assert ends(int(said[0]))


def test_the_program_is_ended_when_its_reader_fails(tmp_path: Path) -> None:
    pids: list[int] = []

    def fail(line: bytes) -> None:
        pids.append(int(line))
        raise RuntimeError("reader")

    with pytest.raises(RuntimeError, match="reader"):
        stream(python("import os, time; print(os.getpid(), flush=True); time.sleep(600)"), fail, around(tmp_path))
    assert ends(pids[0])


def test_there_is_no_such_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        stream(["/no/such/program"], lambda line: None, around(tmp_path))

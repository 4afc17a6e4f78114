"""Run a program that reads JSON and writes JSON: bounded in time and output, and nothing of it outlives the call."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

MOST_OUTPUT = 1_000_000
"""Bytes of standard output."""
MOST_LOG = 1_000_000
"""Bytes of standard error that reach the log."""
LONGEST_LINE = 4_000
GRACE_SECONDS = 5.0
LAST_LINES = 5


class ChildFailed(Exception):
    """The program failed, hung, or said too much. The message completes a sentence that begins with its name."""


class ChildTimedOut(ChildFailed):
    """The program hung, and was ended."""


@dataclass(frozen=True, slots=True)
class JsonProcess:
    """What to run, where, with which environment variables alone, and what it reads."""

    argv: Sequence[str]
    directory: Path
    environment_variables: Mapping[str, str] = field(repr=False)
    given: bytes = field(repr=False)


def run(child: JsonProcess, timeout: timedelta, log: Callable[[str], None]) -> bytes:
    """Return what the program wrote; its standard error goes to `log` as it comes. Raises `ChildFailed`, `OSError`."""
    process = subprocess.Popen(
        child.argv,
        cwd=child.directory,
        env=dict(child.environment_variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a group of its own, so that its children end with it
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    said, last = _Bounded(process), _Lines(log)
    readers = [
        threading.Thread(target=_feed, args=(process.stdin, child.given), daemon=True),
        threading.Thread(target=said.read, args=(process.stdout,), daemon=True),
        threading.Thread(target=last.read, args=(process.stderr,), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        in_time = _ended_within(process, timeout.total_seconds())
        if not in_time:
            _signal(process, signal.SIGTERM)
            _ended_within(process, GRACE_SECONDS)
    finally:
        # Before it is reaped, so that its group's id can't have been given to another.
        _signal(process, signal.SIGKILL)
        code = process.wait()
        for reader in readers:
            reader.join()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()
    if not in_time:
        raise ChildTimedOut(f"did not end within {timeout}, so it was ended.")
    if said.is_too_much:
        raise ChildFailed(f"wrote more than {MOST_OUTPUT:,} bytes.")
    if code != 0:
        how = f"ended with code {code}" if code > 0 else f"was ended by signal {-code}"
        raise ChildFailed(": ".join([how, " / ".join(last.lines)]) if last.lines else f"{how}.")
    return bytes(said.data)


class _Bounded:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.data = bytearray()
        self.is_too_much = False
        self._process = process

    def read(self, pipe: IO[bytes]) -> None:
        while piece := pipe.read1(65536):  # type: ignore[attr-defined]
            if len(self.data) + len(piece) > MOST_OUTPUT:
                self.is_too_much = True
                _signal(self._process, signal.SIGKILL)
                return
            self.data += piece


class _Lines:
    def __init__(self, log: Callable[[str], None]) -> None:
        self.lines: list[str] = []
        self._log = log

    def read(self, pipe: IO[bytes]) -> None:
        left = MOST_LOG
        while line := pipe.readline(LONGEST_LINE):
            text = line.decode("utf-8", "replace").rstrip()
            left -= len(line)
            if left >= 0 and text:
                self._log(text)
                self.lines = [*self.lines, text][-LAST_LINES:]


def _feed(pipe: IO[bytes], given: bytes) -> None:
    with contextlib.suppress(OSError):  # a program may leave its input unread
        pipe.write(given)
        pipe.close()


def _ended_within(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    ended = threading.Event()

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):  # it was reaped before this thread had its turn
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        ended.set()

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    return ended.wait(seconds)


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)

"""Run another program: an argument list, a given environment, a time limit that ends everything it started."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

MOST_STDERR = 64 * 1024
"""Bytes of standard error that are kept, from its end."""

READ_AT_ONCE = 1024 * 1024
POLL_SECONDS = 0.02
"""Between two looks at the output; starting the program alone takes longer than this."""


class TimedOut(Exception):
    """The program did not end in time; it and all that it started have been ended."""

    def __init__(self, program: str, timeout: timedelta) -> None:
        super().__init__(f"`{program}` did not end within {timeout}")
        self.timeout = timeout


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a program runs, the only environment that it sees, and how long it may take.

    `grace` is how long it may take to end by itself once it is asked to: Terraform releases its state lock in that time.
    """

    directory: Path
    environment: Mapping[str, str]
    timeout: timedelta
    grace: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a program ended; `stderr` is the end of what it wrote there."""

    code: int
    stderr: str


def stream(argv: Sequence[str], on_line: Callable[[bytes], None], around: Surroundings) -> ProcessResult:
    """Run `argv` and hand over each line of its standard output as it comes; its standard input is empty.

    What it started and left running is ended with it. Raises `TimedOut`, and `OSError` if there is no such program. If
    `on_line` raises, the program is ended first.
    """
    with tempfile.TemporaryFile() as errors, _memory() as said:
        process = subprocess.Popen(
            argv,
            cwd=around.directory,
            env=dict(around.environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=errors,
            start_new_session=True,  # a group of its own, so that its children end with it
        )
        ended, expired = threading.Event(), threading.Event()
        watch = threading.Thread(target=_watch, args=(process, around, ended, expired), daemon=True)
        watch.start()
        try:
            for line in _lines(process, said):
                on_line(line)
        except BaseException:
            _interrupt(process)
            _wait_a_while(process, around.grace)
            raise
        finally:
            ended.set()
            watch.join()
            _kill_group(process)
            code = process.wait()
        if expired.is_set():
            raise TimedOut(Path(argv[0]).name, around.timeout)
        return ProcessResult(code, _end_of(errors))


def _memory() -> IO[bytes]:
    """Return a file for the program's output: in memory where the system can, for it may hold secrets.

    Not a pipe: if this process is killed, a pipe breaks, and the program dies at its next line. Terraform would lose what it
    has just made, and leave its lock; so it goes on to its end instead, and the next run finds the state whole.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("output"), "w+b")
    return tempfile.TemporaryFile()


def _lines(process: "subprocess.Popen[bytes]", said: IO[bytes]) -> Iterator[bytes]:
    """Yield each line as it comes, the last also without its end, until the program has ended."""
    position, rest = 0, b""
    while True:
        # Asked before reading: what was written before the end is then never missed.
        has_ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        while piece := os.pread(said.fileno(), READ_AT_ONCE, position):  # the offset itself is the program's
            position += len(piece)
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line + b"\n" for line in whole)
        if has_ended:
            break
        time.sleep(POLL_SECONDS)
    if rest:
        yield rest


def _watch(
    process: "subprocess.Popen[bytes]", around: Surroundings, ended: threading.Event, expired: threading.Event
) -> None:
    """Ask the program to end, as Ctrl-C would, when its time is over, and end its whole group if it does not."""
    if ended.wait(around.timeout.total_seconds()):
        return
    expired.set()
    _interrupt(process)
    if not ended.wait(around.grace.total_seconds()):
        _kill_group(process)


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGINT)


def _wait_a_while(process: "subprocess.Popen[bytes]", longest: timedelta) -> None:
    until = time.monotonic() + longest.total_seconds()
    while time.monotonic() < until:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
            return
        time.sleep(0.05)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    # Only called before the leader is reaped (see WNOWAIT), so the group's id can't have been given to another one.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end_of(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MOST_STDERR))
    return file.read().decode("utf-8", "replace")

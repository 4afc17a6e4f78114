"""Run another program: an argument list, a given environment, a time limit that ends everything it started."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from bot.clients.cage import Cage

MOST_STDERR = 64 * 1024
"""Bytes of standard error that are kept, from its end: far more than any message shows, and bounded for a program that babbles."""

READ_AT_ONCE = 1024 * 1024
"""Bytes. `show -json` of a large plan has some 20 MB; smaller pieces would copy the unfinished line too often."""
POLL_SECONDS = 0.02
"""Between two looks at the output; starting the program alone takes longer than this."""


class TimedOut(Exception):
    """The program did not end in time; it and all that it started have been ended."""

    def __init__(self, program: str, timeout: timedelta) -> None:
        super().__init__(f"`{program}` did not finish within {timeout}")
        self.timeout = timeout


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """Where a program runs, the only environment that it sees, and how long it may take.

    When its time is over it is sent `stop_signal`, the whole group if `stops_group`, and killed when `grace` is over too:
    Terraform gives its state lock back in that time.
    """

    directory: Path
    environment: Mapping[str, str] = field(repr=False)
    timeout: timedelta
    grace: timedelta = timedelta(seconds=30)
    stop_signal: signal.Signals = signal.SIGINT
    stops_group: bool = False
    cage: Cage | None = None
    """What of the machine it may reach; None: as much as we."""


@dataclass(frozen=True, slots=True)
class ProcessStreams:
    """The three standard streams, as `subprocess.Popen` takes them."""

    stdin: int | IO[bytes] = subprocess.DEVNULL
    stdout: int | IO[bytes] = subprocess.DEVNULL
    stderr: int | IO[bytes] = subprocess.DEVNULL


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a program ended; `stderr` is the end of what it wrote there."""

    code: int
    stderr: str


class RunningProcess:
    """A program under way, in a group of its own. It is reaped only when `supervised` ends, so its id stays its own."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.expired = threading.Event()
        self.ended = threading.Event()

    def has_ended(self) -> bool:
        """Say whether the program is over, however it ended."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def wait(self) -> None:
        """Wait until the program is over; its time limit sees to it that it is one day."""
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)

    def kill(self) -> None:
        """End the program and all that it started."""
        self.signal(signal.SIGKILL, whole_group=True)

    def signal(self, number: signal.Signals, *, whole_group: bool) -> None:
        """Send a signal. Only called before the program is reaped, so its ids can't have been given to another."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if whole_group else os.kill)(self.process.pid, number)


@contextmanager
def supervised(argv: Sequence[str], options: ProcessOptions, streams: ProcessStreams) -> Iterator[RunningProcess]:
    """Run `argv` while the block runs, and end it and all that it started with the block, or when its time is over.

    If the block raises, the program is asked to end first. Raises `OSError` if there is no such program.
    """
    if options.cage is not None:
        argv = options.cage.argv(argv, options.environment)
    process = subprocess.Popen(
        argv,
        cwd=options.directory,
        env=dict(options.environment),
        stdin=streams.stdin,
        stdout=streams.stdout,
        stderr=streams.stderr,
        start_new_session=True,  # a group of its own, so that its children end with it
    )
    running = RunningProcess(process)
    watch = threading.Thread(target=_watch, args=(running, options), daemon=True)
    watch.start()
    try:
        yield running
    except BaseException:
        running.signal(options.stop_signal, whole_group=options.stops_group)
        _wait_a_while(running, options.grace)
        raise
    finally:
        running.ended.set()
        watch.join()
        running.kill()
        process.wait()


def stream(argv: Sequence[str], on_line: Callable[[bytes], None], options: ProcessOptions) -> ProcessResult:
    """Run `argv` and hand over each line of its standard output as it comes; its standard input is empty.

    What it started and left running is ended with it. Raises `TimedOut`, and `OSError` if there is no such program. If
    `on_line` raises, the program is ended first.
    """
    with tempfile.TemporaryFile() as errors, _memory() as said:
        with supervised(argv, options, ProcessStreams(stdout=said, stderr=errors)) as running:
            for line in _lines(running, said):
                on_line(line)
        if running.expired.is_set():
            raise TimedOut(Path(argv[0]).name, options.timeout)
        return ProcessResult(running.process.returncode, _end_of(errors))


def _memory() -> IO[bytes]:
    """Return a file for the program's output: in memory where the system can, for it may hold secrets.

    Not a pipe: if this process is killed, a pipe breaks, and the program dies at its next line. Terraform would lose what it
    has just made, and leave its lock; so it goes on to its end instead, and the next run finds the state whole.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("output"), "w+b")
    return tempfile.TemporaryFile()


def _lines(running: RunningProcess, said: IO[bytes]) -> Iterator[bytes]:
    """Yield each line as it comes, the last also without its end, until the program has ended."""
    position, rest = 0, b""
    while True:
        # Asked before reading: what was written before the end is then never missed.
        has_ended = running.has_ended()
        while piece := os.pread(said.fileno(), READ_AT_ONCE, position):  # the offset itself is the program's
            position += len(piece)
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line + b"\n" for line in whole)
        if has_ended:
            break
        time.sleep(POLL_SECONDS)
    if rest:
        yield rest


def _watch(running: RunningProcess, options: ProcessOptions) -> None:
    """Ask the program to end when its time is over, and end its whole group if it does not."""
    if running.ended.wait(options.timeout.total_seconds()):
        return
    running.expired.set()
    running.signal(options.stop_signal, whole_group=options.stops_group)
    if not running.ended.wait(options.grace.total_seconds()):
        running.kill()


def _wait_a_while(running: RunningProcess, longest: timedelta) -> None:
    until = time.monotonic() + longest.total_seconds()
    while time.monotonic() < until and not running.has_ended():
        time.sleep(0.05)


def _end_of(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MOST_STDERR))
    return file.read().decode("utf-8", "replace")

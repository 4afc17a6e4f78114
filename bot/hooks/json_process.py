"""Run a program that reads JSON and writes JSON: bounded in time and output, and nothing of it outlives the call."""

import contextlib
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from bot.clients.cage import NOTHING, Cage
from bot.clients.process import ProcessOptions, ProcessStreams, RunningProcess, supervised

MOST_OUTPUT = 1_000_000
"""Bytes of standard output: outputs and an undo record lie in the ledger, which every step reads and writes whole."""
MOST_LOG = 1_000_000
"""Bytes of standard error that reach the log; a runner keeps a log of a few MB well readable."""
LONGEST_LINE = 4_000
"""Bytes of one line of the log; a longer one is cut into several."""
GRACE = timedelta(seconds=5)
"""How long a program may take to tidy up once it is asked to end: it holds no lock that others wait for, as Terraform does."""
LAST_LINES = 5
"""Lines of standard error in the message of a failure: a traceback's last ones say what happened."""


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
    reach: Cage = NOTHING


def run(child: JsonProcess, timeout: timedelta, log: Callable[[str], None]) -> bytes:
    """Return what the program wrote; its standard error goes to `log` as it comes. Raises `ChildFailed`, `OSError`."""
    pipes = ProcessStreams(subprocess.PIPE, subprocess.PIPE, subprocess.PIPE)
    with tempfile.TemporaryDirectory(prefix="envclone-") as own, _started(child, timeout, Path(own), pipes) as running:
        said, last = _Bounded(running), _Lines(log)
        readers = _readers(running.process, child.given, said, last)
        running.wait()
    for reader in readers:
        reader.join()
    if running.expired.is_set():
        raise ChildTimedOut(f"did not finish within {timeout}, so it was stopped.")
    if said.is_too_much:
        raise ChildFailed(f"wrote more than {MOST_OUTPUT:,} bytes.")
    code = running.process.returncode
    if code != 0:
        how = f"exited with code {code}" if code > 0 else f"was killed by signal {-code}"
        raise ChildFailed(": ".join([how, " / ".join(last.lines)]) if last.lines else f"{how}.")
    return bytes(said.data)


def _started(
    child: JsonProcess, timeout: timedelta, own: Path, pipes: ProcessStreams
) -> AbstractContextManager[RunningProcess]:
    """Run the program in its cage: it reads the environment's directory, and writes in a directory of its own (`TMPDIR`)."""
    variables = {**child.environment_variables, "TMPDIR": str(own)}
    # SIGTERM to the whole group: a shell would wait for its child before it took any notice of the signal.
    options = ProcessOptions(
        child.directory,
        variables,
        timeout,
        GRACE,
        signal.SIGTERM,
        stops_group=True,
        cage=Cage(reads=(child.directory,), writes=(own,)) + child.reach,
    )
    return supervised(child.argv, options, pipes)


def _readers(
    process: "subprocess.Popen[bytes]", given: bytes, said: "_Bounded", last: "_Lines"
) -> list[threading.Thread]:
    """Return the threads, begun, that serve the program's pipes: one that is not read from would block it."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    readers = [
        threading.Thread(target=_feed, args=(process.stdin, given), daemon=True),
        threading.Thread(target=said.read, args=(process.stdout,), daemon=True),
        threading.Thread(target=last.read, args=(process.stderr,), daemon=True),
    ]
    for reader in readers:
        reader.start()
    return readers


class _Bounded:
    """The program's answer, up to a limit beyond which the program is ended."""

    def __init__(self, running: RunningProcess) -> None:
        self.data = bytearray()
        self.is_too_much = False
        self._running = running

    def read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while piece := pipe.read1(65536):  # type: ignore[attr-defined]
                if len(self.data) + len(piece) > MOST_OUTPUT:
                    self.is_too_much = True
                    self._running.kill()
                    return
                self.data += piece


class _Lines:
    """What the program says for the log, and its last words for the message of a failure."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.lines: list[str] = []
        self._log = log

    def read(self, pipe: IO[bytes]) -> None:
        left = MOST_LOG
        with pipe:
            while line := pipe.readline(LONGEST_LINE):
                text = line.decode("utf-8", "replace").rstrip()
                left -= len(line)
                if left >= 0 and text:
                    self._log(text)
                    self.lines = [*self.lines, text][-LAST_LINES:]


def _feed(pipe: IO[bytes], given: bytes) -> None:
    with contextlib.suppress(OSError), pipe:  # a program may leave its input unread
        pipe.write(given)

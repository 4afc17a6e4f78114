"""Programs of ours that begin where everything they need is loaded already: a second of processor time less for each start.

A process that did nothing but load them forks for each start (https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods,
"forkserver"), so no thread of a test is copied. What such a program starts itself, it starts as ever.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from io import TextIOWrapper
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

from tests import processor

LOADED: Final = ["bot.jobs.worker", "tests.jobs.counting", "tests.jobs.expiring", "tests.support.apply_command"]
"""What is loaded once, with all that it imports."""


class Preloaded:
    """A program that runs, as `subprocess.Popen` would show it. What it says goes to the end of a file, and it leads a session."""

    def __init__(
        self, module: str, words: Sequence[str], environment: Mapping[str, str], said: Path, directory: Path = Path()
    ) -> None:
        said.touch()
        arguments = (module, list(words), dict(environment), str(said.absolute()), str(directory.absolute()))
        self._process = _server().Process(target=_run, args=arguments)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, a signal's number as a negative one. Raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        ended = self._process.exitcode
        if ended is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return ended

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    here, there = context.Pipe(duplex=False)
    first = context.Process(target=_tell, args=(there,))
    first.start()
    processor.count_in(here.recv())
    first.join()
    return context


def _tell(asker: "Connection[int, int]") -> None:
    asker.send(os.getppid())


def _run(module: str, words: list[str], environment: dict[str, str], said: str, directory: str) -> None:
    os.setsid()
    os.chdir(directory)
    for number, place, how in (
        (0, os.devnull, os.O_RDONLY),
        (1, said, os.O_WRONLY | os.O_APPEND),
        (2, said, os.O_WRONLY | os.O_APPEND),
    ):
        opened = os.open(place, how)
        os.dup2(opened, number)
        os.close(opened)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(write_through=True)  # a test reads it while the program runs
    os.environ.clear()
    os.environ.update(environment)
    # By these it would start itself again.
    sys.orig_argv[:] = [sys.executable, "-m", module, *words]
    sys.argv[:] = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)

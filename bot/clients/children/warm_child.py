"""A program that answers questions, one line of JSON each, kept between them because its start is what costs.

It gets an empty environment, and `python -I`: the directory that it is started in may be a pull request's, and no module may come
from there. One question at a time; whoever asks from several threads waits.
"""

import atexit
import contextlib
import json
import subprocess
import sys
import threading
from datetime import timedelta


class ChildEnded(Exception):
    """The program ended without an answer: by itself, or because its time was over."""


class WarmChild:
    """A module of ours as a program of its own. It is started by the first question, and again after it ended."""

    def __init__(self, module: str) -> None:
        self.argv = (sys.executable, "-I", "-m", module)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def ask(self, question: object, within: timedelta) -> object:
        """Return the answer. Raises `ChildEnded`; the next question starts the program anew."""
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            watch = threading.Timer(within.total_seconds(), process.kill)  # ends a write that waits as well as a read
            watch.daemon = True
            watch.start()
            try:
                process.stdin.write(json.dumps(question).encode() + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except OSError:
                answer = b""
            finally:
                watch.cancel()
                watch.join()
            if not answer.endswith(b"\n"):
                self._end()
                raise ChildEnded(f"`{self.argv[-1]}` ended without an answer")
            return json.loads(answer)

    def close(self) -> None:
        """End the program."""
        with self._lock:
            self._end()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(OSError):  # what it never read can't be flushed to it any more
                self._process.stdin.close()  # type: ignore[union-attr]
            self._process.stdout.close()  # type: ignore[union-attr]
            self._process.wait()
            self._process = None

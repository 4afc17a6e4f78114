"""One step of a job in a process of its own: that of a job which a worker did not survive, so that the next death proves something.

The process is the worker's program once more. It gets the job and what its earlier steps returned, takes the same way through the
job (which decides by these alone, as in a replay), does the one step and says what came of it.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter

from bot.clients.steady_clock import steady
from bot.clients.transient import RateLimited, Transient
from bot.errors import UserError
from bot.jobs.attempt import (
    OUTCOME,
    FailedAlone,
    JobFailed,
    JobRefused,
    Later,
    Patience,
    StepDone,
    StepOutcome,
    Tries,
    attempt,
)
from bot.jobs.limits import processor_time
from bot.logs import about
from bot.model.base import Document
from bot.model.pipeline import Json
from bot.service.jobs_api import JobRequest, JobsApi, R

ALONE = "--alone"
"""Said to the worker's program when it is to do one step only."""

JUDGED_AFTER = 1.0
"""Seconds. Whoever kills a whole container or control group kills the step's process a moment before us: then it proves nothing."""

FIRST_TO_GO = "1000"
"""The kernel's score for whom it ends first when memory runs out: not the worker, and nobody else's program."""


BEGIN = b"begin"
"""Said to that process when the step that it was handed is noted as under way."""

HANDED = b"handed\n"
"""What it answers as soon as it has read a step."""


class StepUnderWay(Document):
    """A step of a job, what those before it returned, and whether whoever asked knows that the job waits.

    `deaths` are those of workers that the step has survived.
    """

    request: JobRequest
    name: str
    earlier: dict[str, dict[str, Json]]
    are_answered: bool = False
    deaths: int = 0


class StepDied(Exception):
    """The step ended the process that it had to itself."""


class OwnProcess:
    """The program that does one step after the other, and nothing else meanwhile. It is started when there is a step to do."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv
        self._process: subprocess.Popen[bytes] | None = None
        self._has_served = False

    def hand(self, step: StepUnderWay) -> None:
        """Give the program a step that it is not to begin yet. Raises `Transient`, e.g. when it ends before it has the step.

        From now on its end with its worker is no death of the step's: it takes back what was noted.
        """
        if self._process is None:
            # In a session of its own: who kills the service's processes as a group leaves it the moment to say that it was not the step.
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            self._has_served = False
        if self._said(step.model_dump_json().encode()) != HANDED:
            status = self._ended()
            raise Transient(f"the step's own process could not work: it ended with {status}")

    def carry_out(self, step: StepUnderWay) -> dict[str, Json]:
        """Return what a step returned that was handed. Raises what the step raised, and `StepDied`."""
        answer = self._said(BEGIN)
        if answer.endswith(b"\n"):
            self._has_served = True
            return _result(OUTCOME.validate_json(answer))
        status = self._ended()
        if status >= 0:
            raise Transient(f"the step's own process could not work: it ended with {status}")
        time.sleep(JUDGED_AFTER)
        if self._has_served:  # then it may be the doing of what an earlier step left behind
            self.hand(step)
            return self.carry_out(step)
        raise StepDied(f"ended by signal {-status}")

    def _said(self, line: bytes) -> bytes:
        """Return the line that the program answers with; a shorter one if it ends instead."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died before it read; its status says so
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        return self._process.stdout.readline()

    def _ended(self) -> int:
        assert self._process is not None
        status = self._process.wait()
        self.close()
        return status

    def close(self) -> None:
        """End the program; a further step starts it anew."""
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(BrokenPipeError):  # what it never read
                self._process.__exit__(None, None, None)
            self._process = None


def _result(outcome: StepOutcome) -> dict[str, Json]:
    match outcome:
        case StepDone(result=result):
            return result
        case Later(is_limit=True, seconds=seconds, reason=reason):
            raise RateLimited(steady() + timedelta(seconds=seconds), reason)
        case Later(reason=reason):
            raise Transient(reason)
        case JobRefused(message=message):
            raise UserError(message)
        case JobFailed():
            raise FailedAlone(outcome)


def answer(work_of: Callable[[], JobsApi], orphaned: Callable[[StepUnderWay], None]) -> None:
    """Do the steps that standard input names, and write what came of each to standard output. Raises what `work_of` does.

    Never returns otherwise: the process ends with its standard input, also in the middle of a step, for then its worker is gone;
    `orphaned` is told of that step first.
    """
    answers = os.dup(1)
    os.dup2(2, 1)  # what anything prints must not get between, and no program that it starts may hold the answers open
    work = work_of()
    with os.fdopen(answers, "wb") as said:
        lifeline = _Lifeline(said, orphaned)
        threading.Thread(target=lifeline.listen, name="lifeline", daemon=True).start()
        while True:
            step = lifeline.begun.get()
            with processor_time():
                outcome = carried_out(work, step)
            lifeline.handed = None
            said.write(OUTCOME.dump_json(outcome) + b"\n")
            said.flush()


def be_first_to_go() -> None:
    """Let the kernel end this process before all others when memory runs out. To be called while `/proc/self` is still ours."""
    with contextlib.suppress(OSError):  # not on Linux
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)


def carried_out(work: JobsApi, step: StepUnderWay) -> StepOutcome:
    """Take a job's way up to a step, do that, and return what came of it."""
    with about(**step.request.log_fields, step=step.name):
        try:
            work.run(step.request, _UpTo(step))
        except _Reached as reached:
            return reached.outcome
    raise LookupError(f"the job has no step {step.name} after {', '.join(step.earlier) or 'nothing'}")


class _Reached(Exception):
    """The step was done."""

    def __init__(self, outcome: StepOutcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class _UpTo:
    """`Steps` that returns what is known of earlier steps, and goes no further than the one that is asked for."""

    step: StepUnderWay

    @property
    def are_answered(self) -> bool:
        return self.step.are_answered

    def run(self, name: str, result: TypeAdapter[R], act: Callable[[], R]) -> R:
        if name != self.step.name and name in self.step.earlier:
            return result.validate_python(self.step.earlier[name])
        if name != self.step.name:
            raise LookupError(f"the step {name} comes before {self.step.name}, and nothing is known of it")
        raise _Reached(attempt(lambda: result.dump_python(act(), mode="json"), Tries(), Patience()))


class _Lifeline:
    """Reads what the worker says, and ends the process when there is no worker any more.

    A step is known from when it was read, not from when it begins: what the worker notes of it in between is taken back, too.
    """

    def __init__(self, said: BinaryIO, orphaned: Callable[[StepUnderWay], None]) -> None:
        self._said, self._orphaned = said, orphaned
        self.begun: queue.SimpleQueue[StepUnderWay] = queue.SimpleQueue()
        self.handed: StepUnderWay | None = None

    def listen(self) -> None:
        try:
            for line in sys.stdin.buffer:
                self._heard(line.removesuffix(b"\n"))
            if (step := self.handed) is not None:
                self._orphaned(step)
        finally:
            os._exit(0)

    def _heard(self, line: bytes) -> None:
        if line == BEGIN and self.handed is not None:
            self.begun.put(self.handed)
            return
        self.handed = StepUnderWay.model_validate_json(line)
        self._said.write(HANDED)
        self._said.flush()

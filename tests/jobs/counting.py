"""A worker whose work leaves traces: `python -m tests.jobs.counting DIRECTORY [VERSION]`.

A comment `/work NAME` is a job of four steps in the partition NAME. Each step is idempotent in the way that all of ours are: it
looks for its effect (a file) before making it. Every run of a step is noted in a log, whatever came of it.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from bot.cli.serving.worker import end, main
from bot.clients.transient import RateLimited, Transient
from bot.errors import UserError
from bot.events import CommentCreated, Event
from bot.jobs.alone import ALONE
from bot.names import RepositoryName
from bot.service.jobs_api import Finished, JobRequest, JobStepResult, Steps

STEPS = ("one", "two", "three", "four")
GO = "go"
"""The file for which the second step of a slow job waits."""


class Noted(JobStepResult):
    """Which step it was, and whether it is the job's last."""

    name: str
    is_last: bool


class OldNoted(JobStepResult):
    """What a step returned in an older version."""

    step: str


def _old(act: Callable[[], Noted]) -> OldNoted:
    return OldNoted(step=act().name)


NOTED: TypeAdapter[Noted] = TypeAdapter(Noted)
OLD_NOTED: TypeAdapter[OldNoted] = TypeAdapter(OldNoted)


class CountingWork:
    """Implements `bot.service.jobs_api.JobsApi`; version 1 writes other results down."""

    def __init__(self, directory: Path, version: str = "2") -> None:
        self._directory = directory
        self.version = version
        for name in ("effects", "locks", "answers", "made"):
            (directory / name).mkdir(parents=True, exist_ok=True)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def repositories(self) -> Sequence[RepositoryName]:
        return ()

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        if not isinstance(event, CommentCreated) or not event.body.startswith("/work "):
            return None
        if event.body == "/work poison":
            raise RuntimeError("poison")
        name = event.body.split()[1]
        key = f"comment-{event.comment}"
        return JobRequest(key=key, partition=name, kind="work", delivery=delivery, event=event)

    def redeliver_failed(self, since: datetime) -> int:
        return 0

    def remaining_requests(self) -> Mapping[str, int]:
        return {}

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        done: list[str] = []
        for name in STEPS:
            # Bound now: the name of this turn of the loop.
            act = partial(self._step, name, request)
            if self.version == "1":
                done.append(steps.run(name, OLD_NOTED, partial(_old, act)).step)
                continue
            noted = steps.run(name, NOTED, act)
            done.append(noted.name)
            assert done == list(STEPS[: len(done)])
            if noted.is_last:
                break
        return Finished()

    def waiting(self, request: JobRequest, until: datetime, *, is_limit: bool) -> None:
        self.note("waits", f"{request.key} {is_limit}")

    def refused(self, request: JobRequest, message: str) -> None:
        self._once(f"answers/{request.key}", f"refused {message}")

    def failed(self, request: JobRequest, reference: str, error: str) -> None:
        self._once(f"answers/{request.key}", f"failed {error}")

    def _step(self, name: str, request: JobRequest) -> Noted:
        with (self._directory / "locks" / request.partition).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.note("overlaps", f"{request.partition} {request.key} {name}")
                raise Transient("another step of this partition runs") from None
            self.note("runs", f"{request.partition} {request.key} {name} {os.getpid()}")
            self._trouble(name, request)
            time.sleep(0.004)
            self._once(f"effects/{request.key}.{name}", name)
            time.sleep(0.004)
        return Noted(name=name, is_last=request.partition == "stopper" and name == "two")

    def _trouble(self, name: str, request: JobRequest) -> None:
        """Fail as the partition's name says, at the second step."""
        if name != "two":
            return
        tried = sum(1 for line in self.notes("runs") if line.split()[1:3] == [request.key, name])
        match request.partition:
            case "flaky" if tried < 3:
                raise Transient("not now")
            case "limited" if tried < 2:
                raise RateLimited(datetime.now(UTC) + timedelta(seconds=1), "slow down")
            case "refusing":
                raise UserError("Type something else.")
            case "broken":
                raise KeyError("a surprise with a secret in it")
            case "slow":
                self._wait_to_be_let_go()
            case "deadly":
                os.kill(os.getpid(), signal.SIGKILL)
            case "container":  # ended whole, as one is whose memory runs out
                _end_whole(os.getpgrp() if tried == 1 else os.getpgid(os.getppid()))
            case "unlucky" if tried < 3:
                # Killed from outside: when the step has a process of its own, that is not the worker.
                os.kill(os.getpid() if tried == 1 else os.getppid(), signal.SIGKILL)
                time.sleep(3600)  # it is ended when the worker is gone

    def _once(self, name: str, text: str) -> None:
        path = self._directory / name
        if not path.exists():
            # Made elsewhere and moved here: killed in between, there is nothing instead of an empty effect.
            made = self._directory / "made" / f"{path.name}.{os.getpid()}"
            made.write_text(f"{text}\n")
            made.rename(path)

    def note(self, name: str, line: str) -> None:
        descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)

    def notes(self, name: str) -> list[str]:
        path = self._directory / name
        return path.read_text().splitlines() if path.exists() else []

    def _wait_to_be_let_go(self) -> None:
        while not (self._directory / GO).exists():
            time.sleep(0.02)

    def let_go(self) -> None:
        """Let the second steps of slow jobs end."""
        (self._directory / GO).touch()


def _outlive_the_worker(work: CountingWork) -> None:
    """Say that the process of a suspect starts, and go no further before its worker is gone."""
    worker = os.getppid()
    work.note("alone", str(os.getpid()))
    while os.getppid() == worker:
        time.sleep(0.01)


def _end_whole(workers: int) -> None:
    """End a group of processes and this one together: nobody sees the other's end."""
    words = f"kill -STOP -{workers}; kill -KILL {os.getpid()}; kill -KILL -{workers}"
    subprocess.Popen(["/bin/sh", "-c", words], start_new_session=True)
    time.sleep(3600)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != ALONE]
    if ALONE in sys.argv and "COUNTING_ALONE_STARTS" in os.environ:
        _outlive_the_worker(CountingWork(Path(words[0])))
    end(main(lambda _: CountingWork(Path(words[0]), *words[1:])))

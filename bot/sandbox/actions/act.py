"""One `act` process: its arguments, its environment, the stream of what its jobs do, and its end with all it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from bot.errors import UserError
from bot.sandbox.actions.family import Family
from bot.sandbox.actions.service import JobId, job_id
from bot.sandbox.github import EndedStep

GRACE = 7.5
"""Seconds between the interrupt and the kill of a cancelled run, as on GitHub."""


def act_in(directory: Path) -> Path:
    """Return the program `act` of a Python environment. Raises `UserError` that says how to get it."""
    program = directory / "act"
    if not os.access(program, os.X_OK):
        raise UserError(
            f"The sandbox runs workflows with act, and there is none in {directory}: `pip install 'envclone[sandbox]'`."
        )
    return program


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that `act` said: a job's output or a stage of it.

    `step` is how a step ended, if one did; `own_step` says more of one that the workflow file names. `result` is set when
    the job ends, but is the job's of the file: with a matrix, instances that end after a failed one are called failed, too.
    """

    job: JobId | None
    text: str
    is_output: bool = False
    step: str | None = None
    own_step: EndedStep | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """What to run. `source` holds the workflow file, `home` what `act` and its jobs write; `variables` are
    the environment, and like `repository_variables` (`vars`) public."""

    program: Path
    event: str
    actor: str
    workflow: str
    source: Path
    home: Path
    payload: Path
    variables: Mapping[str, str]
    stand_ins: Mapping[str, Path]
    repository_variables: Mapping[str, str]

    def arguments(self, secrets: int) -> list[str]:
        """Return the argument list; secrets come through the file descriptor, never through arguments or disk."""
        return [
            str(self.program),
            self.event,
            "--directory", str(self.source),
            "--workflows", self.workflow,
            "--eventpath", str(self.payload),
            "--actor", self.actor,
            "--platform", "ubuntu-latest=-self-hosted",
            "--container-daemon-socket", "-",
            "--no-cache-server",
            "--no-skip-checkout",
            "--json",
            # A file of these names in the working directory would be read otherwise.
            "--env-file", os.devnull,
            "--var-file", os.devnull,
            "--input-file", os.devnull,
            "--secret-file", f"/dev/fd/{secrets}",
            *(word for name, value in self.variables.items() for word in ("--env", f"{name}={value}")),
            *(word for name, value in self.repository_variables.items() for word in ("--var", f"{name}={value}")),
            *(word for name, path in self.stand_ins.items() for word in ("--local-repository", f"{name}={path}")),
        ]  # fmt: skip


class Process:
    """A running `act`, in a session of its own; what it started is found by that and by descent."""

    def __init__(self, invocation: Invocation, environment: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        reader, writer = os.pipe()
        try:
            self._process = subprocess.Popen(
                invocation.arguments(reader),
                env=dict(environment),
                cwd=invocation.home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(reader,),
                start_new_session=True,
            )
        finally:
            os.close(reader)
            # Far below a pipe's capacity, so this never blocks; closing it ends what `act` reads.
            with os.fdopen(writer, "w", encoding="utf-8") as stream:
                # In quotes a value may have several lines, as keys have.
                stream.writelines(f"{name}={json.dumps(value)}\n" for name, value in secrets.items())
        self._family = Family(self._process.pid)
        self._ending = threading.Lock()

    def lines(self) -> Iterator[Line]:
        """Yield what is said until the end."""
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            yield from _lines(stream)

    def wait(self) -> int:
        """Return the exit code after the end, with nothing left behind."""
        code = self._process.wait()
        with self._ending:
            self._family.signal(signal.SIGKILL)
            self._family.gone(within=GRACE)
        return code

    def cancel(self) -> None:
        """Interrupt every process, then kill what is still there."""
        with self._ending:
            self._family.signal(signal.SIGINT)
            if not self._family.gone(within=GRACE):
                self._family.signal(signal.SIGKILL)
                self._family.gone(within=GRACE)


def _lines(stream: IO[bytes]) -> Iterator[Line]:
    for raw in stream:
        text = raw.decode(errors="replace").rstrip("\n")
        try:
            said = json.loads(text)
        except ValueError:
            yield Line(None, text)
            continue
        job = job_id(said["jobID"], json.dumps(said.get("matrix"))) if said.get("jobID") else None
        message = str(said.get("msg", "")).rstrip("\n")
        result = said.get("stepResult")
        yield Line(job, message, bool(said.get("raw_output")), result, _own_step(said), said.get("jobResult"))


def _own_step(said: Mapping[str, Any]) -> EndedStep | None:
    # An action's own steps have the ids of both, and what comes before and after a step has another stage. Of skipped ones nothing is said.
    if not said.get("stepResult") or said.get("stage") != "Main" or len(said.get("stepID") or ()) != 1:
        return None
    return EndedStep(said["step"], said["stepResult"], timedelta(microseconds=said.get("executionTime", 0) / 1000))

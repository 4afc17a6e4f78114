"""Which processes are at work on an environment, what they are, and how they die."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TERRAFORM = "Terraform"
RUNNER = "the runner"


@dataclass(frozen=True, slots=True)
class AtWork:
    """A process, and what it is to whoever reads the figures."""

    pid: int
    kind: str


def at_work(root: Path, runner: int) -> Sequence[AtWork]:
    """Return the run of an environment and all that it or an earlier one started: whatever has its working directory or scratch below `root`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ends, or is somebody else's
            here = (root.as_posix(), f"{root}/")
            environment = (entry / "environ").read_bytes().split(b"\0")
            if os.readlink(entry / "cwd").startswith(here[1]) or f"HOME={here[0]}".encode() in environment:
                found.append(AtWork(int(entry.name), _kind(entry, runner)))
    return sorted(found, key=lambda each: each.pid)


def kill(process: AtWork) -> bool:
    """Kill a process (-9); say whether it was still there."""
    try:
        os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _kind(entry: Path, runner: int) -> str:
    if int(entry.name) == runner:
        return RUNNER
    words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if any(word.endswith("/terraform") for word in words):
        return TERRAFORM
    return "a hook" if any("hooks/" in word for word in words) else "another process"

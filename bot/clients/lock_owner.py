"""Who this run is, in a lease, and whether another one is surely dead.

A holder's name says all that is needed to tell: the run and attempt of GitHub Actions, if it is one, and the process on
its machine. "Surely" means: a later attempt of the same run is here, or the machine is this one and the process is gone.
"""

import getpass
import hashlib
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(
    r"(?:run (?P<run>\d+) attempt (?P<attempt>\d+), )?process (?P<pid>\d+)\.(?P<born>\d+) at (?P<place>\w+)"
)


@dataclass(frozen=True, slots=True)
class LockOwner:
    """A run's unique name, and `user@host` as Terraform names the holder of a state's lock."""

    name: str
    machine: str


def this_lock_owner(environ: Mapping[str, str]) -> LockOwner:
    """Return who this process is. `environ` are its environment variables."""
    pid = os.getpid()
    process = f"process {pid}.{_born(pid) or 0} at {_place()}"
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT") or "1"
    name = f"run {run} attempt {attempt}, {process}" if run.isdecimal() and attempt.isdecimal() else process
    return LockOwner(name, f"{user_name()}@{socket.gethostname()}")


def stale_reason(other: str, mine: LockOwner) -> str | None:
    """Return why the run named `other` is surely dead, or None when it may be alive."""
    theirs, ours = _NAME.fullmatch(other), _NAME.fullmatch(mine.name)
    if theirs is None or ours is None:
        return None
    same_run = theirs["run"] is not None and theirs["run"] == ours["run"]
    if same_run and int(theirs["attempt"]) < int(ours["attempt"]):
        return f"attempt {theirs['attempt']} of this run has ended"
    if theirs["place"] == ours["place"] and theirs["place"] != _NOWHERE and _born(int(theirs["pid"])) != theirs["born"]:
        return f"its process {theirs['pid']} on this machine is gone"
    return None


def works_in(directory: Path, depth: int = 1) -> bool:
    """Say whether another process is at work in `directory`, which lies `depth` below its environment's: what a killed run started may outlive it.

    A destroy works in copies, so a directory counts wherever it lies if it is that of the same stack of the same
    environment. Only what this user may see counts. Where the system doesn't tell, nobody is seen.
    """
    last = -2 - depth
    wanted = directory.resolve().parts[last:]
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if Path(os.readlink(entry)).parts[last:] == wanted and int(entry.parent.name) != os.getpid():
                return True
        except OSError:
            continue  # ended meanwhile, or somebody else's
    return False


_NOWHERE = "unknown"


def _place() -> str:
    """Return a name for where process ids mean what they mean here: this boot of this machine, this namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return _NOWHERE
    return hashlib.sha256(f"{socket.gethostname()} {boot} {namespace}".encode()).hexdigest()[:16]


def _born(pid: int) -> str | None:
    """Return when a process began, in ticks since the boot: with it a process id is not mistaken for a reused one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def user_name() -> str:
    """Return this process's user, as Terraform would name it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())

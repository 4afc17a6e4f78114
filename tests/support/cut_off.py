"""Runs of `envclone apply` that are cut off, and what demo-x is once it is applied."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from tests.support.deploying import DEMO, Deploying
from tests.support.patience import PATIENCE

FIRST = {
    "/demo-x/greeting": ("hello", 1),
    "/demo-x/token": ("token-of-demo-x", 1),
    "/demo-x/flags/a": ("1", 1),
    "/demo-x/flags/b": ("true", 1),
}


def present(deploying: Deploying) -> dict[str, tuple[str, int]]:
    """Return the parameters in the account whose values are known beforehand, with how often each was put."""
    found = deploying.parameters()
    found.pop("/demo-x/group")
    return found


def kill_when(deploying: Deploying, log: Path, holds: Callable[[], bool], *, with_children: bool = False) -> None:
    """Start an apply and kill it with SIGKILL once something holds; alone, or with all that it started."""
    process = deploying.start(log)
    try:
        until(holds, log)
    finally:
        process.kill()
        for pid in at_work_in(deploying.repo.root / "envs" / DEMO) if with_children else ():
            with contextlib.suppress(ProcessLookupError):  # it has ended with its parent
                os.kill(pid, signal.SIGKILL)
        process.wait()


def kill_all_while_data_is_made(deploying: Deploying, log: Path) -> None:
    """Start an apply and kill it and all that it started while Terraform makes the greeting, so that its lock is left behind."""
    hanging = deploying.place / "hang-greeting"
    hanging.touch()
    begun = "terraform_data.greeting: Creating"
    kill_when(deploying, log, lambda: begun in log.read_text() and is_locked(deploying, "data"), with_children=True)
    hanging.unlink()
    assert is_locked(deploying, "data")


def is_locked(deploying: Deploying, stack: str) -> bool:
    """Say whether a stack's state is locked."""
    key = f"demo-x/{stack}/terraform.tfstate.tflock"
    return boto3.client("s3").list_objects_v2(Bucket=deploying.repo.bucket, Prefix=key)["KeyCount"] == 1


def until(holds: Callable[[], bool], log: Path) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"never happened; the log:\n{log.read_text()}")
        time.sleep(0.1)


def at_work_in(directory: Path) -> list[int]:
    """Return the processes whose working directory is below a directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if os.readlink(entry).startswith(f"{directory}/"):
                found.append(int(entry.parent.name))
    return found

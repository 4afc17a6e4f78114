"""Packages of npm that tests need, fetched once for each lock file into the ignored `.cache/`. Safe under parallel test processes."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests import ROOT

TIMEOUT = 300.0


class NpmUnavailableError(Exception):
    """The packages can't be had here; the message says why."""


def installed(lock: Path, kept: Sequence[str] = ()) -> Path:
    """Return the `node_modules` that the lock in this directory of tests describes; of it all, or only what is `kept`.

    Raises `NpmUnavailableError` without npm or its registry.
    """
    outcome = _outcome(lock, tuple(kept))
    if isinstance(outcome, str):
        raise NpmUnavailableError(outcome)
    return outcome


@functools.cache
def _outcome(lock: Path, kept: tuple[str, ...]) -> Path | str:
    """Return the directory, or why there is none: asked once a process, for npm takes long to give up."""
    digest = hashlib.sha256((lock / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = ROOT / ".cache" / lock.name
    # Node looks for packages in directories of this name only.
    target = cache / digest / "node_modules"
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            if not target.is_dir():
                _install(lock, target, kept)
        except NpmUnavailableError as error:
            return str(error)
    return target


def _install(lock: Path, target: Path, kept: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent.parent) as scratch:
        directory = Path(scratch)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(lock / name, directory)
        _npm_ci(directory)
        found = directory / "node_modules"
        if kept:
            for name in kept:
                (directory / "kept" / name).parent.mkdir(parents=True, exist_ok=True)
                (found / name).rename(directory / "kept" / name)
            found = directory / "kept"
        target.parent.mkdir(exist_ok=True)
        found.rename(target)


def _npm_ci(directory: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        result = subprocess.run(
            command, cwd=directory, env=_environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise NpmUnavailableError("npm is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise NpmUnavailableError(f"npm ci took longer than {TIMEOUT:.0f} s") from error
    if result.returncode != 0:
        raise NpmUnavailableError(f"npm ci failed: {result.stderr.strip().partition(chr(10))[0]}")


def _environment() -> dict[str, str]:
    """Return what npm needs of this process: where things are, how to reach the network, its own settings."""
    kept = ("PATH", "HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
    return {k: v for k, v in os.environ.items() if k.upper() in kept or k.lower().startswith("npm_config_")}

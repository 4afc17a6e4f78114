"""Fetch GitHub's descriptions with npm, once for each lock file, into the ignored `.cache/`.

Only what is used is kept: the packages hold 400 MB, their used part 20. Safe under parallel test processes.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests import ROOT

HERE = Path(__file__).parent
CACHE = ROOT / ".cache" / "oracle"
TIMEOUT = 300.0
KEPT = (
    "@octokit/openapi/generated/api.github.com.json",
    "@octokit/webhooks-examples/api.github.com/index.json",
    "@octokit/webhooks-methods",
)


class OracleUnavailableError(Exception):
    """GitHub's descriptions can't be had here; the message says why."""


def installed() -> Path:
    """Return the directory that holds `@octokit/…`. Raises `OracleUnavailableError` without npm or its registry."""
    outcome = _outcome()
    if isinstance(outcome, str):
        raise OracleUnavailableError(outcome)
    return outcome


@functools.cache
def _outcome() -> Path | str:
    """Return the directory, or why there is none: asked once a process, for npm takes long to give up."""
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    # Node looks for packages in directories of this name only.
    target = CACHE / digest / "node_modules"
    if target.is_dir():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not target.is_dir():
                _install(target)
        except OracleUnavailableError as error:
            return str(error)
    return target


def _install(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        directory = Path(scratch)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, directory)
        _npm_ci(directory)
        kept = directory / "kept"
        for name in KEPT:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / "node_modules" / name).rename(kept / name)
        target.parent.mkdir(exist_ok=True)
        kept.rename(target)


def _npm_ci(directory: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        result = subprocess.run(
            command, cwd=directory, env=_environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise OracleUnavailableError("npm is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise OracleUnavailableError(f"npm ci took longer than {TIMEOUT:.0f} s") from error
    if result.returncode != 0:
        raise OracleUnavailableError(f"npm ci failed: {result.stderr.strip().partition(chr(10))[0]}")


def _environment() -> dict[str, str]:
    """Return what npm needs of this process: where things are, how to reach the network, its own settings."""
    kept = ("PATH", "HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
    return {k: v for k, v in os.environ.items() if k.upper() in kept or k.lower().startswith("npm_config_")}

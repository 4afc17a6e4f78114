"""GitHub's own parser of workflow files, fetched with npm once for each lock file into the ignored `.cache/`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests import ROOT

HERE = Path(__file__).parent
CACHE = ROOT / ".cache" / "workflow-parser"
FILES = ("package.json", "package-lock.json", "parse.mjs")
TIMEOUT = 300.0


class ParserUnavailableError(Exception):
    """The parser can't be had here; the message says why."""


def complaints(files: Sequence[Path]) -> list[str]:
    """Return what the parser finds wrong. Raises `ParserUnavailableError` without Node, npm or its registry."""
    script = _installed() / "parse.mjs"
    return list(json.loads(_run(["node", str(script), *map(str, files)], HERE)))


def _installed() -> Path:
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    target = CACHE / digest
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                fresh = Path(scratch) / "fresh"
                fresh.mkdir()
                for name in FILES:
                    shutil.copy(HERE / name, fresh)
                _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], fresh)
                fresh.rename(target)
    return target


def _run(command: Sequence[str], directory: Path) -> str:
    kept = ("PATH", "HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
    environment = {k: v for k, v in os.environ.items() if k.upper() in kept or k.lower().startswith("npm_config_")}
    try:
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise ParserUnavailableError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ParserUnavailableError(f"{command[0]} took longer than {TIMEOUT:.0f} s") from error
    if done.returncode != 0:
        raise ParserUnavailableError(f"{command[0]} failed: {done.stderr.strip().partition(chr(10))[0]}")
    return done.stdout

"""The wheels that the workflows and the image install, fetched once for each state of the lock files, so that tests install without a network."""

import fcntl
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import ROOT

LOCKS = (ROOT / "requirements.lock", ROOT / ".github/actions/setup/build.lock")
TIMEOUT = 1500


def wheelhouse() -> Path:
    """Return a directory with a wheel for each line of the locks, checked against its hash."""
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()[:16]
    place = ROOT / ".cache" / f"wheels-{digest}"
    place.parent.mkdir(exist_ok=True)
    with place.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not place.is_dir():
            with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
                _fetch(Path(scratch) / "wheels").rename(place)
    return place


def _fetch(target: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    requirements = [word for lock in LOCKS for word in ("--requirement", str(lock))]
    argv = [*pip, "--only-binary", ":all:", "--require-hashes", "--no-deps", *requirements, "--dest", str(target)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    return target

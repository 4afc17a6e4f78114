"""The wheels that the workflows and the image install, fetched once for each state of the lock files, so that tests install without a network."""

import fcntl
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests import ROOT

LOCKS = (ROOT / "requirements.lock", ROOT / ".github/actions/setup/build.lock")
INSTALLED = Path(sys.prefix) / "installed.json"
"""What pip said when it installed what these tests run with (`make`): also where each wheel came from."""
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
                _fetch(Path(scratch)).rename(place)
    return place


def addressed(lock: str, addresses: Mapping[str, str]) -> str:
    """Return a lock that names, for each `name==version` whose address is known, that address.

    Else pip reads the page of each package in the index, with all versions there ever were, which is nine tenths of the work.
    """

    def line(found: re.Match[str]) -> str:
        address = addresses.get(found[0])
        return f"{found[1]} @ {address}" if address else found[0]

    return re.sub(r"^([\w.-]+)==[^\s;]+", line, lock, flags=re.MULTILINE)


def _fetch(scratch: Path) -> Path:
    target, quick = scratch / "wheels", scratch / "addressed.lock"
    quick.write_text(addressed("".join(lock.read_text() for lock in LOCKS), _addresses()))
    # An address may want credentials that pip sends to the index alone: then by names.
    wrong = _download(target, (quick,)) and _download(target, LOCKS)
    assert not wrong, wrong
    return target


def _addresses() -> dict[str, str]:
    if not INSTALLED.exists():
        return {}
    found = ((each["metadata"], each["download_info"]["url"]) for each in json.loads(INSTALLED.read_text())["install"])
    return {
        f"{re.sub('[-_.]+', '-', what['name']).lower()}=={what['version']}": url
        for what, url in found
        if url.endswith(".whl")
    }


def _download(target: Path, locks: tuple[Path, ...]) -> str:
    """Return what pip complains of; nothing if all is there."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    requirements = [word for lock in locks for word in ("--requirement", str(lock))]
    argv = [*pip, "--only-binary", ":all:", "--require-hashes", "--no-deps", *requirements, "--dest", str(target)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return done.stderr if done.returncode else ""

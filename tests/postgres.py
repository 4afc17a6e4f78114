"""A PostgreSQL of the tests' own: Debian's programs, a temporary directory, a socket in it, no network."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.support.needs import require

# PostgreSQL refuses to run as root; any account without rights will do.
_ACCOUNTS = ("postgres", "nobody")
STARTED = 60


def programs() -> Path | None:
    """Return the directory of PostgreSQL's programs: the newest of Debian's, or the one on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Cluster:
    """A running server, which may die and come back; each test gets a database of its own."""

    def __init__(self, directory: Path, server: "Server") -> None:
        self.directory = directory
        self._server = server
        self._count = 0

    def restart(self) -> None:
        """Let the server die with every connection, and come back."""
        self._server.stop()
        self._server.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://envclone@/{database}?host={self.directory}"

    def database(self) -> str:
        """Make an empty database; return its URL."""
        self._count += 1
        name = f"test{self._count}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server until the block ends. Skips the test, saying why, where PostgreSQL is not installed."""
    require("postgres")
    bin_ = programs()
    if bin_ is None:
        pytest.skip("PostgreSQL is not installed")
    user = next((name for name in _ACCOUNTS if _exists(name)), None) if os.geteuid() == 0 else None
    # A short path: a socket's may have 107 characters.
    directory = Path(tempfile.mkdtemp(prefix="envclone-pg-", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(directory, user)
        data = directory / "data"
        initdb: list[Path | str] = [
            bin_ / "initdb",
            "-D",
            data,
            "-U",
            "envclone",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run(initdb, check=True, capture_output=True, user=user, cwd=directory, env=_environment())
        options = {"listen_addresses": "", "unix_socket_directories": str(directory), "max_connections": "100"}
        server = Server(bin_ / "postgres", data, options, user)
        server.start()
        try:
            yield Cluster(directory, server)
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Server:
    """The process of a server on a directory of data."""

    def __init__(self, program: Path, data: Path, options: Mapping[str, str], user: str | None) -> None:
        self._program, self._data, self._user = program, data, user
        self._arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-D", self._data, "-F", *self._arguments],
            user=self._user, cwd=self._data, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ready: list[Path | str] = [
            self._program.parent / "pg_isready",
            "-q",
            "-h",
            self._data.parent,
            "-t",
            str(STARTED),
        ]
        while subprocess.run(ready, check=False).returncode != 0:
            assert self._process.poll() is None, "PostgreSQL did not start"

    def stop(self) -> None:
        """End it at once; what was committed is there when it comes back."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True

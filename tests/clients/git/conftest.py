"""A remote of real git, and a mirror of it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clients.git.mirror import Mirror


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with one commit on `main`."""
    bare = tmp_path / "remote.git"
    run("git", "init", "-q", "--bare", "-b", "main", str(bare))
    empty = run("git", "-C", str(bare), "hash-object", "-t", "tree", "-w", "/dev/null")
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    commit = run("git", "-C", str(bare), *identity, "commit-tree", empty, "-m", "Begin")
    run("git", "-C", str(bare), "update-ref", "refs/heads/main", commit)
    return bare


@pytest.fixture
def mirror(tmp_path: Path, remote: Path) -> Iterator[Mirror]:
    """A mirror of it that is up to date."""
    found = Mirror(tmp_path / "mirror.git", str(remote), lambda: ("x-access-token", "none"))
    found.fetch("main")
    yield found
    found.close()


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

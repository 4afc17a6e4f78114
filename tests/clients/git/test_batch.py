"""Many objects in one process, from a repository of real git."""

import subprocess
from pathlib import Path

import pytest

from bot.clients.git import batch
from bot.clients.git.batch import blobs
from bot.clients.transient import Transient


def git(repository: Path, *words: str, data: bytes = b"") -> str:
    done = subprocess.run(["git", "--git-dir", str(repository), *words], input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", str(tmp_path / "bare.git"))
    return tmp_path / "bare.git"


def test_each_name_gets_its_bytes_in_order_and_none_where_there_is_no_file(repository: Path) -> None:
    contents = [b"", b"one\n\nblob 3\nabc\n", b"\0\xff without an end"]
    trees = []
    for content in contents:
        blob = git(repository, "hash-object", "-w", "--stdin", data=content)
        trees.append(git(repository, "mktree", data=f"100644 blob {blob}\tfile\n".encode()))
    above = git(repository, "mktree", data=f"040000 tree {trees[0]}\tfile\n".encode())
    names = [*(f"{tree}:file" for tree in trees), f"{trees[0]}:other", f"{above}:file", f"{'0' * 40}:file"]
    assert list(blobs(repository, names)) == [*contents, None, None, None]
    assert list(blobs(repository, names * batch.AT_ONCE))[-6:] == [*contents, None, None, None]


def test_a_repository_that_is_gone_is_worth_another_try(tmp_path: Path) -> None:
    with pytest.raises(Transient):
        list(blobs(tmp_path / "none.git", ["HEAD:file"]))

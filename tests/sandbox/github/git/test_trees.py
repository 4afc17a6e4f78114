"""A few changed files put into a bare repository, without a work tree."""

from pathlib import Path

import pytest

from bot.sandbox.github.git.bare import BareGitFailed, BareRepository, create_bare
from bot.sandbox.github.git.trees import PATHS_AT_ONCE, tree_with

ODD = 'a "quoted" \\ name\nof two lines é.tf'


@pytest.fixture
def bare(tmp_path: Path) -> BareRepository:
    return create_bare(tmp_path / "bare.git", "main")


def listed(bare: BareRepository, tree: str) -> dict[str, tuple[str, bytes]]:
    lines = bare.run("ls-tree", "-r", "-z", tree).stdout.decode().split("\0")
    rows = [line.split("\t", 1) for line in lines if line]
    return {path: (head.split()[0], bare.blob(head.split()[2])) for head, path in rows}


def test_files_are_added_replaced_and_removed_and_modes_are_kept(bare: BareRepository) -> None:
    first = tree_with(bare, None, {"run.sh": b"one", "envs/a/main.tf": b"a", "envs/b/main.tf": b"b", ODD: b"\0\n"})
    blob = bare.text("hash-object", "-w", "--stdin", data=b"one")
    entries = bare.run("ls-tree", "-z", first).stdout
    executable = bare.text(
        "mktree", "-z", data=entries.replace(f"100644 blob {blob}".encode(), f"100755 blob {blob}".encode())
    )
    files: dict[str, bytes | None] = {
        "run.sh": b"two",
        "envs/a/main.tf": None,
        "envs/b/more.tf": b"",
        "absent.tf": None,
    }
    assert listed(bare, tree_with(bare, executable, files)) == {
        "run.sh": ("100755", b"two"),
        "envs/b/main.tf": ("100644", b"b"),
        "envs/b/more.tf": ("100644", b""),
        ODD: ("100644", b"\0\n"),
    }
    assert bare.references("refs/") == []


def test_a_file_does_not_replace_a_directory(bare: BareRepository) -> None:
    tree = tree_with(bare, None, {"envs/a/main.tf": b"a"})
    with pytest.raises(BareGitFailed, match="envs/a is a directory"):
        tree_with(bare, tree, {"envs/a": b"a"})


@pytest.mark.exhaustive
def test_more_files_than_one_process_is_asked_for_are_all_there(bare: BareRepository) -> None:
    files: dict[str, bytes | None] = {f"d{at % 7}/f{at}": str(at).encode() for at in range(PATHS_AT_ONCE + 1)}
    tree = tree_with(bare, None, files)
    assert tree_with(bare, tree, files) == tree
    assert {path: data for path, (_, data) in listed(bare, tree).items()} == files

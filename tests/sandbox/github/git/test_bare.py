"""What the sandbox's GitHub asks of git, and when it asks again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sandbox.github.git.bare import BareGitFailed, BareRepository, Signature, create_bare
from bot.sandbox.github.git.trees import tree_with

ANA = Signature("Ana", "ana@example.org", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def committed(bare: BareRepository, text: bytes) -> str:
    return bare.write_commit(tree_with(bare, None, {"a.tf": text}), [], "Add a", ANA, ANA)


def test_what_a_full_id_names_is_asked_once_and_what_is_absent_again(tmp_path: Path) -> None:
    bare, other = (create_bare(tmp_path / f"{name}.git", "main") for name in ("one", "other"))
    sha = committed(bare, b"one")
    assert bare.resolve(sha) == sha
    assert bare.commit(sha).author == ANA
    assert bare.lasting("show", f"{sha}:a.tf") == "one"
    assert other.resolve(sha) is None, "each repository answers for itself"
    with pytest.raises(BareGitFailed):
        other.commit(sha)
    with pytest.raises(BareGitFailed):
        other.lasting("show", f"{sha}:a.tf")
    other.fetch(bare, sha)
    assert other.resolve(sha) == sha
    assert other.commit(sha) == bare.commit(sha)

    (bare.path / "objects").rename(tmp_path / "gone")
    assert bare.resolve(sha) == sha
    assert bare.commit(sha).message == "Add a"
    assert bare.lasting("show", f"{sha}:a.tf") == "one"


def test_a_name_that_moves_is_asked_each_time(tmp_path: Path) -> None:
    bare = create_bare(tmp_path / "bare.git", "main")
    one, two = committed(bare, b"one"), committed(bare, b"two")
    for sha in (one, two):
        bare.put("refs/tags/v1", sha)
        bare.put("refs/heads/main", sha)
        assert [bare.resolve(name) for name in ("v1", "refs/tags/v1", "main", "refs/heads/main")] == [sha] * 4
        assert bare.resolve(sha[:12]) == sha

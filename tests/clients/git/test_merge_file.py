"""Merging lines with real git: what it gives back, and that its failures are no result."""

import stat
from pathlib import Path

import pytest

from bot.clients.git.merge_file import merge_text
from bot.core.rendering.merge import TextSides
from bot.errors import Unverifiable

BASE = b"one\ntwo\nthree\nfour\nfive\n"


def test_changes_of_both_sides_come_together_and_conflicts_hold_all_three_versions() -> None:
    ours, theirs = BASE.replace(b"one", b"ours"), BASE.replace(b"five", b"theirs")
    assert merge_text(TextSides(ours, BASE, theirs)) == b"ours\ntwo\nthree\nfour\ntheirs\n"
    said = merge_text(TextSides(BASE.replace(b"three", b"ours"), BASE, BASE.replace(b"three", b"theirs"))).decode()
    assert said.splitlines()[2:9] == [
        "<<<<<<< as edited by hand",
        "ours",
        "||||||| as the template rendered it",
        "three",
        "=======",
        "theirs",
        ">>>>>>> as the template renders it now",
    ]


@pytest.mark.parametrize(("program", "timeout"), [("exit 255", 60), ("exec sleep 600", 0.2)])
def test_a_git_that_fails_or_takes_too_long_gives_no_result(
    program: str, timeout: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = tmp_path / "git"
    git.write_text(f"#!/bin/sh\n{program}\n")
    git.chmod(git.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Unverifiable, match="git merge-file"):
        merge_text(TextSides(b"a", b"b", b"c"), timeout=timeout)

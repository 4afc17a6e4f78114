"""Which commit a branch was at, in real git: by time, tag and id; what lies inside of a merge it never was."""

import os
import subprocess
from pathlib import Path

import pytest

from bot.clients.git.history.past import commit_at


class History:
    """A repository with one commit on each of three days, the last one a merge, and tags."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")
        self.first = self.commit("2026-01-01T12:00:00+00:00")
        self.git("tag", "v1")
        self.git("checkout", "--quiet", "-b", "side")
        self.inside = self.commit("2026-01-02T08:00:00+00:00")
        self.git("tag", "inside")
        self.git("checkout", "--quiet", "main")
        self.second = self.commit("2026-01-02T12:00:00+02:00")
        self.git("tag", "--annotate", "--message=Two", "v2")
        self.git("merge", "--quiet", "--no-ff", "--message=Merge", "side", at="2026-01-03T12:00:00+00:00")
        self.head = self.git("rev-parse", "HEAD")

    def git(self, *arguments: str, at: str = "2026-01-01T12:00:00+00:00") -> str:
        who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        when = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "PATH": os.environ["PATH"], "HOME": str(self.root)}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env={**who, **when}, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, at: str) -> str:
        self.git("commit", "--quiet", "--allow-empty", f"--message={at}", at=at)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return History(tmp_path_factory.mktemp("history"))


@pytest.mark.parametrize(
    ("text", "was"),
    [
        ("2026-01-01", None),
        ("2026-01-01T12:01", "first"),
        ("2026-01-02T09:59Z", "first"),
        ("2026-01-02T10:01Z", "second"),
        ("2026-01-03", "second"),
        ("2026-01-04", "head"),
        ("v1", "first"),
        ("v2", "second"),
        ("inside", None),
        ("v3", None),
        ("abcdef0", None),
    ],
)
def test_a_time_or_a_tag_is_the_commit_that_the_branch_was_at(history: History, text: str, was: str | None) -> None:
    assert commit_at(history.root, history.head, text) == (getattr(history, was) if was else None)


def test_an_id_counts_if_the_branch_was_at_it(history: History) -> None:
    assert commit_at(history.root, history.head, history.first[:8]) == history.first
    assert commit_at(history.root, history.head, history.head) == history.head
    assert commit_at(history.root, history.head, history.inside) is None
    assert commit_at(history.root, history.first, history.second) is None
    assert commit_at(history.root, history.head, "ab" * 20) is None


def test_a_tag_or_branch_that_is_called_as_an_id_begins_does_not_take_its_place(history: History) -> None:
    short = history.first[:8]
    history.git("branch", short, history.second)
    history.git("tag", short, history.second)
    assert commit_at(history.root, history.head, short) == history.first
    for full in (history.first, "ab" * 20):
        history.git("update-ref", f"refs/tags/{full}", history.second)
    assert commit_at(history.root, history.head, history.first) == history.first

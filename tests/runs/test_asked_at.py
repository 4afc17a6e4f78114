"""By one address the way of a request is found in the service's log, the runs' and the ledger."""

from pathlib import Path

import pytest

from bot.core.requests.commit_trailers import Trailers, write
from bot.core.tree import File
from bot.names import EnvironmentName, Login
from bot.runs.asked_at import asked_at
from tests.support.monorepo import Monorepo

WHERE = "envs/demo-x"
URL = "https://github.example/acme/infra/issues/1#issuecomment-7"
WHO = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")


@pytest.fixture
def repo(tmp_path: Path) -> Monorepo:
    repo = Monorepo(tmp_path / "monorepo", "bucket")
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    repo.put(".", {"README.md": File(b"A monorepo.\n")})
    repo.commit("base")
    return repo


def proposed(repo: Monorepo, url: str) -> str:
    """Commit a change as the service does, on a branch of its own, and go back to main."""
    repo.git("checkout", "-q", "-b", "change")
    repo.put(WHERE, {"main.tf": File(url.encode())})
    said = write(Trailers(EnvironmentName("demo-x"), Login("ana"), comment=7, url=url))
    head = repo.commit(f"Clone production\n\n{said}")
    repo.git("checkout", "-q", "main")
    return head


def test_the_reviewed_commit_names_the_comment(repo: Monorepo) -> None:
    head = proposed(repo, URL)
    assert asked_at(repo.root, head, WHERE) == URL


def test_a_squash_names_it_where_the_reviewed_commit_is_gone(repo: Monorepo) -> None:
    head = proposed(repo, URL)
    message = repo.git("show", "--no-patch", "--format=%B", head)
    repo.git("merge", "-q", "--squash", "change")
    repo.git(*WHO, "commit", "-q", "-m", message)
    repo.put(".", {"other.txt": File(b"later and elsewhere")})
    repo.commit("later")
    assert asked_at(repo.root, "0" * 40, WHERE) == URL


@pytest.mark.parametrize("url", ["", "https://x\x1b[2J", "javascript:alert(1)", "https://" + "x" * 400])
def test_what_is_no_plain_address_is_left_out(repo: Monorepo, url: str) -> None:
    assert asked_at(repo.root, proposed(repo, url), WHERE) == ""


def test_a_commit_that_nobody_asked_for_names_nothing(repo: Monorepo) -> None:
    assert asked_at(repo.root, "HEAD", WHERE) == ""
    assert asked_at(repo.root, "0" * 40, WHERE) == ""

"""Where a checkout's files can be looked at: what its remote says, in an address for a browser and without credentials."""

import subprocess
from pathlib import Path

import pytest

from bot.clients.git.web_address import is_committed, last_pull_request, web_address


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", "-C", str(root), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.tf").write_text("locals {}\n")
    git(tmp_path, "add", "a.tf")
    git(tmp_path, "commit", "--quiet", "--message", "Start")
    return tmp_path


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/acme/infra.git", "https://github.com/acme/infra"),
        ("https://x-access-token:secret@github.com/acme/infra", "https://github.com/acme/infra"),
        ("git@github.com:acme/infra.git", "https://github.com/acme/infra"),
        ("ssh://git@git.acme.example:2222/acme/infra.git", "https://git.acme.example/acme/infra"),
        ("/srv/git/infra.git", ""),
        ("javascript:alert(1)", ""),
        ("https://elsewhere.example?@github.com/acme/infra", ""),
        ("https://elsewhere.example#@github.com/acme/infra", ""),
        ("https://elsewhere.example\\@github.com/acme/infra", ""),
        ("https://ana:pass@word@github.com/acme/infra", ""),
        ("https://ana:pass/word@github.com/acme/infra", ""),
    ],
)
def test_a_remote_is_shown_as_its_page(repository: Path, remote: str, address: str) -> None:
    git(repository, "remote", "add", "origin", remote)
    assert web_address(repository) == address


def test_without_a_remote_or_a_repository_there_is_no_page(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert web_address(repository) == ""
    assert web_address(tmp_path_factory.mktemp("none")) == ""


def test_what_is_not_as_committed_is_seen(repository: Path) -> None:
    assert is_committed(repository, "a.tf")
    (repository / "a.tf").write_text("locals { a = 1 }\n")
    assert not is_committed(repository, "a.tf")
    assert is_committed(repository, "b.tf")


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Clone production as demo-x for demo (#41)", 41),
        ("Merge pull request #7 from acme/envclone/demo-x", 7),
        ("Clone production as demo-x for demo", None),
        ("Fix (#12) again", None),
    ],
)
def test_the_pull_request_that_changed_a_path_last_is_read_from_its_merge(
    repository: Path, subject: str, number: int | None
) -> None:
    (repository / "a.tf").write_text("locals { a = 1 }\n")
    git(repository, "commit", "--quiet", "--all", "--message", subject)
    (repository / "b.tf").write_text("locals {}\n")
    git(repository, "add", "b.tf")
    git(repository, "commit", "--quiet", "--message", "Another (#99)")
    assert last_pull_request(repository, "a.tf") == number


def test_a_merge_commit_speaks_for_what_it_merged(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "envclone/demo-x")
    (repository / "a.tf").write_text("locals { a = 1 }\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Clone production as demo-x")
    git(repository, "checkout", "--quiet", "-")
    git(
        repository,
        "merge",
        "--quiet",
        "--no-ff",
        "--message",
        "Merge pull request #8 from acme/envclone/demo-x",
        "envclone/demo-x",
    )
    assert last_pull_request(repository, "a.tf") == 8

"""Git over HTTP: clone, push, what is refused, and what pull requests make of it."""

from __future__ import annotations

import base64
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from github.Repository import Repository

from bot.sandbox.github import GitHubServer, IssueText, PullSpec
from tests.sandbox.conftest import MAINTAINER, READER, REPOSITORY, STRANGER, Checkout, run_git

Clone = Callable[[str], Checkout]


def ask(server: GitHubServer, token: str) -> subprocess.CompletedProcess[str]:
    return run_git(token, "ls-remote", f"{server.url}/{REPOSITORY}.git", check=False)


@pytest.mark.whole
def test_a_reader_clones_but_does_not_push(server: GitHubServer, checkout: Clone) -> None:
    clone = checkout(server.token(READER))
    clone.commit("README.md", "mine", "topic")

    pushed = clone.git("push", "origin", "topic", check=False)

    assert "403" in pushed.stderr
    assert server.head(REPOSITORY, "topic") is None


def test_a_repository_is_fetched_and_pushed_to_without_git_in_its_address(
    server: GitHubServer, checkout: Clone
) -> None:
    clone = checkout(server.add_user("root", REPOSITORY, "admin"))
    clone.git("remote", "set-url", "origin", f"{server.url}/{REPOSITORY}")
    sha = clone.commit("README.md", "mine", "topic")

    clone.git("fetch", "--quiet", "origin", "main")
    clone.git("push", "--quiet", "origin", "topic")

    assert clone.git("rev-parse", "FETCH_HEAD").stdout.strip() == server.head(REPOSITORY)
    assert server.head(REPOSITORY, "topic") == sha


@pytest.mark.parametrize(("token", "answer"), [("ghp_wrong", "could not read Username"), (None, "not found")])
def test_who_may_not_read_learns_nothing(server: GitHubServer, token: str | None, answer: str) -> None:
    asked = ask(server, token or server.token(STRANGER))

    assert asked.returncode != 0
    assert answer in asked.stderr


def test_the_bot_pushes_branches_but_not_main(server: GitHubServer, checkout: Clone, bot: str) -> None:
    clone = checkout(bot)
    main = server.head(REPOSITORY)
    sha = clone.commit("envs/demo-x/main.tf", "", "clone/demo-x")

    clone.git("push", "--quiet", "origin", "clone/demo-x")
    refused = clone.git("push", "origin", "HEAD:main", check=False)

    assert server.head(REPOSITORY, "clone/demo-x") == sha
    assert "Protected branch update failed" in refused.stderr
    assert server.head(REPOSITORY) == main


def test_administrators_bypass_protection(server: GitHubServer, checkout: Clone) -> None:
    clone = checkout(server.add_user("root", REPOSITORY, "admin"))
    sha = clone.commit("README.md", "urgent", "main")

    clone.git("push", "--quiet", "origin", "main")

    assert server.head(REPOSITORY) == sha


def test_a_lease_protects_a_branch_that_moved(server: GitHubServer, checkout: Clone, bot: str) -> None:
    ours, theirs = checkout(bot), checkout(bot)
    first = ours.commit("a", "1", "topic")
    ours.git("push", "--quiet", "origin", "topic")
    moved = theirs.commit("b", "2", "topic")
    theirs.git("push", "--quiet", "--force", "origin", "topic")
    ours.commit("a", "3", "topic")

    refused = ours.git("push", f"--force-with-lease=topic:{first}", "origin", "topic", check=False)

    assert "stale info" in refused.stderr
    assert server.head(REPOSITORY, "topic") == moved


def test_a_commit_that_is_reachable_can_be_fetched_by_its_id(server: GitHubServer, bot: str, checkout: Clone) -> None:
    first = server.head(REPOSITORY) or ""
    server.commit(REPOSITORY, {"more": b"more"}, by=MAINTAINER, message="More")
    empty = checkout(bot).path.parent / "empty"
    run_git(bot, "init", "--quiet", str(empty))

    url = f"{server.url}/{REPOSITORY}.git"
    run_git(bot, "-C", str(empty), "fetch", "--quiet", "--depth=1", "--filter=blob:none", url, first)

    assert run_git(bot, "-C", str(empty), "rev-parse", "FETCH_HEAD").stdout.strip() == first


def test_a_large_push_is_streamed(server: GitHubServer, bot: str, checkout: Clone) -> None:
    clone = checkout(bot)
    clone.git("config", "http.postBuffer", "65536")
    (clone.path / "large").write_bytes(bytes(range(256)) * 40_000)

    sha = clone.commit("small", "", "large")
    clone.git("push", "--quiet", "origin", "large")

    assert server.head(REPOSITORY, "large") == sha


def test_half_a_push_changes_nothing(server: GitHubServer, bot: str, checkout: Clone) -> None:
    basic = base64.b64encode(f"x-access-token:{bot}".encode()).decode()
    head = (
        f"POST /{REPOSITORY}.git/git-receive-pack HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {basic}\r\n"
        "Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 100000\r\n\r\n"
    )
    update = f"{'0' * 40} {server.head(REPOSITORY)} refs/heads/half\0 report-status"
    port = int(server.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{head}{len(update) + 4:04x}{update}".encode())

    clone = checkout(bot)
    clone.commit("a", "1", "whole")
    clone.git("push", "--quiet", "origin", "whole")
    assert server.head(REPOSITORY, "half") is None
    assert server.head(REPOSITORY, "whole") is not None


def test_a_push_moves_the_pull_request(server: GitHubServer, bot: str, checkout: Clone, repository: Repository) -> None:
    clone = checkout(bot)
    before = clone.commit("a", "1", "topic")
    clone.git("push", "--quiet", "origin", "topic")
    pull = repository.get_pull(
        server.open_pull(REPOSITORY, PullSpec(IssueText("Topic"), "topic", "main"), by=MAINTAINER)
    )
    after = clone.commit("a", "2", "topic")
    clone.git("push", "--quiet", "origin", "topic")

    assert (pull.head.sha, repository.get_pull(pull.number).head.sha) == (before, after)
    assert (
        run_git(bot, "ls-remote", f"{server.url}/{REPOSITORY}.git", f"refs/pull/{pull.number}/head").stdout[:40]
        == after
    )


def test_deleting_the_branch_closes_the_pull_request(server: GitHubServer, bot: str, checkout: Clone) -> None:
    clone = checkout(bot)
    clone.commit("a", "1", "topic")
    clone.git("push", "--quiet", "origin", "topic")
    number = server.open_pull(REPOSITORY, PullSpec(IssueText("Topic"), "topic", "main"), by=MAINTAINER)

    clone.git("push", "--quiet", "origin", ":topic")

    assert server.issue(REPOSITORY, number).state == "closed"


def test_a_branch_merged_by_hand_marks_its_pull_request(server: GitHubServer, checkout: Clone) -> None:
    clone = checkout(server.add_user("root", REPOSITORY, "admin"))
    clone.commit("a", "1", "topic")
    clone.git("push", "--quiet", "origin", "topic")
    number = server.open_pull(REPOSITORY, PullSpec(IssueText("Topic"), "topic", "main"), by=MAINTAINER)

    clone.git("push", "--quiet", "origin", "topic:main")

    pull = server.issue(REPOSITORY, number).pull
    assert pull is not None
    assert pull.merge_commit_sha == server.head(REPOSITORY)


@pytest.mark.whole
def test_pushes_at_once_are_told_apart(server: GitHubServer, bot: str, checkout: Clone) -> None:
    clones = [checkout(bot) for _ in range(6)]
    expected = {f"topic-{n}": clone.commit(f"file-{n}", str(n), f"topic-{n}") for n, clone in enumerate(clones)}
    heard: list[tuple[object, object]] = []
    server.on_event(lambda name, payload: heard.append((payload["ref"], payload["after"])) if name == "push" else None)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda pair: pair[1].git("push", "--quiet", "origin", f"topic-{pair[0]}"), enumerate(clones)))

    assert server.settle()
    assert sorted(map(str, heard)) == sorted(str((f"refs/heads/{name}", sha)) for name, sha in expected.items())

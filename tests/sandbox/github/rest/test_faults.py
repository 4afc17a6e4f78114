"""Faults to order, and the rate limits, as PyGithub sees them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import github
import httpx
import pytest
from github.Repository import Repository

from bot.sandbox.github import GitHubServer
from tests.sandbox.conftest import MAINTAINER, READER, REPOSITORY
from tests.support.patience import PATIENCE


def test_an_ordered_error_comes_once_and_changes_nothing(server: GitHubServer, repository: Repository) -> None:
    server.faults.answer("POST", r"/issues$", status=502)

    with pytest.raises(github.GithubException) as failure:
        repository.create_issue("one")
    repository.create_issue("two")

    assert failure.value.status == 502
    assert [issue.title for issue in server.issues(REPOSITORY)] == ["two"]
    assert server.faults.left == 0


@pytest.mark.parametrize(("lose", "titles"), [("lose_answer", ["one"]), ("cut_answer", ["one"]), ("lose_request", [])])
def test_a_lost_or_cut_answer_has_its_effect_and_a_lost_request_has_none(
    server: GitHubServer, lose: str, titles: list[str]
) -> None:
    getattr(server.faults, lose)("POST", r"/issues$")
    headers = {"Authorization": f"token {server.token(MAINTAINER)}"}

    with pytest.raises(httpx.TransportError):  # a close or a reset, as the system likes
        httpx.post(
            f"{server.url}/api/v3/repos/{REPOSITORY}/issues", headers=headers, json={"title": "one"}, timeout=PATIENCE
        )

    assert [issue.title for issue in server.issues(REPOSITORY)] == titles


def test_a_late_answer_comes_after_its_effect(server: GitHubServer, repository: Repository) -> None:
    server.faults.late_answer(timedelta(seconds=4), "POST", r"/issues$")
    headers = {"Authorization": f"token {server.token(MAINTAINER)}"}
    url = f"{server.url}/api/v3/repos/{REPOSITORY}/issues"

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, headers=headers, json={"title": "one"}, timeout=httpx.Timeout(60, read=0.3))
    server.faults.late_answer(timedelta(0), "POST", r"/issues$")
    repository.create_issue("two")

    assert {issue.title for issue in server.issues(REPOSITORY)} >= {"two"}


def test_a_secondary_limit_says_when_to_come_back(server: GitHubServer, repository: Repository) -> None:
    server.faults.secondary_limit(timedelta(seconds=7), method="POST")

    with pytest.raises(github.RateLimitExceededException) as limit:
        repository.create_issue("one")

    assert limit.value.status == 403
    assert (limit.value.headers or {})["retry-after"] == "7"
    assert repository.get_issues().totalCount == 0


@pytest.mark.parametrize("status", [403, 429])
def test_a_primary_limit_says_when_it_ends(server: GitHubServer, repository: Repository, status: int) -> None:
    server.faults.primary_limit(timedelta(minutes=5), status=status)

    with pytest.raises(github.GithubException) as limit:
        repository.create_issue("one")

    headers = limit.value.headers or {}
    assert (limit.value.status, headers["x-ratelimit-remaining"]) == (status, "0")
    assert int(headers["x-ratelimit-reset"]) > 0


def test_the_hourly_limit_is_counted_for_each_caller(tmp_path: Path, monorepo: Path) -> None:
    server = GitHubServer(tmp_path / "limited", rate_limit=2)
    server.create_repository(REPOSITORY, monorepo)
    ana, rob = (server.add_user(login, REPOSITORY) for login in (MAINTAINER, READER))

    with server.running() as url:

        def asked(token: str, path: str = f"/repos/{REPOSITORY}") -> httpx.Response:
            return httpx.get(f"{url}/api/v3{path}", headers={"Authorization": f"token {token}"}, timeout=PATIENCE)

        answers = [asked(ana) for _ in range(3)]
        free = asked(ana, "/rate_limit")
        other = asked(rob)

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert free.json()["rate"]["remaining"] == 0
    assert other.status_code == 200

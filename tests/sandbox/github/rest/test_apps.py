"""Apps: their own JWTs, installation tokens that expire and are narrow, and the workflow's own token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import github
import httpx
import jwt
import pytest
from github import Auth, GithubIntegration

from bot.sandbox.github import GitHubServer
from bot.sandbox.github.records.accounts import AppRecord
from tests.sandbox.conftest import MAINTAINER, REPOSITORY, Connect
from tests.support.patience import PATIENCE


@contextmanager
def integration(server: GitHubServer, app: AppRecord) -> Iterator[GithubIntegration]:
    auth = Auth.AppAuth(app.id, app.private_key)
    base_url = f"{server.url}/api/v3"
    client = GithubIntegration(
        auth=auth, base_url=base_url, retry=None, seconds_between_requests=0, seconds_between_writes=0
    )
    try:
        yield client
    finally:
        client.close()


def test_an_app_finds_its_installation_and_acts_through_it(server: GitHubServer, connect: Connect) -> None:
    app = server.create_app("envclone", "acme")
    installation = server.install(app, "acme")

    with integration(server, app) as client:
        assert client.get_app().slug == "envclone"
        assert [found.id for found in client.get_installations()] == [installation.id]
        found = client.get_repo_installation("acme", "infrastructure")
        token = client.get_access_token(found.id, {"issues": "write"})

    number = server.open_issue(REPOSITORY, "Clone, please", by=MAINTAINER)
    as_bot = connect(Auth.AppAuth(app.id, app.private_key).get_installation_auth(installation.id))
    as_bot.get_repo(REPOSITORY).get_issue(number).create_comment("Hello")
    comment = server.comments(REPOSITORY, number)[0]
    assert (comment.author.login, comment.author.type) == ("envclone[bot]", "Bot")
    assert comment.via_app == app
    assert token.permissions == {"issues": "write"}
    with pytest.raises(github.GithubException) as refusal:
        connect(Auth.Token(token.token)).get_repo(REPOSITORY).create_git_ref("refs/heads/x", "0" * 40)
    assert refusal.value.status in (403, 404)


def test_a_jwt_must_be_signed_by_the_app_and_short(server: GitHubServer) -> None:
    app = server.create_app("envclone", "acme")
    other = server.create_app("other", "acme")
    now = int(datetime.now(UTC).timestamp())

    def asked(key: str, **claims: object) -> int:
        token = jwt.encode({"iat": now - 60, "exp": now + 300, "iss": str(app.id), **claims}, key, "RS256")
        return httpx.get(
            f"{server.url}/api/v3/app", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE
        ).status_code

    assert asked(app.private_key) == 200
    assert asked(app.private_key, iss=app.client_id) == 200
    assert asked(other.private_key) == 401
    assert asked(app.private_key, exp=now - 1) == 401
    assert asked(app.private_key, exp=now + 3600) == 401
    assert asked(app.private_key, iss="0") == 401


def test_a_token_is_narrow(server: GitHubServer, connect: Connect) -> None:
    server.create_repository("acme/secret")
    app = server.create_app("reader", "acme", {"metadata": "read", "issues": "read"})
    token = server.installation_token(server.install(app, "acme", [REPOSITORY]))
    client = connect(Auth.Token(token))
    number = server.open_issue(REPOSITORY, "Clone, please", by=MAINTAINER)

    assert client.get_repo(REPOSITORY).get_issue(number).title == "Clone, please"
    with pytest.raises(github.UnknownObjectException):
        client.get_repo("acme/secret")
    with pytest.raises(github.GithubException) as refusal:
        client.get_repo(REPOSITORY).get_issue(number).create_comment("no")
    assert (refusal.value.status, refusal.value.data["message"]) == (403, "Resource not accessible by integration")


def test_an_installation_token_expires_after_an_hour(tmp_path: Path, monorepo: Path) -> None:
    now = [datetime.now(UTC).replace(microsecond=0)]
    server = GitHubServer(tmp_path / "clock", clock=lambda: now[0])
    server.create_repository(REPOSITORY, monorepo)
    app = server.create_app("envclone", "acme")
    token = server.installation_token(server.install(app, "acme"))

    with server.running() as url:

        def asked() -> int:
            headers = {"Authorization": f"token {token}"}
            return httpx.get(f"{url}/api/v3/repos/{REPOSITORY}", headers=headers, timeout=PATIENCE).status_code

        now[0] += timedelta(minutes=59)
        before = asked()
        now[0] += timedelta(minutes=2)
        after = asked()

    assert (before, after) == (200, 401)


def test_what_a_workflow_does_starts_no_workflow_but_is_delivered(server: GitHubServer, connect: Connect) -> None:
    token = server.workflow_token(REPOSITORY, {"issues": "write", "actions": "write", "contents": "read"})
    number = server.open_issue(REPOSITORY, "Clone, please", by=MAINTAINER)
    started: list[str] = []
    server.on_event(lambda name, payload: started.append(name))
    server.add_webhook("http://127.0.0.1:9/", "secret")
    repository = connect(Auth.Token(token)).get_repo(REPOSITORY)

    repository.get_issue(number).create_comment("Planned")
    repository.get_workflow("apply.yml").create_dispatch("main", {})

    assert server.settle()
    assert started == ["workflow_dispatch"]
    assert [delivery.event for delivery in server.deliveries] == ["issue_comment", "workflow_dispatch"]
    assert server.comments(REPOSITORY, number)[0].author.login == "github-actions[bot]"

"""What `envclone serve` finds before it starts: settings with which nothing would ever be answered, each in one line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.serving.preflight import refusals
from bot.sandbox.github import GitHubServer
from bot.settings import read


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    server = GitHubServer(tmp_path / "github")
    with server.running():
        yield server


def found(server: GitHubServer, **settings: str) -> list[str]:
    named = {f"ENVCLONE_{name.upper()}": value for name, value in settings.items()}
    return list(refusals(read({"ENVCLONE_GITHUB_API_URL": f"{server.url}/api/v3", **named})))


def test_an_app_that_github_knows_by_its_key_starts(github: GitHubServer) -> None:
    app = github.create_app("envclone", owner="acme")
    assert found(github, github_app_id=str(app.id), github_private_key=app.private_key) == []


@pytest.mark.parametrize(
    "key",
    ["not a key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "ssh-rsa AAAAB3NzaC1yc2E"],
)
def test_a_key_that_is_no_key_is_named_and_never_shown(github: GitHubServer, key: str) -> None:
    (line,) = found(github, github_app_id="7", github_private_key=key)
    assert "(or the file that ENVCLONE_GITHUB_PRIVATE_KEY_FILE names) is not a private key." in line
    assert key not in line


def test_the_key_of_another_app_is_named_together_with_the_id(github: GitHubServer) -> None:
    one, other = (github.create_app(name, owner="acme") for name in ("envclone", "other"))
    (line,) = found(github, github_app_id=str(one.id), github_private_key=other.private_key)
    assert "ENVCLONE_GITHUB_PRIVATE_KEY" in line
    assert "ENVCLONE_GITHUB_APP_ID" in line
    assert "GitHub answered 401" in line


def test_a_token_that_github_does_not_take_is_named(github: GitHubServer) -> None:
    (line,) = found(github, github_token="ghp_of-nobody")
    assert line == "GitHub does not accept ENVCLONE_GITHUB_TOKEN. GitHub answered 401: Bad credentials."


def test_a_github_that_can_not_be_reached_is_named_and_the_key_is_looked_at_all_the_same(github: GitHubServer) -> None:
    nobody = "http://127.0.0.1:1/api/v3"
    lines = found(github, github_api_url=nobody, github_app_id="7", github_private_key="not a key")
    assert [line.split(maxsplit=1)[0] for line in lines] == ["ENVCLONE_GITHUB_API_URL:", "ENVCLONE_GITHUB_PRIVATE_KEY"]
    assert nobody in lines[0]

"""A running GitHub stand-in whose every exchange is put before GitHub's own description."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from github import Auth, Github
from github.Repository import Repository

from bot.sandbox.github import GitHubServer
from tests.oracle.install import OracleUnavailableError
from tests.oracle.middleware import Oracle
from tests.oracle.openapi import Description, github_description
from tests.support.patience import PATIENCE

REPOSITORY = "acme/infrastructure"
MAINTAINER = "ana"
READER = "rob"
STRANGER = "eve"
FILES = {
    "README.md": "# Infrastructure\n",
    "envs/production/main.tf": 'locals {\n  name = "production"\n}\n',
    ".github/workflows/apply.yml": "on: {workflow_dispatch: {inputs: {environment: {}}}}\n",
}
Connect = Callable[..., Github]


@pytest.fixture(scope="session")
def description() -> Description | None:
    """GitHub's description, or None where npm can't fetch it (which `github/test_openapi` then reports)."""
    try:
        return github_description()
    except OracleUnavailableError:
        return None


@pytest.fixture
def oracle(description: Description | None) -> Oracle | None:
    """A fresh judge for one test."""
    return None if description is None else Oracle(description)


@pytest.fixture
def monorepo(tmp_path: Path) -> Path:
    """A small monorepo to seed repositories from."""
    for name, text in FILES.items():
        path = tmp_path / "monorepo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "monorepo"


@pytest.fixture
def server(tmp_path: Path, monorepo: Path, oracle: Oracle | None) -> Iterator[GitHubServer]:
    """A running server with one repository, a maintainer, a reader and a stranger; violations fail the test."""
    server = GitHubServer(tmp_path / "github", middleware=oracle)
    server.create_repository(REPOSITORY, monorepo)
    server.add_user(MAINTAINER, REPOSITORY, "maintain")
    server.add_user(READER, REPOSITORY, "read")
    server.add_user(STRANGER)
    with server.running():
        yield server
    assert oracle is None or oracle.violations == []


@pytest.fixture
def connect(server: GitHubServer) -> Iterator[Connect]:
    """Return a function that makes PyGithub clients: for a login, or for any PyGithub credential."""
    clients: list[Github] = []

    def made(who: str | Auth.Auth) -> Github:
        auth = Auth.Token(server.token(who)) if isinstance(who, str) else who
        base_url = f"{server.url}/api/v3"
        client = Github(
            auth=auth,
            base_url=base_url,
            timeout=PATIENCE,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        clients.append(client)
        return client

    yield made
    for client in clients:
        client.close()


@pytest.fixture
def repository(connect: Connect) -> Repository:
    """The repository as the maintainer's client sees it."""
    return connect(MAINTAINER).get_repo(REPOSITORY)


@pytest.fixture
def bot(server: GitHubServer) -> str:
    """An installation token of the bot's app."""
    app = server.create_app("envclone", "acme")
    return server.installation_token(server.install(app, "acme"))


@pytest.fixture
def bot_repository(connect: Connect, bot: str) -> Repository:
    """The repository as the bot's client sees it."""
    return connect(Auth.Token(bot)).get_repo(REPOSITORY)


@dataclass(frozen=True)
class Checkout:
    """A clone made over HTTP with a token."""

    path: Path
    token: str

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run git here, authenticated."""
        return run_git(self.token, "-C", str(self.path), *arguments, check=check)

    def commit(self, name: str, text: str, branch: str) -> str:
        """Commit a file on a branch (made when new); return the commit's id."""
        self.git("checkout", "-q", "-B", branch)
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        self.git("add", "--all")
        self.git("-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-q", "-m", f"Change {name}")
        return self.git("rev-parse", "HEAD").stdout.strip()


def run_git(token: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git with a token in its environment's configuration, as the bot does."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }
    return subprocess.run(
        ["git", *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=check
    )


@pytest.fixture
def checkout(server: GitHubServer, tmp_path: Path) -> Callable[[str], Checkout]:
    """Return a function that clones the repository with a token."""

    def cloned(token: str) -> Checkout:
        path = tmp_path / f"checkout-{len(list(tmp_path.glob('checkout-*')))}"
        run_git(token, "clone", "--quiet", f"{server.url}/{REPOSITORY}.git", str(path))
        return Checkout(path, token)

    return cloned

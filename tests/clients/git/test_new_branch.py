"""A branch of a person's own checkout: who is shown the token when it is pushed."""

import base64
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.clients.git.new_branch import OwnBranch
from bot.errors import UserError

TOKEN = "ghp_of-ana"
SHOWN = f"Basic {base64.b64encode(f'x-access-token:{TOKEN}'.encode()).decode()}"


@contextmanager
def refusing(shown: list[str]) -> Iterator[str]:
    """Serve what refuses everybody and keeps what it was shown; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.extend(self.headers.get_all("Authorization", ["nothing"]))
            self.send_error(403)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def branch(tmp_path: Path) -> OwnBranch:
    git(tmp_path, "init", "--quiet", "--initial-branch", "new")
    git(tmp_path, "-c", "user.name=Ana", "-c", "user.email=ana@acme.example", "commit", "--allow-empty", "-qm", "One")
    return OwnBranch.at(tmp_path, "new")


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, timeout=60)


def test_a_server_is_shown_the_token_alone_whatever_else_git_would_say_to_it(
    branch: OwnBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = list[str]()
    with refusing(shown) as server:
        git(branch.top, "remote", "add", "origin", "https://github.invalid/acme/infra.git")
        git(branch.top, "config", f"http.{server}/.extraHeader", "Authorization: Basic of-the-checkout")
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")  # a person's own, which stays
        monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{server}/.insteadOf")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.invalid/")
        with pytest.raises(UserError, match="403"):
            branch.push(TOKEN, server)
    assert set(shown) == {SHOWN}


@pytest.mark.parametrize("key", ["remote.origin.pushurl", "url.{}.pushInsteadOf", "url.{}.insteadOf"])
def test_another_server_that_is_pushed_to_is_not_shown_the_token(branch: OwnBranch, key: str) -> None:
    shown, there = list[str](), "https://github.invalid/acme/infra.git"
    with refusing(shown) as server:
        git(branch.top, "remote", "add", "origin", there)
        git(branch.top, "config", key.format(f"{server}/acme/infra.git"), there if "{}" in key else f"{server}/acme/x")
        with pytest.raises(UserError, match="403"):
            branch.push(TOKEN, "https://github.invalid")
    assert set(shown) == {"nothing"}


def test_what_terraform_downloaded_beside_the_code_is_not_committed(
    branch: OwnBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ana")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ana@acme.example")
    downloaded = branch.top / "envs/production/app/.terraform/modules/modules.json"
    downloaded.parent.mkdir(parents=True)
    downloaded.write_text("{}")
    assert not branch.commit(["envs"], "Nothing")
    (branch.top / "envs/production/app/main.tf").write_text("")
    (branch.top / "README.md").write_text("somebody else's change")
    assert branch.commit(["envs"], "Adopt production")
    found = subprocess.run(
        ["git", "-C", str(branch.top), "ls-files"], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split() == ["envs/production/app/main.tf"]

"""`envclone expire`, as the scheduled workflow runs it: as a GitHub App, with no service and no database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.core.rendering.assemble import assemble
from bot.core.requests.clone import Draft, draft_clone
from bot.sandbox.github import GitHubServer
from tests.support import example
from tests.support.small_monorepo import monorepo, place


def put_clone(root: Path, name: str, expires_at: datetime) -> None:
    drafted = draft_clone(example.asked(name), example.base())
    assert isinstance(drafted, Draft)
    assert drafted.manifest.request is not None
    request = drafted.manifest.request.model_copy(update={"issue": 1})
    manifest = drafted.manifest.model_copy(update={"expires_at": expires_at, "request": request})
    place(root / "envs" / name, assemble(example.template(), manifest))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    root, now = monorepo(tmp_path / "monorepo"), datetime.now(UTC).replace(microsecond=0)
    put_clone(root, "demo-old", now - timedelta(days=1))
    put_clone(root, "demo-soon", now + timedelta(hours=30))
    put_clone(root, "demo-new", now + timedelta(days=9))
    found = GitHubServer(tmp_path / "github")
    found.create_repository(example.REPOSITORY, source=root)
    found.add_user("alice", example.REPOSITORY, "write")
    github_app = found.create_app("envclone", "acme")
    found.install(github_app, "acme")
    with found.running() as url:
        assert found.open_issue(example.REPOSITORY, "We need demos", by="alice") == 1
        monkeypatch.setenv("GITHUB_API_URL", f"{url}/api/v3")
        monkeypatch.setenv("GITHUB_REPOSITORY", example.REPOSITORY)
        monkeypatch.setenv("ENVCLONE_GITHUB_APP_ID", str(github_app.id))
        monkeypatch.setenv("ENVCLONE_GITHUB_PRIVATE_KEY", github_app.private_key)
        monkeypatch.setenv("ENVCLONE_TOOL", "/opt/envclone")
        yield found


@pytest.mark.slow
def test_what_is_due_is_done_once_and_said(server: GitHubServer) -> None:
    first, second = CliRunner().invoke(app, ["expire"]), CliRunner().invoke(app, ["expire"])
    assert (first.exit_code, first.output) == (0, "demo-old: proposed (#2)\ndemo-soon: warned\n")
    assert (second.exit_code, second.output) == (0, "demo-old: waits (#2)\ndemo-soon: nothing\n")
    (pull,) = server.pulls(example.REPOSITORY)
    assert (pull.title, pull.author.login) == ("Destroy demo-old, which has expired", "envclone[bot]")
    assert len(server.comments(example.REPOSITORY, 1)) == 2


@pytest.mark.whole
def test_one_that_fails_keeps_no_other_from_its_turn(server: GitHubServer) -> None:
    # The end of the first needs its hooks to be read; somebody broke them.
    server.commit(example.REPOSITORY, {"envs/demo-old/hooks.yaml": b"hooks: 1\n"}, by="alice", message="break it")
    done = CliRunner().invoke(app, ["expire"])
    assert done.exit_code == 1
    assert "demo-old: failed: " in done.output
    assert "demo-soon: warned" in done.output


@pytest.mark.whole
def test_a_rollout_goes_on_where_no_service_runs(server: GitHubServer) -> None:
    files: dict[str, bytes | None] = {
        ".github/envclone.yml": b"rollout: {enabled: true}\n",
        "templates/shop/app/main.tf": example.MAIN.replace(b'"String"', b'"SecureString"'),
    }
    server.commit(example.REPOSITORY, files, by="alice", message="Encrypt")
    first, second = CliRunner().invoke(app, ["expire"]), CliRunner().invoke(app, ["expire"])
    assert "rollout of shop: running (#3)" in first.output
    assert "rollout of shop: running (#3)" in second.output
    titles = [each.title.rpartition(" with template ")[0] for each in server.pulls(example.REPOSITORY)]
    assert sorted(filter(None, titles)) == ["Sync demo-new", "Sync demo-soon"]


def test_a_github_that_does_not_answer_is_not_taken_for_nothing_due(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9/api/v3")
    assert CliRunner().invoke(app, ["expire"]).exit_code == 2

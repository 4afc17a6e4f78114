"""What the web process learns of GitHub for `/readyz`."""

from datetime import timedelta
from pathlib import Path

from bot.cli.serving.web import asks_github
from bot.sandbox.github import GitHubServer
from bot.settings import read
from bot.web.health import OK
from tests.support.serving import PATIENCE


def test_github_says_whether_it_takes_the_credentials(tmp_path: Path) -> None:
    server = GitHubServer(tmp_path / "github")
    server.create_repository("acme/infrastructure")
    server.add_user("root", "acme/infrastructure", "admin")
    app = server.create_app("envclone", owner="acme")
    with server.running() as url:
        known = {"ENVCLONE_GITHUB_API_URL": f"{url}/api/v3"}
        as_app = {"ENVCLONE_GITHUB_APP_ID": str(app.id), "ENVCLONE_GITHUB_PRIVATE_KEY": app.private_key}
        assert said({**known, **as_app}) == OK
        assert said({**known, "ENVCLONE_GITHUB_TOKEN": server.token("root")}) == OK
        assert said({**known, **as_app, "ENVCLONE_GITHUB_APP_ID": "999"}).startswith("GitHub answered 401")
        assert said({**known, "ENVCLONE_GITHUB_TOKEN": "nobody-s"}).startswith("GitHub answered 401")
        server.faults.answer("GET", "/rate_limit$", status=404)
        assert said({**known, "ENVCLONE_GITHUB_TOKEN": server.token("root")}) == OK, "a server without limits"
        server.faults.answer("GET", "/app$", status=503)
        assert said({**known, **as_app}) == "GitHub answered 503"
    assert said({**known, **as_app}).startswith("GitHub can't be reached")
    assert said({**known, **as_app, "ENVCLONE_GITHUB_PRIVATE_KEY": "x"}).startswith(
        "ENVCLONE_GITHUB_PRIVATE_KEY (or the file"
    )


def said(environment: dict[str, str]) -> str:
    settings = read(environment)
    found = asks_github(settings)(timedelta(seconds=PATIENCE))
    assert found is not None
    return found

"""`envclone serve --setup`: one click makes the App, its key is kept once, and nobody else's App can be brought in."""

from __future__ import annotations

import html
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_IMODE

import httpx
import pytest

from bot.cli.console import WrongUsage
from bot.cli.serving.set_up import ENVIRONMENT, KEY, SECRET, AppFiles, service_address, set_up
from bot.core.installation.app_manifest import EVENTS, PERMISSIONS, manifest, needed, registration_path
from bot.errors import InvalidInput, UserError
from bot.sandbox.github import GitHubServer
from bot.sandbox.pages.routes import routes
from bot.settings import read
from bot.web.setup import CREATED, SetUp
from tests import ROOT
from tests.support.browser import browsing
from tests.support.patience import PATIENCE
from tests.web.serving import serving

URL = "https://envclone.example.com"
MAIN = "from bot.cli.app import main; main()"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    server = GitHubServer(tmp_path / "github", pages=routes)
    server.create_repository("acme/infrastructure")
    server.add_user("ana", "acme/infrastructure", "admin")
    with server.running():
        yield server


@pytest.fixture
def page(tmp_path: Path, github: GitHubServer) -> SetUp:
    """The page, as `serve --setup` makes it."""
    files = AppFiles(tmp_path / "data")

    def keep(code: str) -> tuple[str, str]:
        app = files.keep(code, f"{github.url}/api/v3")
        return app.name, app.html_url

    asked = manifest(f"{URL}/webhooks/github", f"http://setup.test{CREATED}")
    return SetUp(f"{github.url}{registration_path('acme')}", github.url, asked, keep)


@pytest.fixture
def browser(page: SetUp) -> Iterator[httpx.Client]:
    """Somebody at the page."""
    with serving(page.application()) as client:
        yield client


def pressed(form: httpx.Response) -> tuple[str, Mapping[str, str]]:
    """Return where the one form of a page goes, and what it carries."""
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', form.text)
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.text)
    return html.unescape(action), {name: html.unescape(value) for name, value in fields}


def sent_back(github: GitHubServer, shown: httpx.Response) -> str:
    """Press the buttons of the page and of GitHub's; return the address that GitHub sends the browser to."""
    address, fields = pressed(shown)
    asked = httpx.post(address, data=dict(fields), headers={"Origin": "http://setup.test"}, timeout=PATIENCE)
    assert asked.status_code == 200, asked.text
    address, fields = pressed(asked)
    made = httpx.post(f"{github.url}{address}", data=dict(fields), timeout=PATIENCE)
    assert made.status_code == 303, made.text
    return made.headers["Location"].removeprefix("http://setup.test")


def test_one_click_makes_an_app_with_exactly_what_is_needed_and_keeps_its_key_unseen(
    tmp_path: Path, github: GitHubServer, page: SetUp, browser: httpx.Client
) -> None:
    back = sent_back(github, browser.get(page.path))
    done = browser.get(back)
    assert done.status_code == 200, done.text
    (app,) = github.forge.state.apps.values()
    assert (app.owner.login, frozenset(app.events)) == ("acme", EVENTS)
    assert dict(app.permissions) == dict(PERMISSIONS)
    (hook,) = github.forge.state.hooks.values()
    data = tmp_path / "data"
    assert (data / KEY).read_text() == app.private_key
    assert (hook.url, hook.secret) == (f"{URL}/webhooks/github", (data / SECRET).read_text())
    assert {S_IMODE((data / name).stat().st_mode) for name in (KEY, SECRET, ENVIRONMENT)} == {0o600}
    settings = read(dict(line.split("=", 1) for line in (data / ENVIRONMENT).read_text().splitlines()))
    assert settings.github_app_id == str(app.id)
    assert settings.secrets == (hook.secret,)
    for secret in (app.private_key[40:80], hook.secret):
        assert secret not in done.text
        assert secret not in (data / ENVIRONMENT).read_text()
    assert done.headers["Cache-Control"] == "no-store"


def test_no_redirect_repeats_a_host(page: SetUp, browser: httpx.Client) -> None:
    for path in (f"{page.path}/", "/setup/x/", f"{CREATED}/?state={page.state}"):
        answer = browser.get(path, headers={"Host": "elsewhere.example.com"})
        assert (answer.status_code, answer.headers.get("Location")) == (404, None)


def test_nothing_is_made_twice(tmp_path: Path, github: GitHubServer, page: SetUp, browser: httpx.Client) -> None:
    back = sent_back(github, browser.get(page.path))
    assert browser.get(back).status_code == 200
    key = (tmp_path / "data" / KEY).read_bytes()
    assert [browser.get(each).status_code for each in (back, page.path)] == [410, 410]
    files = AppFiles(tmp_path / "data")
    with pytest.raises(UserError, match=r"github-app\.pem is there"):
        files.refuse_second(read({}))
    with pytest.raises(UserError, match="ENVCLONE_GITHUB_APP_ID is set"):
        files.refuse_second(read({"ENVCLONE_GITHUB_APP_ID": "7", "ENVCLONE_GITHUB_PRIVATE_KEY": "x"}))
    with pytest.raises(UserError, match="File exists"):
        files.keep("code", f"{github.url}/api/v3")
    assert (tmp_path / "data" / KEY).read_bytes() == key


def test_an_answer_without_our_state_or_with_a_code_of_nobody_s_brings_nothing_in(
    tmp_path: Path, github: GitHubServer, page: SetUp, browser: httpx.Client
) -> None:
    back = sent_back(github, browser.get(page.path))
    foreign = re.sub(r"state=[^&]+", "state=mine", back)
    without = re.sub(r"&?state=[^&]+", "", back)
    assert [browser.get(each).status_code for each in (foreign, without)] == [403, 403]
    for code in ("0" * 40, "../../app", ""):
        failed = browser.get(CREATED, params={"code": code, "state": page.state})
        assert (failed.status_code, "returned no key" in failed.text) == (502, True), failed.text
    assert list((tmp_path / "data").iterdir()) == []
    assert browser.get("/setup/guessed").status_code == 404
    assert browser.get(back).status_code == 200, "what failed used nothing up"


def test_the_page_runs_and_loads_nothing_and_tells_no_other_site_its_address(
    page: SetUp, browser: httpx.Client
) -> None:
    shown = browser.get(page.path)
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert f"form-action 'self' {page.site}; base-uri 'none'; frame-ancestors 'none'" in policy
    assert shown.headers["Referrer-Policy"] == "strict-origin"
    assert "<script" not in shown.text


@pytest.mark.parametrize(
    "url", ["", "envclone.example.com", "http://envclone.example.com", "https://a@b.example", "https://a.example/x"]
)
def test_an_address_that_github_cannot_reach_safely_is_refused(url: str) -> None:
    with pytest.raises(WrongUsage, match="--url https://"):
        service_address(url)


def test_the_form_goes_to_the_organization_or_to_whoever_is_logged_in() -> None:
    assert registration_path("acme") == "/organizations/acme/settings/apps/new"
    assert registration_path("") == "/settings/apps/new"
    with pytest.raises(InvalidInput, match="not an organization's name"):
        registration_path("acme/../x")


@pytest.mark.parametrize(("organization", "url"), [("ac me", URL), ("acme", "nonsense")])
def test_nobody_listens_for_what_makes_no_sense(organization: str, url: str) -> None:
    with pytest.raises(WrongUsage):
        set_up(read({}), lambda: pytest.fail("it listens"), organization, url)


def test_what_is_asked_for_is_what_the_readme_says() -> None:
    assert needed() in " ".join((ROOT / "README.md").read_text("utf-8").split())


@pytest.mark.browser
@pytest.mark.e2e
def test_a_person_is_led_through_it_by_a_browser(tmp_path: Path, github: GitHubServer) -> None:
    variables = {"ENVCLONE_GITHUB_API_URL": f"{github.url}/api/v3", "ENVCLONE_DATA_DIR": str(tmp_path / "data")}
    argv = [sys.executable, "-c", MAIN, "serve", "--setup", "--organization", "acme", "--url", URL]
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            argv, env={**os.environ, **variables, "ENVCLONE_PORT": "0"}, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        with browsing(tmp_path) as browser:
            browser.open(_address(output, process))
            browser.show(900)
            browser.picture(tmp_path / "setup.png")
            browser.evaluate("document.querySelector('button').click()")
            browser.wait("document.title === 'New GitHub App'")
            browser.evaluate("document.querySelector('button').click()")
            browser.wait("document.title === 'The App was created'")
            browser.picture(tmp_path / "made.png")
            assert browser.errors == []
        assert process.wait(PATIENCE) == 0
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (app,) = github.forge.state.apps.values()
    said = output.read_text()
    assert f"ENVCLONE_GITHUB_APP_ID={app.id}" in said
    assert app.private_key[40:80] not in said
    again = subprocess.run(
        argv, env={**os.environ, **variables}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (again.returncode, "there is an App already" in again.stderr) == (1, True), again.stderr


def _address(output: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (found := re.search(r"Open (http://\S+)", output.read_text())):
        assert time.monotonic() < deadline, output.read_text()
        assert process.poll() is None, output.read_text()
        time.sleep(0.05)
    return found[1]

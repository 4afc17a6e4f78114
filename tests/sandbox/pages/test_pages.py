"""The sandbox's GitHub for people: every address that it gives out opens, strangers' text stays text, and one form posts."""

import json
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.sandbox.pages.conftest import REPOSITORY, Site

LINK = re.compile(r'(?:href|src|action)="([^"]*)"')

REF = re.compile(r"/(?:[0-9a-f]{40}|demo-x|main)\b")


def links(html: str, page: str) -> Iterator[str]:
    for found in LINK.findall(html):
        yield urljoin(page, unescape(found)).partition("#")[0]


@pytest.mark.slow
def test_every_link_of_every_page_opens(site: Site) -> None:
    seen: dict[str, int] = {}
    kinds: set[str] = set()  # a file at one commit is enough: each page costs a few starts of git
    waiting = [f"{site.github.url}/"]
    while waiting:
        address = waiting.pop()
        kind = REF.sub("/REF", address)
        if kind in kinds or not address.startswith(site.github.url) or address.endswith("/comments"):
            continue
        kinds.add(kind)
        answer = site.client.get(address, follow_redirects=True)
        seen[address] = answer.status_code
        if "html" in answer.headers["content-type"]:
            waiting += links(answer.text, str(answer.url))
    assert {address for address, status in seen.items() if status != 200} == {f"{site.page}/issues/x"}, (
        "which a stranger's picture named"
    )
    assert len(seen) > 40


def addresses(answer: object) -> Iterator[str]:
    """Yield what a REST answer says can be opened in a browser."""
    if isinstance(answer, list):
        for each in answer:
            yield from addresses(each)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if (
                name in {"html_url", "diff_url", "patch_url", "details_url", "avatar_url", "blob_url", "raw_url"}
                and value
            ):
                yield str(value)
            else:
                yield from addresses(value)


def test_every_address_for_people_that_rest_gives_out_opens(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.github.token('max')}"}
    api = f"{site.github.url}/api/v3/repos/{REPOSITORY}"
    head = site.github.head(REPOSITORY, "demo-x")
    found: set[str] = set()
    for path in (
        "", "/issues", f"/issues/{site.issue}/comments", "/pulls", f"/pulls/{site.pull}", f"/pulls/{site.pull}/files",
        f"/commits/{head}", f"/commits/{head}/check-runs", "/actions/runs", f"/actions/runs/{site.run}",
        "/contents/envs?ref=main", f"/pulls/{site.pull}/reviews",
    ):  # fmt: skip
        answer = site.client.get(f"{api}{path}", headers=headers)
        assert answer.status_code == 200, path
        found |= set(addresses(answer.json()))
    opened = {each: site.client.get(each, follow_redirects=True).status_code for each in found}
    assert {each for each, status in opened.items() if status != 200} == set()
    assert len(opened) > 20


def test_what_a_push_or_an_installation_leads_to_opens(site: Site) -> None:
    sha, none = site.github.head(REPOSITORY, "demo-x") or "", "0" * 12
    for range_ in (f"{none}...{sha[:12]}", f"{sha[:12]}...{none}", "main...demo-x"):
        assert site.client.get(f"{site.page}/compare/{range_}", follow_redirects=True).status_code == 200, range_
    (installation,) = site.github.forge.state.installations.values()
    page = f"{site.github.url}/organizations/acme/settings/installations/{installation.id}"
    assert "github-actions" in site.client.get(page, follow_redirects=True).text


def test_a_strangers_html_reaches_no_page(site: Site) -> None:
    html = site.get(f"/issues/{site.issue}").text
    (theirs,) = [each for each in html.split('<article class="comment"') if "I approve." in each]
    written = theirs.partition('<div class="markdown">')[2].partition("</article>")[0]
    assert re.findall(r"<(\w+)", written) == ["p", "a", "a"]
    assert not re.search(r"\son\w+=|href=\"javascript", written)
    assert html.count('<article class="comment"') == 6
    assert 'id="fake"' not in html


def test_a_page_may_run_one_script_and_load_nothing_from_elsewhere(site: Site) -> None:
    answer = site.get(f"/issues/{site.issue}")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src {site.github.url}/_/live.js;" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(.*?)>", answer.text) == [' src="/_/live.js" defer']


def test_a_files_bytes_are_text_to_a_browser_whatever_they_are(site: Site) -> None:
    answer = site.get("/raw/main/README.md")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_page_in_an_artifact_runs_in_an_origin_of_its_own(site: Site) -> None:
    (artifact,) = site.github.artifacts(site.run)
    answer = site.get(f"/actions/runs/{site.run}/artifacts/{artifact.id}/parity.html")
    assert answer.headers["content-security-policy"].endswith("; sandbox allow-scripts")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1"])
def test_another_name_for_this_machine_is_not_answered(site: Site, host: str) -> None:
    answer = site.get("/issues", host=host)
    assert answer.status_code == 421
    assert "A demo" not in answer.text


def test_localhost_is_this_machine(site: Site) -> None:
    port = urlsplit(site.github.url).port
    answer = site.get("/issues", host=f"localhost:{port}")
    assert answer.status_code == 200
    assert f"script-src http://localhost:{port}/_/live.js" in answer.headers["content-security-policy"]


def token(site: Site) -> str:
    found = re.search(r'name="token" value="([^"]+)"', site.get(f"/issues/{site.issue}").text)
    assert found is not None
    return found[1]


def post(site: Site, form: dict[str, str], **headers: str) -> httpx.Response:
    address = f"{site.page}/issues/{site.issue}/comments"
    return site.client.post(address, data=form, headers=headers)


def said(site: Site) -> list[tuple[str, str]]:
    return [(each.author.login, each.body) for each in site.github.comments(REPOSITORY, site.issue)]


def test_the_form_posts_a_comment_as_one_of_its_people(site: Site) -> None:
    answer = post(site, {"token": token(site), "as": "max", "body": "/status\r\ndemo-x"}, origin=site.github.url)
    assert answer.status_code == 303
    assert said(site)[-1] == ("max", "/status\ndemo-x")
    assert answer.headers["location"].startswith(f"/{REPOSITORY}/issues/{site.issue}#issuecomment-")


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({"token": ""}, {}, 403),
        ({"token": "x" * 43}, {}, 403),
        ({}, {"origin": "https://evil.example"}, 403),
        ({}, {"origin": "null"}, 403),
        ({"as": "envclone[bot]"}, {}, 422),
        ({"as": "nobody"}, {}, 422),
        ({"as": "eve"}, {}, 404),
        ({"body": ""}, {}, 422),
        ({"body": "x" * 70_000}, {}, 422),
        ({"body": "x" * 400_000}, {}, 413),
    ],
)
def test_the_form_refuses(site: Site, change: dict[str, str], headers: dict[str, str], status: int) -> None:
    before = said(site)
    form = {"token": token(site), "as": "max", "body": "/status", **change}
    assert post(site, form, **headers).status_code == status
    assert said(site) == before


def test_an_app_of_another_site_s_manifest_is_made_by_our_own_form_alone(site: Site) -> None:
    asked = {
        "name": "foreign",
        "url": "https://evil.example",
        "hook_attributes": {"url": "https://evil.example/hook"},
        "redirect_url": "https://evil.example/back",
        "default_permissions": {"contents": "write"},
    }
    form, foreign = {"manifest": json.dumps(asked), "owner": "acme"}, {"Origin": "https://evil.example"}
    before = set(site.github.forge.state.apps)
    shown = site.client.post(f"{site.github.url}/organizations/acme/settings/apps/new", data=form, headers=foreign)
    assert (shown.status_code, "contents" in shown.text) == (200, True)
    assert shown.headers["Content-Security-Policy"].count("https://evil.example;") == 1, "where its form leads"
    make = f"{site.github.url}/settings/apps"
    assert site.client.post(make, data={**form, "token": token(site)}, headers=foreign).status_code == 403
    assert site.client.post(make, data=form).status_code == 403
    wrong = {**asked, "redirect_url": "https://evil.example;script-src"}
    refused = site.client.post(f"{make}/new", data={"manifest": json.dumps(wrong)})
    assert (refused.status_code, "redirect_url" in refused.text) == (422, True)
    assert set(site.github.forge.state.apps) == before


@pytest.mark.parametrize(
    "path", ["/issues/99", "/pull/1", "/blob/main/none", "/actions/runs/7", "/commit/ffff", "/tree/no"]
)
def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    expected = 302 if path == "/pull/1" else 404
    assert site.get(path).status_code == expected


def test_a_run_shows_its_log_job_by_job(site: Site) -> None:
    html = site.get(f"/actions/runs/{site.run}").text
    assert site.get(f"/actions/runs/{site.run}/attempts/1").text == html
    assert "<strong>plan demo-x</strong>" in html
    assert "Terraform will perform" in html
    assert "  + create" in html
    assert "\x1b" not in html

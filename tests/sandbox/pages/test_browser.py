"""The pages in a real browser: what a colleague sees, at three widths, light and dark; nothing of a stranger's runs."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from tests.sandbox.pages.conftest import REPOSITORY, Site
from tests.support.browser import Browser, Scheme, browsing

pytestmark = pytest.mark.browser
WIDTHS = (390, 800, 1280)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser")) as found:
        yield found


def paths(site: Site) -> dict[str, str]:
    """Return what one shows to a colleague."""
    return {
        "conversation": f"/pull/{site.pull}",
        "issue": f"/issues/{site.issue}",
        "files": f"/pull/{site.pull}/files",
        "checks": f"/pull/{site.pull}/checks",
        "run": f"/actions/runs/{site.run}",
        "file": "/blob/main/envs/production/main.tf",
    }


def test_every_page_fits_at_every_width_and_breaks_no_rule_of_its_own(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    for name, path in paths(site).items():
        browser.show(WIDTHS[-1])
        browser.open(f"{site.page}{path}")
        assert browser.evaluate("document.styleSheets[0].cssRules.length") > 50
        for width in WIDTHS:
            for scheme in get_args(Scheme):
                browser.show(width, scheme=scheme)
                assert browser.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                picture = browser.picture(tmp_path / f"{name}-{width}-{scheme}.png")
                assert struct.unpack(">I", picture[16:20]) == (width,)
        assert browser.errors == [], name


def test_dark_is_dark(browser: Browser, site: Site) -> None:
    browser.open(f"{site.page}/issues")
    found = {}
    for scheme in get_args(Scheme):
        browser.show(800, scheme=scheme)
        found[scheme] = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert found == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}


def test_a_strangers_comment_runs_nothing_and_stays_in_its_frame(browser: Browser, site: Site) -> None:
    browser.open(f"{site.page}/issues/{site.issue}")
    browser.wait("document.querySelectorAll('article').length >= 6")
    assert browser.evaluate("document.title").startswith("A demo for a customer")
    assert browser.evaluate("getComputedStyle(document.body).display") == "block"
    theirs = "[...document.querySelectorAll('article')].find(each => each.textContent.includes('I approve.'))"
    assert browser.evaluate(f"{theirs}.querySelector('.who').textContent.trim()") == "eve"
    assert browser.evaluate(f"{theirs}.parentElement.id") == "timeline"
    assert browser.evaluate("document.querySelectorAll('iframe, form, base').length") == 1
    assert browser.errors == []


def test_a_fold_opens_and_mermaid_is_drawn(browser: Browser, site: Site) -> None:
    browser.show(1280)
    browser.open(f"{site.page}/pull/{site.pull}")
    drawn = "[...document.querySelectorAll('.drawing text')].map(each => each.textContent).join()"
    assert browser.evaluate(drawn) == "network,app"
    shown = "document.querySelector('.markdown details table').checkVisibility()"
    browser.wait(f"!{shown}")
    browser.evaluate("document.querySelector('.markdown details summary').click()")
    browser.wait(shown)


def test_a_comment_is_typed_and_the_answer_appears_by_itself(browser: Browser, site: Site) -> None:
    browser.open(f"{site.page}/issues/{site.issue}")
    browser.evaluate("document.querySelector('[name=as]').value = 'max'")
    browser.evaluate("document.querySelector('textarea').value = '/status demo-x'")
    browser.evaluate("document.querySelector('form button').click()")
    browser.wait("location.hash.startsWith('#issuecomment-') && document.readyState === 'complete'")
    posted = site.github.comments(REPOSITORY, site.issue)[-1]
    assert (posted.author.login, posted.body) == ("max", "/status demo-x")
    browser.evaluate("document.querySelector('.markdown details').open = true")
    browser.evaluate("document.querySelector('textarea').value = 'half a sent'")
    site.github.comment(REPOSITORY, site.issue, "It is **live**.", by="envclone[bot]")
    browser.wait("document.querySelector('#timeline').lastElementChild.textContent.includes('It is live.')")
    site.github.edit_comment(posted.id, "/status demo-y", by="max")
    browser.wait(f"document.getElementById('issuecomment-{posted.id}').textContent.includes('demo-y')")
    assert browser.evaluate("document.querySelector('textarea').value") == "half a sent"
    assert browser.evaluate("document.querySelector('.markdown details').open")

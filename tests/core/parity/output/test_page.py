"""The page: in a real browser, with filters that work, nothing loaded from anywhere, and everything escaped."""

import json
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from bot.core.parity.output.page import page
from bot.core.parity.output.page_origin import PageOrigin
from bot.core.parity.report import Difference, Parity
from bot.names import EnvironmentName
from tests.core.parity import shop
from tests.support.browser import Browser, Scheme, browsing


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="module")
def report() -> str:
    drafted = shop.clone()
    head = 'resource "aws_route53_zone" "private" {'
    files = shop.edited(drafted.files, "traffic/dns.tf", head, f"{head}\n  count = 0")
    files = shop.edited(files, "data/parameters.tf", "= var.payments_url", '= "https://api.payments.example/v1"')
    return page(shop.compared(drafted, files).parity, shop.leaked(drafted, files))


@pytest.fixture
def shown(browser: Browser, report: str, tmp_path: Path) -> Browser:
    """The browser, with the report open."""
    place = tmp_path / "page.html"
    place.write_text(report, "utf-8")
    browser.show(1280, 1600)
    browser.open(place.as_uri())
    return browser


def test_the_page_loads_nothing_and_shows_what_matters_first(report: str) -> None:
    assert re.findall(r"<(?:link|img|iframe|object)\b|\s(?:src|href)=|@import|url\(", report) == []
    assert "default-src 'none'" in report
    first = report.index("traffic/<wbr>aws_<wbr>route53_<wbr>zone.<wbr>private<")
    assert first < report.index("aws_<wbr>rds_<wbr>cluster.<wbr>this")
    assert "Does not hold" in report
    assert page(shop.compared(shop.clone()).parity).count("Does not hold") == 0


def test_everything_from_a_repository_is_escaped() -> None:
    evil = "<script>alert('x')</script>\"'&`<b>`"
    each = Difference("changed", evil, evil, evil, evil, file=evil, line=1)
    parity = Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "code", 1, [each], set_apart={evil: 1})
    html = page(parity)
    assert "<script>alert" not in html
    assert "<b>" not in html
    assert html.count("<script>") == 1


@pytest.mark.browser
def test_a_browser_shows_it_and_its_filters_work(shown: Browser, report: str) -> None:
    def rows(**values: str) -> int:
        for field, value in values.items():
            pick = f"document.getElementById({field!r})"
            shown.evaluate(f"{pick}.value = {json.dumps(value)}, {pick}.dispatchEvent(new Event('input'))")
        return int(shown.evaluate("[...document.querySelectorAll('.rows tr')].filter(row => !row.hidden).length"))

    every = report.count("data-kind=")
    topology = report.count('data-aspect="topology"')
    assert topology >= 1
    assert rows() == every
    assert rows(aspect="topology") == topology
    assert rows(aspect="", cause="db_class") == 1
    assert rows(cause="", search="PAYMENTS_url local") == 1
    assert rows(search="nothing such") == 0
    assert shown.evaluate("document.getElementById('count').textContent") == f"0 of {every}"
    assert shown.errors == []


def test_the_deciding_figures_come_first_and_what_was_promised_is_not_red(report: str) -> None:
    labels = re.findall(r'<div class="tile [^"]*"><strong>[^<]*</strong><span>([^<]*)</span>', report)
    assert labels[:4] == ["unexplained", "broken contracts", "leaks", "match production"]
    kept = page(shop.compared(shop.clone()).parity)
    assert '<span class="badge outbound">' in kept
    assert '<tr class="changed unexplained"' not in kept, "what the purpose cuts off is explained, and green"
    folded = kept.partition("<details>")[2].partition("</details>")[0]
    assert folded.count('data-aspect="identity"') == kept.count('data-aspect="identity"') > 0


ORIGIN = PageOrigin(
    "f" * 40,
    datetime(2026, 3, 11, 12, 0, tzinfo=UTC),
    f"https://github.example/acme/infra/blob/{'f' * 40}",
    "https://github.example/acme/infra/pull/12",
    ("envs/production", "envs/demo-x"),
)


def test_the_head_says_which_commit_when_and_in_which_pull_request() -> None:
    html = page(shop.compared(shop.clone()).parity, (), ORIGIN)
    head = html.partition('<p class="quiet origin">')[2].partition("</p>")[0]
    assert f'href="https://github.example/acme/infra/commit/{"f" * 40}"' in head
    assert "<code>ffffffffffff</code>" in head
    assert "2026-03-11 at 12:00 UTC" in head
    assert '<a href="https://github.example/acme/infra/pull/12" rel="noreferrer">pull request #12</a>' in head


def test_a_place_leads_to_its_line_and_what_is_missing_to_the_source() -> None:
    found = [
        Difference("changed", "app/x", "a", "1", "2", file="app/main.tf", line=7),
        Difference("missing", "app/y", "", "1", "", file="app/it's.tf", line=3),
    ]
    parity = Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "code", 2, found)
    html = page(parity, (), ORIGIN)
    blob = f"https://github.example/acme/infra/blob/{'f' * 40}"
    assert f'<a href="{blob}/envs/demo-x/app/main.tf#L7" rel="noreferrer">app/main.tf:7</a>' in html
    assert f'<a href="{blob}/envs/production/app/it%27s.tf#L3" rel="noreferrer">' in html


def test_an_address_that_is_none_of_the_web_is_no_link() -> None:
    each = Difference("changed", "app/x", "a", "1", "2", file="app/main.tf", line=7)
    parity = Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "code", 1, [each])
    assert "href" not in page(
        parity, (), replace(ORIGIN, files="javascript:alert(1)//blob/x", pull="javascript:alert(1)")
    )


def test_where_nothing_was_compared_the_page_says_so_and_gives_no_share() -> None:
    html = page(Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "code", 0, []))
    assert "Nothing was compared: neither <code>demo-x</code> nor <code>production</code> has a value" in html
    assert "100" not in html.partition("<main>")[2].partition("</main>")[0]


WIDTHS = (390, 800, 1280)
CELL = "document.querySelector('.rows tr td:nth-child(3)')"


@pytest.mark.browser
def test_it_reads_on_a_phone_a_tablet_and_a_desk(shown: Browser) -> None:
    for width in WIDTHS:
        shown.show(width, 500)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, "nobody scrolls sideways"
        display = shown.evaluate(f"getComputedStyle({CELL}).display")
        assert (display == "block") is (width == 390)
        if width == 390:
            named = shown.evaluate(f"getComputedStyle({CELL}, '::before').content")
            assert named == '"demo-x"', "the clone's value is seen, and named"
        else:
            shown.evaluate("document.querySelector('.rows tr:last-child').scrollIntoView({block: 'center'})")
            shown.wait("scrollY > 0")
            head = shown.evaluate("document.querySelector('th').getBoundingClientRect().top")
            assert head == 0, "the names of the columns stay in sight"


@pytest.mark.browser
def test_a_screenshot_is_a_whole_picture_in_both_schemes(shown: Browser, tmp_path: Path) -> None:
    for scheme in get_args(Scheme):
        for width in WIDTHS:
            shown.show(width, 1600, scheme)
            data = shown.picture(tmp_path / f"parity-{width}-{scheme}.png")
            assert data.startswith(b"\x89PNG")
            assert struct.unpack(">II", data[16:24]) == (width, 1600)
            assert len(data) > 30_000  # an empty page has a tenth of that

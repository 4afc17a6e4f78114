"""The page: in a real browser, with filters that work, nothing loaded from anywhere, and everything escaped."""

import json
import re
import shutil
import struct
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from bot.core.parity.output.page import page
from bot.core.parity.output.page_origin import PageOrigin
from bot.core.parity.report import Difference, Parity
from bot.names import EnvironmentName
from tests.core.parity import shop
from tests.support.needs import require


@pytest.fixture(scope="module")
def chromium() -> str:
    require("browser")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "This test needs a browser: `apt-get install chromium` (`.ci/run` does it)."
    return found


@pytest.fixture(scope="module")
def report() -> str:
    drafted = shop.clone()
    head = 'resource "aws_route53_zone" "private" {'
    files = shop.edited(drafted.files, "traffic/dns.tf", head, f"{head}\n  count = 0")
    files = shop.edited(files, "data/parameters.tf", "= var.payments_url", '= "https://api.payments.example/v1"')
    return page(shop.compared(drafted, files).parity, shop.leaked(drafted, files))


def browse(chromium: str, scratch: Path, html: str, *options: str) -> str:
    """Open a page without a window and return what the browser made of it, after its script has run."""
    place = scratch / "page.html"
    place.write_text(html, "utf-8")
    # No sandbox of Chromium's own: it needs kernel features that containers lack, and the page is ours.
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    flags += [f"--user-data-dir={scratch / 'profile'}", "--virtual-time-budget=2000", "--window-size=1280,1600"]
    done = subprocess.run(
        [chromium, *flags, *options, place.as_uri()], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


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
def test_a_browser_shows_it_and_its_filters_work(chromium: str, report: str, tmp_path: Path) -> None:
    drive = """<script>
      const pick = (id, value) => { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event("input")); };
      const shown = () => [...document.querySelectorAll(".rows tr")].filter(row => !row.hidden).length;
      const told = [shown()];
      pick("aspect", "topology"); told.push(shown());
      pick("aspect", ""); pick("cause", "db_class"); told.push(shown());
      pick("cause", ""); pick("search", "PAYMENTS_url value"); told.push(shown());
      pick("search", "nothing such"); told.push(shown(), document.getElementById("count").textContent);
      document.title = JSON.stringify(told);
    </script></body>"""
    dom = browse(chromium, tmp_path, report.replace("</body>", drive), "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", dom)
    assert title is not None
    every = report.count("data-kind=")
    topology = report.count('data-aspect="topology"')
    assert title[1].startswith(f"[{every},{topology},1,"), title[1]
    assert title[1].endswith(f',0,"0 of {every}"]'), title[1]
    assert topology >= 1


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
MEASURE = """<!doctype html><title>…</title><body><script>
  const pages = PAGES, told = [];
  const measured = frame => {
    const page = frame.contentDocument, view = frame.contentWindow, cell = page.querySelector(".rows tr td:nth-child(3)");
    view.scrollTo(0, page.querySelector(".rows tr:last-child").offsetTop + page.querySelector(".rows").offsetTop + 200);
    return {width: view.innerWidth, overflows: page.documentElement.scrollWidth > view.innerWidth,
      stacked: view.getComputedStyle(cell).display === "block", named: view.getComputedStyle(cell, "::before").content,
      head: page.querySelector("th").getBoundingClientRect().top, scrolled: view.scrollY};
  };
  for (const [width, html] of pages) {
    const frame = document.createElement("iframe");
    frame.style.cssText = `width:${width}px;height:500px;border:0`;
    frame.onload = () => {
      told.push(measured(frame));
      if (told.length === pages.length) document.title = JSON.stringify(told);
    };
    frame.srcdoc = html;
    document.body.append(frame);
  }
</script></body>"""


@pytest.mark.browser
def test_it_reads_on_a_phone_a_tablet_and_a_desk(chromium: str, report: str, tmp_path: Path) -> None:
    pages = json.dumps([[width, report] for width in WIDTHS]).replace("</", "<\\/")
    dom = browse(chromium, tmp_path, MEASURE.replace("PAGES", pages), "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", dom)
    assert title is not None
    found = {each["width"]: each for each in json.loads(unescape(title[1]))}
    assert sorted(found) == list(WIDTHS)
    assert [width for width, each in found.items() if each["overflows"]] == [], "nobody scrolls sideways"
    assert (found[390]["stacked"], found[390]["named"]) == (True, '"demo-x"'), "the clone's value is seen, and named"
    for width in (800, 1280):
        assert not found[width]["stacked"]
        assert found[width]["scrolled"] > 0
        assert found[width]["head"] == 0, "the names of the columns stay in sight"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screenshot_is_a_whole_picture_in_both_schemes(
    chromium: str, report: str, tmp_path: Path, scheme: str
) -> None:
    picture = tmp_path / "parity.png"
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    browse(chromium, tmp_path, report, f"--screenshot={picture}", *dark)
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (1280, 1600)
    assert len(data) > 60_000  # an empty page has a tenth of that

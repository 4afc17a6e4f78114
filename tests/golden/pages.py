"""Golden words of the pages that are no Markdown, and of what checks and the first pull request say."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser

from bot.core.installation.app_manifest import manifest, registration_path
from bot.core.installation.proposal_text import proposal_text
from bot.core.parity import certificate
from bot.core.parity.leaks import Leak
from bot.core.parity.output import directory_markdown, markdown
from bot.core.parity.output.directory_page import directory_page
from bot.core.parity.output.page import page
from bot.core.parity.output.plan_text import headline, section
from bot.core.parity.report import Breach, Difference
from bot.core.plans.required_check import Needs, required_check
from bot.web.setup import CREATED, SetUp
from tests.core.parity.directories.layouts import compare
from tests.golden import inputs as i
from tests.golden.terminal import MONOREPO
from tests.golden.versions import evidence
from tests.web.serving import serving

Texts = Mapping[str, Callable[[], str]]

LEAK = Leak("app/main.tf", 7, "vpc-1", "production's", "the clone has its own")
BREACH = Breach(
    "match", "topology", "`demo` must match `production` in topology, and `aws_route53_zone.private` is missing"
)
ZONE = Difference("missing", "network/aws_route53_zone.private", "", "present", "", aspect="topology")


class _Words(HTMLParser):
    """What a reader sees of a page, a line for each piece of text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self._hidden = self._hidden or (tag if tag in {"style", "script"} else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = "" if tag == self._hidden else self._hidden

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.lines.append(" ".join(data.split()))


def words(html: str) -> str:
    """Return what a reader sees of a page."""
    found = _Words()
    found.feed(html)
    return "\n".join(found.lines)


def _broken() -> str:
    parity = i.comparison().parity
    parity = replace(parity, differences=(ZONE, *parity.differences), breaches=(BREACH,))
    return f"{headline(parity, (LEAK,))}\n\n{section(parity, (LEAK,), '', 60_000)}"


def _certificates() -> str:
    found = evidence(i.NAME).certificate
    assert found is not None
    lapsed = ("`production` has changed since `bbbbbbbbbbbb`",)
    said = [text for gone in ((), lapsed) for text in (certificate.title(found, gone), certificate.text(found, gone))]
    return "\n\n".join(text.partition("<!--")[0].strip() for text in said)


def _required() -> str:
    def needs(targets: str, plan: str, **outputs: str) -> Needs:
        return Needs.model_validate({"targets": {"result": targets, "outputs": outputs}, "plan": {"result": plan}})

    both = needs("success", "success", environments=json.dumps(["demo-x", "demo-y"]))
    none = needs("success", "skipped", environments="[]")
    unknown, refused = needs("failure", "skipped"), needs("failure", "skipped", complaints=json.dumps([str(i.PROBLEM)]))
    found = [
        required_check(both, ["demo-x", "demo-y"], is_fork=False),
        required_check(both, ["demo-x"], is_fork=False),
        *(required_check(each, [], is_fork=False) for each in (none, unknown, refused)),
        required_check(both, [], is_fork=True),
    ]
    return "\n".join(f"- {'passes' if each.passes else 'fails'}: {each.reason}" for each in found)


def _set_up() -> str:
    asked = manifest("https://envclone.example/webhooks/github", f"https://envclone.example{CREATED}")
    install = "https://github.example/apps/envclone-acme"
    made = SetUp(
        f"https://github.example{registration_path('acme')}",
        "https://github.example",
        asked,
        lambda _: ("envclone-acme", install),
    )
    with serving(made.application()) as client:
        back = f"{CREATED}?state={made.state}&code=1"
        shown = [client.get(path).text for path in ("/setup/x", f"{CREATED}?state=x", made.path, back, back)]
    return "\n\n".join(map(words, shown))


PAGES: Texts = {
    "parity/page": lambda: words(page(i.comparison().parity)),
    "parity/directories-page": lambda: words(directory_page(compare(MONOREPO, "infra/staging", "infra/production"))),
    "parity/directories": lambda: directory_markdown.directory_markdown(compare(MONOREPO, "infra/staging", "infra/production")),
    "parity/report": lambda: markdown.report(i.comparison().parity),
    "plans/parity": lambda: section(i.comparison().parity, (), "", 60_000),
    "plans/parity-broken": _broken,
    "plans/certificates": _certificates,
    "plans/required-check": _required,
    "pulls/install": lambda: proposal_text(
        {".github/workflows/plan.yml": "wrote", ".github/envclone.yml": "wrote"},
        ["name your accounts, their roles and where state lies in .github/envclone.yml", "protect the default branch, with a code owner's review and the required check `envclone`"],
    ),
    "setup/pages": _set_up,
}  # fmt: skip

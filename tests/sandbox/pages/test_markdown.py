"""Markdown as GitHub shows it, from anybody: what is ours looks right, and what is hostile stays text."""

import re

import pytest

from bot.sandbox.pages.markdown import Known, nothing_known, rendered
from bot.sandbox.pages.mermaid import drawn
from bot.sandbox.pages.safe_html import DEEPEST, safe

KNOWN = Known(
    lambda login: f"/{login}" if login in {"ana", "envclone[bot]"} else None,
    lambda number: f"/acme/infra/issues/{number}" if number == 7 else None,
    lambda sha: f"/acme/infra/commit/{sha}",
)
SHA = "0123456789abcdef0123456789abcdef01234567"


def shown(text: str) -> str:
    return " ".join(rendered(text, KNOWN).split())


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\nb", "<p>a<br> b</p>"),
        ("|a|b|\n|-|-:|\n|1|2|", '<th class="right">b</th>'),
        ("~~a~~", "<s>a</s>"),
        ("> [!WARNING]\n> Look!", '<blockquote class="alert warning"> <p><strong class="alert-title">Warning</strong><br>Look!</p>'),
        ("> [!OTHER]\n> Look!", "<blockquote> <p>[!OTHER]"),
        ("- [x] done", '<li class="task"><input type="checkbox" disabled checked> done</li>'),
        ("- [ ] open", '<input type="checkbox" disabled> open'),
        ("@ana and @eve", '<a href="/ana" rel="nofollow noopener" class="mention">@ana</a> and @eve'),
        ("ana@acme.example", "<p>ana@acme.example</p>"),
        ("#7, #8, a#7", '<a href="/acme/infra/issues/7" rel="nofollow noopener">#7</a>, #8, a#7'),
        ("`#7 @ana`", "<code>#7 @ana</code>"),
        (SHA, f'<a href="/acme/infra/commit/{SHA}" rel="nofollow noopener">0123456</a>'),
        ("See https://a.example/x?y=1.", '<a href="https://a.example/x?y=1" rel="nofollow noopener">https://a.example/x?y=1</a>.'),
        ("[#7](https://a.example)", '<a href="https://a.example" rel="nofollow noopener">#7</a>'),
        ("<details open><summary>More</summary>\n\n**b**\n\n</details>", "<details open><summary>More</summary> <p><strong>b</strong></p> </details>"),
        ("<!-- envclone:request:1 -->\nHi", "<p>Hi</p>"),
        ("![a picture](https://a.example/p.png)", '<p><a href="https://a.example/p.png" rel="nofollow noopener">a picture</a></p>'),
        ("```hcl\na = \"<b>\"\n```", '<pre><code>a = "&lt;b&gt;" </code></pre>'),
    ],
)  # fmt: skip
def test_it_is_shown_as_on_github(text: str, html: str) -> None:
    assert html in shown(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<scr<script>ipt>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext></p><style><img src=x onerror=alert(1)></style>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='java&#9;script:alert(1)'>x</a>",
        "<a href='&#1;javascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<details ontoggle=alert(1) open><summary>x",
        "<p style='position:fixed' class='site' id='merge'>x</p>",
        "<input type=text autofocus onfocus=alert(1)><textarea><select><button>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x><embed src=x>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'><base href=//evil.example><link rel=stylesheet href=x>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<![CDATA[><img src=x onerror=alert(1)>]]>",
        "</div></article></main></body></html>",
    ],
)
def test_hostile_html_leaves_nothing_but_plain_elements(text: str) -> None:
    for html in (safe(text), rendered(text, nothing_known()), rendered(f"a {text}\n\n> {text}", nothing_known())):
        tags = re.findall(r"<(/?)([a-z0-9]+)((?: [^>]*)?)>", html)
        assert {name for _, name, _ in tags} <= {"a", "p", "br", "details", "summary", "blockquote", "div", "input"}
        assert not [rest for _, _, rest in tags if re.search(r"\bon|style|script|class=|id=|data:", rest)]
        opened: list[str] = []
        for slash, name, _ in tags:
            if name in {"br", "input"}:
                continue
            if slash:
                assert opened.pop() == name, html
            else:
                opened.append(name)
        assert opened == []


MARKS = [
    "<!--",
    "<",
    "<a ",
    "<a b ",
    "<a b=",
    "<a b='",
    "<a b=\"'",
    "<![CDATA[",
    "<script>",
    "</p>",
    "&",
    "<p>",
    "<a      ",
]


@pytest.mark.timeout(300)  # a parser that tries things twice takes longer for one of these
def test_a_comment_as_long_as_may_be_is_written() -> None:
    for mark in MARKS:
        assert len(safe(mark * (65_536 // len(mark)))) < 10 * 65_536
    assert safe("<i>" * 30_000 + "</b>" * 30_000).count("<i>") == DEEPEST


def test_a_flowchart_of_ours_is_drawn() -> None:
    svg = drawn('flowchart LR\n  s0["network"]:::done\n  s1(["a <b>"])\n  s0 --> s1\n  classDef done fill:#fff') or ""
    assert svg.count("<rect") == 2
    assert '<g class="box done">' in svg
    assert "a &lt;b&gt;</text>" in svg
    assert "<title>network before a &lt;b&gt;</title>" in svg


@pytest.mark.parametrize(
    "text",
    ["", "graph TD\n a --> b", "flowchart LR\n click a call()", "flowchart LR\n a --> b\n b --> a", "flowchart LR"],
)
def test_any_other_mermaid_stays_code(text: str) -> None:
    assert drawn(text) is None
    assert "<svg" not in rendered(f"```mermaid\n{text}\n```", nothing_known())


def test_nobody_can_draw_but_by_a_flowchart() -> None:
    assert "<svg" not in rendered("<p>0-0</p><svg></svg>\n\n```mermaid\ngraph TD\n```", nothing_known())

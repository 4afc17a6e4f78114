"""Text that others chose stays text in GitHub's Markdown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.markdown import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    bounded,
    cell,
    code,
    details,
    fence,
    parted,
    shortened,
    titled,
)

HOSTILE = [
    "@octocat look",
    "fixes #1 and GH-2 and owner/repo#3",
    "<img src=x onerror=alert(1)>",
    "</summary></details><script>",
    "a | b | c",
    "row\n| injected | row |",
    "```\n# heading",
    "`` ` ``",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example",
    "\u202egnp.exe\u200b\x00\x1b[31m",
    "*bold* _it_ ~~gone~~ &lt; $x^2$",
    "\\",
    "\\|",
]


def without_code(text: str) -> str:
    """Return Markdown without its code spans, read from left to right as CommonMark does."""
    return re.sub(r"(\\.)|(?<!`)(`+)(?!`).*?(?<!`)\2(?!`)", lambda found: found[1] or "", text)


def test_what_stands_in_ticks_and_addresses_are_code_and_can_be_copied() -> None:
    said = cell("`local-exec` asks https://demo.acme.example/a?b=1, www.acme.example (see `a|b`).")
    assert said == "`local-exec` asks `https://demo.acme.example/a?b=1`, `www.acme.example` (see `a\\|b`)."
    assert cell("http.probe") == "http.probe"
    assert cell("one ` alone") == "one \\` alone"


@given(
    st.lists(st.sampled_from(["`", "``", "\\", "|", "a", "_", "www.x", "https://e.example", "@you", "<b>", " "])).map(
        "".join
    )
)
def test_ticks_of_others_never_reach_beyond_their_code(text: str) -> None:
    assert not re.search(
        r"(?<!\\)(?:\\\\)*[|<`\[]|[@#]\w|(?<![a-z0-9])(https?:|www\.)", without_code(cell(text)), re.IGNORECASE
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_is_one_line_of_plain_words(text: str) -> None:
    shown = without_code(cell(text))
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[|<`\[]", shown), "every mark that could start a structure is escaped"
    assert not re.search(r"[@#]\w|\bgh-\d|https?:|www\.", shown, re.IGNORECASE)


@given(st.text())
def test_a_cell_never_ends_its_column(text: str) -> None:
    row = f"| {cell(text)} | x |"
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 3


@given(st.text())
def test_inline_code_is_closed_by_its_own_ticks_only(text: str) -> None:
    shown = code(text)
    ticks = len(shown) - len(shown.lstrip("`"))
    inside = shown[ticks:-ticks]
    assert shown.endswith("`" * ticks)
    assert "\n" not in shown
    assert all(len(run) < ticks for run in re.findall("`+", inside))


@given(st.text())
def test_a_fence_is_closed_by_its_last_line_only(text: str) -> None:
    first, *inside, last = fence(text, "hcl").splitlines()
    assert first == f"{last}hcl"
    assert not any(line.strip().startswith(last) for line in inside)


def test_a_summary_starts_no_html() -> None:
    assert details("</summary><b>@you", "body") == (
        "<details><summary>&lt;/summary&gt;&lt;b&gt;@\u200byou</summary>\n\nbody\n\n</details>"
    )


def test_characters_that_reorder_or_hide_are_spelt_out() -> None:
    assert "\u202e" not in cell("\u202ex") + code("\u202ex") + fence("\u202ex") + details("\u202ex", "")


def test_a_text_that_is_too_long_is_cut_at_a_line_with_what_it_opened_closed() -> None:
    lines = "\n".join(f"line {number}" for number in range(100_000))
    text = bounded(details("Plan", details("More", fence(lines, "text"))))
    assert len(text) <= LONGEST_TEXT
    assert re.search(r"\nline \d+\n```\n\n</details>\n\n</details>\n\n\*This text", text)
    assert bounded("short") == "short"
    assert bounded(text) == text


def test_a_text_that_is_too_long_is_cut_between_two_words() -> None:
    assert shortened("the pool is too small", 30) == "the pool is too small"
    assert shortened("the pool is too small", 15) == "the pool is…"
    assert shortened("x" * 20, 10) == f"{'x' * 9}…", "where there is no word, anywhere"


def test_what_stands_in_ticks_is_shown_whole_or_not_at_all() -> None:
    said = "`region` needs a value: comment `/sync demo-c --set region=…` and merge it"
    assert shortened(said, 40) == "`region` needs a value: comment…"
    assert shortened("`/sync demo-c --set region=eu-west-1` is missing", 20) == "/sync demo-c --set…"


@given(st.text("ab `,"), st.integers(2, 60))
def test_no_cut_leaves_code_open(text: str, longest: int) -> None:
    kept = shortened(text, longest)
    assert len(kept) <= longest or kept == text
    assert kept == text or kept.count("`") % 2 == 0


def test_a_title_is_one_line_that_github_takes() -> None:
    assert titled("Change demo-x:\n app_min") == "Change demo-x: app_min"
    assert len(titled("a step, " * 100)) <= LONGEST_TITLE


def test_two_long_texts_are_shown_where_they_begin_to_differ() -> None:
    one, other = parted(f"{'x' * 100}1 one", f"{'x' * 100}2 others", 40)
    assert (one, other) == (f"…{'x' * 10}1 one", f"…{'x' * 10}2 others")
    assert parted("a" * 50, "b", 40) == (f"{'a' * 40}…", "b")


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_two_texts_never_look_alike_because_both_were_cut(shared: str, one: str, other: str) -> None:
    left, right = parted(shared + one, shared + other, 40)
    assert (left == right) == (one == other)
    assert max(len(left), len(right)) <= 42

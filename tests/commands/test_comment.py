"""Only visible text of the author's own counts.

What GitHub's reader (cmark-gfm) makes of these was looked up, also for half a million generated texts of the kinds below: of the lines
that were found, each was on the page, outside of everything that hides or changes it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import comment
from bot.commands.comment import command_asked_for, command_below_quote, command_in_code, command_lines

COMMAND = "/clone production as demo-x"


@pytest.mark.parametrize(
    "body",
    [
        "> /clone production as demo-x",
        "> quoted\n/clone production as demo-x",  # a lazy continuation is still the quote
        "```\n/clone production as demo-x\n```",
        "~~~\n/clone production as demo-x",
        "    /clone production as demo-x",
        "<!-- /clone production as demo-x -->",
        "<!--\n/clone production as demo-x\n-->",
        "hello <!--\n/clone production as demo-x\n--> there",
        "`code\n/clone production as demo-x\nmore`",
        "<details>\n/clone production as demo-x\n</details>",
        "> - a\n>   /clone production as demo-x",
        "- a list\n\n  > /clone production as demo-x",
        "please /clone production as demo-x",
        "\\/clone production as demo-x",
        "# /clone production as demo-x",
        "<details>\n\n/clone production as demo-x\n\n</details>",
        "<details><summary>Log</summary>\n\n/clone production as demo-x",
        "text <details> text\n\n/clone production as demo-x",
        "<DETAILS open>\n\n- a\n\n/clone production as demo-x",
        "<details>\n\n<p></details>\n\n/clone production as demo-x",
        "<details>\n\n- </details>\n\n/clone production as demo-x",
        "<details>\n\n| a |\n| - |\n| </details> |\n\n/clone production as demo-x",
        "<details>\n\n`</details>`\n\n/clone production as demo-x",
        "<details>\n\n<!-- </details> -->\n\n/clone production as demo-x",
        '<details>\n\n<b title="</details>"></b>\n\n/clone production as demo-x',
        "<!--> <details> -->\n\n/clone production as demo-x",
        "a <!-- a -- <details> -->\n\n/clone production as demo-x",
        "<textarea>\n\n/clone production as demo-x",
        "<svg>\n\n/clone production as demo-x",
        "<sub>\n/clone production as demo-x\n</sub>",
        "a <sub>\n/clone production as demo-x\n</sub>",
        "/clone production as <b hidden>demo-x</b>",
        '<img alt="\n/clone production as demo-x\n">',
        'a <img alt="\n/clone production as demo-x\n">',
        'a <a title="\n/clone production as demo-x\n">b</a>',
        "![\n/clone production as demo-x\n](https://example.com/x.png)",
        '![a](https://example.com/x.png "\n/clone production as demo-x\n")',
        '[a](https://example.com "\n/clone production as demo-x\n")',
        "[a\n/clone production as demo-x\n](https://example.com)",
        "[a\n/clone production as demo-x\n][b]\n\n[b]: https://example.com",
        "/clone production [](https://example.com)as demo-x",
        "[/clone production as demo-x](https://example.com)",
        '[b]: https://example.com "\n/clone production as demo-x\n"',
        "> [b]: https://example.com\n/clone production as demo-x",
        "[^1]: /clone production as demo-x",
        "[^1]: a\n/clone production as demo-x",
        "[^1]: a\n    /clone production as demo-x",
        "[^1]: a\n\n    > b\n/clone production as demo-x",
        "text[^1]\n\n[^1]: a\n\n/clone production as demo-x",
        "$$\n/clone production as demo-x\n$$",
        "$a\n/clone production as demo-x\n$",
        "```math\n/clone production as demo-x\n```",
        "~~\n/clone production as demo-x\n~~",
        "~a\n/clone production as demo-x\na~",
        "| a |\n| - |\n/clone production as demo-x",
        "/clone production as demo-x\n:-",
        "<script>\n/clone production as demo-x\n</script>",
        "<?x\n/clone production as demo-x\n?>",
        "<![CDATA[\n\n/clone production as demo-x\n\n]]>",
    ],
)
def test_a_command_in_anothers_words_or_hidden_is_none(body: str) -> None:
    assert command_lines(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "/clone production as demo-x",
        "  /clone production as demo-x  ",
        "Hi!\n/clone production as demo-x\nThanks",
        "Hi!\r\n\r\n/clone production as demo-x\r\n",
        "> quoted\n\n/clone production as demo-x",
        "```\ncode\n```\n/clone production as demo-x",
        "<!-- hidden -->\n\n/clone production as demo-x",
        "<!-- say `/clone production as demo-x --ttl 3d`\nhere -->\n\n/clone production as demo-x",
        "<details><summary>Log</summary>\n\n```\nlog <b>\n```\n\n</details>\n\n/clone production as demo-x",
        "<details>\n<p>log</p>\n</details>\n\n/clone production as demo-x",
        "What is `<details>`?\n\n/clone production as demo-x",
        "Try `/clone <name>`, or /clone <name>:\n\n/clone production as demo-x",
        '<img width="1" alt="Screenshot" src="https://example.com/x.png" />\n\n/clone production as demo-x',
        "Hi <b>you</b>,<br>\nplease\n\n/clone production as demo-x",
        "[a](https://example.com)\n/clone production as demo-x",
        "![a](https://example.com/x.png)\n/clone production as demo-x",
        "Hi\\\n/clone production as demo-x",
        "Hi  \n/clone production as demo-x",
        "**\n/clone production as demo-x\n**",
        "costs $5\n/clone production as demo-x",
        "- a\n\n  /clone production as demo-x",
        "| a |\n| - |\n| b |\n\n/clone production as demo-x",
        "/clone production as demo-x\n---\nsent from my phone",
        "/clone production as demo-x\n\n[^1]: a",
    ],
)
def test_a_command_in_the_authors_own_words_is_found(body: str) -> None:
    assert command_lines(body) == ["/clone production as demo-x"]


def test_several_commands_are_all_found() -> None:
    assert command_lines("/list\n/help") == ["/list", "/help"]


@pytest.mark.parametrize(
    "line",
    [
        "/set demo-x hosts=*.a.example,*.b.example note=`a`",
        "/set demo-x image=<https://example.com/x> zones=[a,b]",
        "/clone production as demo-x \\",
        '/set demo-x greeting="a & b &amp; c \\\\ d"',
    ],
)
def test_a_line_is_taken_as_it_was_written(line: str) -> None:
    assert command_lines(f"Hi\n{line}\n\nBye") == [line]


def test_huge_and_broken_input_ends() -> None:
    assert command_lines("[" * 100_000) == []
    assert command_lines("\0/list") == ["/list"]
    assert command_lines("> " * 3_000 + "/list") == []


@pytest.mark.parametrize("unit", ["![", "[", "a`", "*a_", "<a b='", "&", "[a](<", "<b>"])
def test_markup_without_bound_is_not_read(unit: str) -> None:
    flood = unit * (comment.LONGEST_BODY // len(unit))
    assert command_lines(f"{COMMAND}\n{flood}") == []
    assert command_lines(f"{COMMAND}\n\n/{flood}") == [COMMAND]
    assert command_lines(f"{COMMAND}\n\n{flood}\n\n/list")[0] == COMMAND


@pytest.mark.parametrize(
    "unit",
    [
        "\n",
        " ",
        "\u2003",
        "* ",
        "1. ",
        "- *",
        "*",
        "_ ",
        "\u200b",
        "please ",
        "hi @a, please ",
        "> a\n",
        "/ <",
        "/a <b>\n",
    ],
)
def test_what_may_stand_before_a_command_is_looked_through_once(unit: str) -> None:
    flood = unit * (comment.LONGEST_BODY // len(unit))
    # Some tenths of a second; minutes, which is a time-out, when it is looked through again from each place.
    assert command_lines(f"{flood}x") == []
    assert [read(f"{flood}x") for read in (command_in_code, command_asked_for, command_below_quote)] == [None] * 3


def test_paragraphs_without_commands_may_have_any_markup() -> None:
    assert command_lines(f"{'![' * 20_000}\n\n{COMMAND}") == [COMMAND]


def test_a_list_of_paths_is_read_up_to_its_bound() -> None:
    assert len(command_lines("/etc/hosts\n" * 5_000)) == comment.MOST_LINES


MARKUP = [
    *("\n", "\n\n", " ", "    ", "> ", "- ", "1. ", "# ", "```", "~~~", "`", "*", "**", "_", "~~", "$", "<b>", "<br>", "<div>", "<p>"),
    *("<", "<!--", "-->", "<!-->", "<?", "<script>", "<x>", "![", "[", "](", ")", "[a]: ", "'", '"', "| - |", ":-", "---", "\\", "a"),
    *("<img alt='", "'>", "<summary>", "</summary>", "<table>", "<td>", "</b>", "</p>", "</div>", "</x>", "</td>", "</table>", "&lt;"),
]  # fmt: skip
NOISE = st.lists(st.sampled_from(MARKUP), max_size=12).map("".join)
# Each hides what follows to the end of the text, unless the text itself ends it.
HIDING = st.sampled_from(
    ["<details>\n\n", "a <details>", "<details><summary>a</summary>\n\n", "[^1]: a\n", "<svg>\n\n"]
)


@given(HIDING, NOISE)
def test_nothing_that_is_not_its_end_reveals_what_is_hidden(hiding: str, noise: str) -> None:
    assert command_lines(f"{hiding}{noise}\n\n{COMMAND}") == []


@given(NOISE, NOISE)
def test_what_is_found_is_a_whole_line_of_the_text(before: str, after: str) -> None:
    text = f"{before}\n{COMMAND}\n{after}"
    assert set(command_lines(text)) <= {line.strip() for line in text.split("\n")}


@given(NOISE)
def test_what_follows_in_another_paragraph_hides_nothing(after: str) -> None:
    assert command_lines(f"Hi\n\n{COMMAND}\n\n{after}")[0] == COMMAND

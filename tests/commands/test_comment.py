"""Only visible text of the author's own counts."""

import pytest

from bot.commands.comment import command_lines


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
    ],
)
def test_a_command_in_the_authors_own_words_is_found(body: str) -> None:
    assert command_lines(body) == ["/clone production as demo-x"]


def test_several_commands_are_all_found() -> None:
    assert command_lines("/list\n/help") == ["/list", "/help"]


def test_huge_and_broken_input_ends() -> None:
    assert command_lines("[" * 100_000) == []
    assert command_lines("\0/list") == ["/list"]
    assert command_lines("> " * 3_000 + "/list") == []

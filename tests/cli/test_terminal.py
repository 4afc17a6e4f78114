"""What comments say in Markdown, as plain text for a terminal."""

import shlex

from bot.cli.terminal import plain, refusal, typed
from bot.commands.grammar import format_command, parse
from bot.commands.model import Clone
from bot.core.markdown import cell, code, details, fence


def test_headings_tables_lists_and_folds_are_columns_and_indentation() -> None:
    table = "| Part | Meaning |\n| --- | --- |\n| `a` | one |\n| `long` | **two** |"
    text = f"<!-- hidden -->\n### {code('demo-x')}\n\nSome `code`.\n\n{details('Parts & more', table)}\n\n- {code('x')}: y\n- z\n"
    assert plain(text) == "\n".join(
        [
            "demo-x",
            "",
            "Some `code`.",
            "",
            "Parts & more:",
            "",
            "  Part  Meaning",
            "  a     one",
            "  long  two",
            "",
            "- `x`: y",
            "- z",
        ]
    )


def test_a_table_without_a_head_begins_with_its_first_row() -> None:
    assert plain("| | |\n| --- | --- |\n| **Owner** | ana |\n| **For** | demo |") == "Owner  ana\nFor    demo"


def test_a_fence_is_its_text_and_a_link_shows_where_it_leads() -> None:
    assert plain(fence("a\n  b", "text")) == "a\n  b"
    assert plain("[in #7](https://github.example/7)") == "in #7 (https://github.example/7)"


def test_text_of_others_stays_as_it_is() -> None:
    hostile = "a | b <b>*c*</b> @team `d` https://x.example & more"
    seen = hostile.replace("`", "")  # what is in ticks is code, and a table shows code without them
    assert plain(f"| | |\n| --- | --- |\n| {cell(hostile)} | {code('x | y')} |") == f"{seen}  x | y"


def test_commands_are_those_of_a_shell_where_there_is_one() -> None:
    assert plain("Comment `/list`.", as_posted=True) == "Comment `/list`."
    assert plain("Comment `/list`, or `/destroy demo-x`.") == "Comment `envclone list`, or `/destroy demo-x`."
    assert (
        refusal("There is `/status`:", "/status demo-x") == "There is `envclone status`:\n\n    envclone status demo-x"
    )


def test_a_line_can_be_pasted_into_a_shell() -> None:
    command = parse('/clone production as demo-x --set "greeting=it\'s $HOME `now`!"')
    assert isinstance(command, Clone)
    line = typed(format_command(command))
    assert shlex.split(line)[-1] == "greeting=it's $HOME `now`!"

"""No text is too long for GitHub, however much there is to say, and what matters is still in it."""

import re
from functools import cache

import pytest
from markdown_it import MarkdownIt

from bot.core.markdown import LONGEST_TEXT, bounded
from tests.golden.large import LARGE, WHOLE
from tests.golden.texts import TEXTS

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
CUT = re.compile(rf"\b(?:{'|'.join(WHOLE[:n] for n in range(2, len(WHOLE)))})\b")
SCREEN = "terminal/", "parity/", "setup/"
"""What is printed, or a page of its own, and so has no limit of GitHub's."""


@cache
def large(name: str) -> str:
    """Return a text as it is posted."""
    return bounded(LARGE[name].text())


@pytest.mark.parametrize("name", sorted(LARGE))
def test_with_ten_times_as_much_it_fits_and_says_what_matters(name: str) -> None:
    said = large(name)
    assert len(said) <= LONGEST_TEXT
    for each in LARGE[name].says:
        assert each in said
    assert not CUT.search(said), "cut inside a word"
    assert said.count("<details") == said.count("</details")


@pytest.mark.parametrize("name", sorted(LARGE))
def test_with_ten_times_as_much_no_table_and_no_code_is_broken(name: str) -> None:
    said = large(name)
    width = 0
    for line in said.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width, line
        width = cells
    plain = [word.content for token in PARSER.parse(said) for word in token.children or () if word.type == "text"]
    assert not [text for text in plain if "`" in text], "code that is not closed"


@pytest.mark.parametrize("name", sorted(set(TEXTS) - set(LARGE)))
def test_a_text_without_lists_is_short(name: str) -> None:
    assert name.startswith(SCREEN) or len(TEXTS[name]()) < LONGEST_TEXT // 10

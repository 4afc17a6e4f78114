"""What people read, kept as Markdown: a change of words is seen as one. `pytest tests/golden --golden-update` writes the files again."""

from pathlib import Path

import pytest

from bot.core.markdown import LONGEST_TEXT, bounded
from tests.golden.texts import TEXTS

MARKDOWN = Path(__file__).parent / "markdown"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_text_reads_as_it_was_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    said = f"{TEXTS[name]().strip()}\n"
    file = MARKDOWN / f"{name}.md"
    if request.config.getoption("--golden-update"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(said, "utf-8")
    assert file.read_text("utf-8") == said, "if the new words are meant: pytest tests/golden --golden-update"


def test_no_file_is_left_of_a_text_that_is_gone() -> None:
    files = {file.relative_to(MARKDOWN).with_suffix("").as_posix() for file in MARKDOWN.rglob("*.md")}
    assert files == set(TEXTS)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_ten_times_the_longest_text_is_still_one_that_github_takes(name: str) -> None:
    said = TEXTS[name]()
    long = (said + "\n") * (10 * LONGEST_TEXT // len(said) + 1)
    kept = bounded(long)
    assert len(kept) <= LONGEST_TEXT
    assert kept.count("<details") == kept.count("</details")

"""What people read, kept as Markdown and as the page that GitHub makes of it: a change of words is seen as one, and so is a broken table.

`pytest tests/golden --golden-update` writes the files again.
"""

import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType

import pytest

from bot.core import messages
from bot.core.installation import proposal_text
from bot.core.markdown import LONGEST_TEXT, bounded
from bot.core.parity import output
from bot.sandbox.pages.markdown import Known, rendered
from tests.golden.texts import TEXTS

HERE = Path(__file__).parent
MARKDOWN, HTML = HERE / "markdown", HERE / "html"
ON_GITHUB = sorted(name for name in TEXTS if not name.startswith(("terminal/", "setup/")) and not name.endswith("page"))
KNOWN = Known(lambda login: f"/{login}", lambda number: f"/issues/{number}", lambda sha: f"/commit/{sha}")
"""Everybody is known, so that whoever is mentioned is seen to be."""


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_text_reads_as_it_was_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    _same(MARKDOWN / f"{name}.md", f"{TEXTS[name]().strip()}\n", request)


@pytest.mark.parametrize("name", ON_GITHUB)
def test_a_text_looks_as_it_was_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    html = rendered(TEXTS[name](), KNOWN)
    assert not re.search(r"<p>[^<]*\|", html), "a table that is none"
    assert set(re.findall(r'class="mention">(.*?)<', html)) <= {"@alice", "@platform"}, (
        "only owners, and who asked, are mentioned"
    )
    _same(HTML / f"{name}.html", re.sub(r"<svg.*?</svg>", "<svg>…</svg>", html, flags=re.DOTALL), request)


def _same(file: Path, said: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--golden-update"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(said, "utf-8")
    assert file.read_text("utf-8") == said, "if the new words are meant: pytest tests/golden --golden-update"


def test_no_file_is_left_of_a_text_that_is_gone() -> None:
    files = {file.relative_to(MARKDOWN).with_suffix("").as_posix() for file in MARKDOWN.rglob("*.md")}
    assert files == set(TEXTS)
    pages = {file.relative_to(HTML).with_suffix("").as_posix() for file in HTML.rglob("*.html")}
    assert pages == set(ON_GITHUB)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_ten_times_the_longest_text_is_still_one_that_github_takes(name: str) -> None:
    said = TEXTS[name]()
    long = (said + "\n") * (10 * LONGEST_TEXT // len(said) + 1)
    kept = bounded(long)
    assert len(kept) <= LONGEST_TEXT
    assert kept.count("<details") == kept.count("</details")


NO_TEXT = {
    *("apply_comment.marker", "drift_issue.about", "replies.marker"),  # hidden, or read again
    *("destroy_pull_request.message", "sync_text.revisions"),  # a commit's trailers, and words of a line of the log
    "directory_markdown.comment_marker",  # hidden
    *("generated_docs.commands_page", "generated_docs.formats_page"),  # in docs/, which a test holds
}
"""Functions of the messages whose strings are no text of their own."""


def _functions() -> Iterator[tuple[str, CodeType]]:
    rooms = (messages, output)
    names = [found.name for room in rooms for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")]
    for module in [*map(import_module, names), proposal_text]:
        for name, function in vars(module).items():
            is_own = (
                inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
            )
            if is_own and function.__annotations__["return"] in (str, str | None):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", function.__code__


def test_no_function_that_makes_a_text_is_without_a_golden_one() -> None:
    called = set[CodeType]()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    sys.setprofile(note)
    try:
        for text in TEXTS.values():
            text()
    finally:
        sys.setprofile(None)
    assert {name for name, code in _functions() if code not in called} == NO_TEXT

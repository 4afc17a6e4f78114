"""What our documents name is there: the files that they link to, and the rooms, modules and tests of the map of the code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bot/*.md")])
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")
_TESTS = re.compile(r"(?P<path>(?:tests/)?[\w/]+\.py)::(?P<name>\w+)\*?")


def prose(document: Path) -> str:
    return _FENCED.sub("", document.read_text("utf-8"))


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives a document's headings; of those that are alike only the first."""
    named = (
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each).replace("`", "") for each in _HEADING.findall(prose(document))
    )
    return frozenset(re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in named)


def dead_links(document: Path) -> Iterator[str]:
    for link in _LINK.findall(_CODE.sub("", prose(document))):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if "://" in link or link.startswith("mailto:"):
            continue
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: str(each.relative_to(ROOT)))
def test_each_link_leads_somewhere(document: Path) -> None:
    assert list(dead_links(document)) == []


@pytest.mark.parametrize("document", ["bot/README.md", "CONTRIBUTING.md"])
def test_what_is_named_of_the_code_is_there(document: str) -> None:
    ours = [f"/{path.relative_to(ROOT)}" for room in ("bot", "tests", "docs") for path in (ROOT / room).rglob("*")]
    known = {*ours, *(path.removesuffix(".py") for path in ours)}
    named = {each.rstrip("/") for each in _CODE.findall(prose(ROOT / document)) if _PATH.fullmatch(each)}
    absent = [each for each in sorted(named) if not any(path.endswith(f"/{each}") for path in known)]
    assert [each for each in absent if not (ROOT / each).exists()] == []


def test_the_tests_of_the_laws_are_there() -> None:
    found = [each for each in map(_TESTS.fullmatch, _CODE.findall(prose(ROOT / "bot/README.md"))) if each]
    assert len(found) > 20
    for each in found:
        files = list((ROOT / "tests").rglob(Path(each["path"]).name))
        files = [file for file in files if str(file).endswith(f"/{each['path']}")]
        assert any(f"def {each['name']}" in file.read_text("utf-8") for file in files), each[0]

"""The table of threats: every row has an answer, and names tests that are there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

DOCUMENT = ROOT / "docs" / "threats.md"
_NAMED = re.compile(r"`(tests/[^`]+)`")


def rows() -> Iterator[list[str]]:
    """Yield the cells of every row, headings and rules left out."""
    for line in DOCUMENT.read_text("utf-8").splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if cells[0] != "threat" and set(cells[0]) != {"-"}:
                yield cells


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_bytes())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[0][:60])
def test_a_threat_has_an_answer_and_tests_that_exist(row: list[str]) -> None:
    threat, answer, tests = row
    assert threat
    assert answer
    named = _NAMED.findall(tests)
    assert named, "each row names the test that failed before the answer was there"
    for path, _, name in (each.partition("::") for each in named):
        assert (ROOT / path).is_file(), path
        assert not name or name in functions(ROOT / path), f"{path} has no {name}"
        assert Path(path).name.startswith("test_")
        assert any(each.startswith("test_") for each in functions(ROOT / path))


def test_the_tables_are_read() -> None:
    assert sum(1 for _ in rows()) > 50

"""The longest files begin first, and what is named there exists."""

from tests import ROOT
from tests.conftest import LONGEST


def test_the_longest_files_are_there_and_named_once() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)

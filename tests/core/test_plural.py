"""A number and its noun agree."""

import pytest

from bot.core.plural import counted, joined


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (counted(0, "file"), "0 files"),
        (counted(1, "file"), "1 file"),
        (counted(1200, "file"), "1,200 files"),
        (counted(1, "place is", "places are"), "1 place is"),
        (counted(2, "place is", "places are"), "2 places are"),
    ],
)
def test_a_number_is_said_with_its_noun(said: str, text: str) -> None:
    assert said == text


def test_several_are_named_as_a_sentence_names_them() -> None:
    assert [joined(list("abc")[:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert joined(list("abcde"), 2) == "a, b and 3 more"

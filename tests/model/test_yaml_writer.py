"""What is written quickly is what PyYAML writes, to the byte."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.model.yaml_writer import by_pyyaml, text

WORDS = st.sampled_from(
    ["", "a", "yes", "null", "~", "1", "0x1f", "1e3", "- a", "#", "a: b", "a #b", "'", '"', "é", "☃", "\u2028", "\t", " a", "a ",
     "x" * 99, "word " * 30, "10.0.0.0/16", "2026-11-29T10:00:00Z", "{", "[", "&a", "*a", "!t", "|", ">", "%", "@", "`", "?", "---", "...", "\n", "a\nb"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=40)
DATA = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(WORDS | st.text(max_size=30), below, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(WORDS | st.text(max_size=20), DATA, max_size=4))
@example({"a": [{"b": [{"c": 1, "d": []}], "e": {}}, {}, [], None, True, 1, 1.0]})
@example({"k" * 95: "word word"})
@example({"1": 1, "true": True})
def test_it_is_what_pyyaml_writes(data: dict[str, Any]) -> None:
    assert text(data) == by_pyyaml(data)


@pytest.mark.parametrize("shared", [["x"], {"a": 1}])
def test_what_stands_in_two_places_is_written_as_pyyaml_does(shared: object) -> None:
    data = {"one": shared, "two": {"three": shared}}
    assert text(data) == by_pyyaml(data)
    assert "&id001" in text(data)


def test_a_key_that_is_no_text_is_written_as_pyyaml_does() -> None:
    data: dict[Any, Any] = {1: "a", None: "b"}
    assert text(data) == by_pyyaml(data)

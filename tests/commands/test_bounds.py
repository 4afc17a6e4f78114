"""Lines that are made to be costly: each is short enough, or refused, before anything superlinear reads it."""

import sys
from types import FrameType

import pytest

from bot.commands.grammar import LONGEST_LINE, Mistake, parse
from bot.commands.model import Set

WRONG_KEYS = " ".join(f"wrong_{number}" for number in range(8_000))


@pytest.mark.parametrize(
    "rest", [WRONG_KEYS, "a=" + "(" * 2_000 + ")" * 2_000, "a=^(a+)+$ b=" + "a" * 88_000, '"' * 50_000]
)
def test_a_line_that_is_too_long_is_refused_unread(rest: str) -> None:
    found = parse(f"/set demo-x {rest}")
    assert isinstance(found, Mistake)
    assert found.message == f"This command is longer than {LONGEST_LINE:,} characters. Shorten it."
    assert parse(f"/no-command {rest}") is None


def test_nested_brackets_and_patterns_are_texts_to_the_parser() -> None:
    value = "(" * 1_900 + ")" * 1_900
    assert parse(f"/set demo-x a={value} b=^(a+)+$") == Set("demo-x", {"a": value, "b": "^(a+)+$"})  # type: ignore[arg-type, dict-item]


@pytest.mark.parametrize(
    "line",
    [
        f"/set demo-x {WRONG_KEYS}"[:LONGEST_LINE],
        "/clone " + "a " * 1_990,
        "/clone " + "as for from " * 300,
        "/clone production as demo-x " + "--se a=1 " * 400,
        "/clone production as demo-x " + "a=b " * 900,
        "/clnoe " + "demo-x " * 500,
    ],
)
def test_corrections_of_a_long_line_are_few(line: str) -> None:
    calls: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        found = parse(line)
    finally:
        sys.setprofile(None)
    assert isinstance(found, Mistake)
    assert len(found.message) < 400
    assert calls.count("command") <= 40
    assert len(calls) < 200_000

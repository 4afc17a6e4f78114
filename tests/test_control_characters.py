"""Nothing that a terminal or a page obeys leaves us, by whichever exit."""

import io
import logging
import unicodedata

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from bot.cli.console import say, stop
from bot.cli.masked import MaskedStream
from bot.control_characters import without_controls
from bot.core.ledger.redaction import Secrets
from bot.core.markdown import bounded, titled
from bot.logs import set_up
from tests.support.budget import examples

ESCAPES = "\x1b]0;title\x07\x1b[2J\r12:00:00 info all is well"
TEXTS = st.text(st.characters(), max_size=30)
ODD = st.text(st.characters(categories=["Cc", "Cs", "Zl", "Zp"]), max_size=10)
TURNS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def is_obeyed(character: str) -> bool:
    kind = unicodedata.category(character)
    turns = unicodedata.bidirectional(character) in TURNS
    return character not in "\n\t" and (turns or kind in {"Cc", "Cs", "Zl", "Zp"})


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def logged(text: str, stream: io.StringIO) -> str:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up("INFO", stream=stream)
        try:
            raise ValueError(text)
        except ValueError:
            logging.getLogger("x").info(text, exc_info=True, extra={"action": text})
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    return stream.getvalue()


def on_a_runner(text: str) -> str:
    stream = io.StringIO()
    MaskedStream(stream, Secrets(), is_runners=True).write(text)
    return stream.getvalue()


@examples(200)
@given(st.one_of(TEXTS, ODD, st.tuples(TEXTS, ODD, TEXTS).map("".join)))
@example(ESCAPES)
def test_no_exit_lets_through_what_is_obeyed(text: str) -> None:
    exits = (bounded(text), titled(text), on_a_runner(text), logged(text, _Terminal()), logged(text, io.StringIO()))
    for said in exits:
        assert not any(map(is_obeyed, said)), said


def test_what_the_command_line_says_has_nothing_to_obey(capsys: pytest.CaptureFixture[str]) -> None:
    say(ESCAPES, dict, as_json=False)
    with pytest.raises(typer.Exit):
        stop(ESCAPES, 1)
    shown = capsys.readouterr()
    assert not any(map(is_obeyed, shown.out + shown.err))


def test_a_text_makes_no_line_of_the_log_that_looks_like_one_of_ours() -> None:
    _, *more = logged("x\n12:00:00 info    all is well", _Terminal()).splitlines()
    assert all(line.startswith("    ") for line in more if line)


@given(TEXTS)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    plain = "".join(each for each in text if each.isprintable() or each in "\n\t")
    assert without_controls(plain) == plain
    assert without_controls("a\r\nb") == "a\nb"

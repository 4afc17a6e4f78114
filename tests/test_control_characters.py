"""Nothing that a terminal or a page obeys leaves us, by whichever exit."""

import contextlib
import gc
import io
import json
import logging
import os
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from bot.cli.actions.options import write_summary
from bot.cli.app import main
from bot.cli.console import say, stop
from bot.cli.masked import MaskedStream
from bot.cli.plain_streams import PlainStream, name_controls, own
from bot.control_characters import without_controls
from bot.core.ledger.redaction import Secrets
from bot.core.markdown import bounded, titled
from bot.logs import set_up
from tests.support.budget import dear

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


def printed(*ways: Callable[[], object]) -> str:
    """Return what comes out by this process's own two streams."""
    stream = io.StringIO()
    with patch.object(sys, "stdout", stream), patch.object(sys, "stderr", stream):
        name_controls()
        for way in ways:
            way()
    return stream.getvalue()


def told(text: str) -> str:
    """Return what comes of a text by every way to print it, a traceback of ours included."""
    error = ValueError(text)
    return printed(
        lambda: print(text),
        lambda: typer.echo(text, err=True),
        lambda: sys.stderr.writelines([text, "\n"]),
        lambda: sys.excepthook(ValueError, error, None),
    )


def summed_up(text: str) -> str:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "summary.md")
        with patch.dict(os.environ, GITHUB_STEP_SUMMARY=str(path)):
            write_summary(text)
        return path.read_text("utf-8")


@dear(80, 200)
@given(st.one_of(TEXTS, ODD, st.tuples(TEXTS, ODD, TEXTS).map("".join)))
@example(ESCAPES)
def test_no_exit_lets_through_what_is_obeyed(text: str) -> None:
    exits = (
        bounded(text), titled(text), on_a_runner(text), logged(text, _Terminal()), logged(text, io.StringIO()), told(text), summed_up(text)
    )  # fmt: skip
    for said in exits:
        assert not any(map(is_obeyed, said)), said


def test_what_the_command_line_says_has_nothing_to_obey(capsys: pytest.CaptureFixture[str]) -> None:
    say(ESCAPES, dict, as_json=False)
    say("", lambda: {"x": f"{ESCAPES}\x7f"}, as_json=True)
    with pytest.raises(typer.Exit):
        stop(ESCAPES, 1)
    shown = capsys.readouterr()
    assert not any(map(is_obeyed, shown.out + shown.err))
    assert json.loads(shown.out[shown.out.index("{") :]) == {"x": f"{ESCAPES}\x7f"}


def test_every_command_begins_with_streams_that_name_what_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    threshold = gc.get_threshold()
    with monkeypatch.context() as patched, contextlib.suppress(SystemExit):
        patched.setattr(sys, "argv", ["envclone", "--version"])
        patched.setattr(sys, "stdout", io.StringIO())
        patched.setattr(sys, "stderr", io.StringIO())
        try:
            main()
        finally:
            gc.set_threshold(*threshold)
            assert isinstance(sys.stdout, PlainStream)
            assert isinstance(sys.stderr, PlainStream)


def test_who_draws_on_the_terminal_gets_the_stream_itself_unless_it_hides_secrets() -> None:
    stream = io.StringIO()
    masked = MaskedStream(stream, Secrets())
    assert own(PlainStream(stream)) is stream  # type: ignore[arg-type]
    assert own(masked) == masked  # type: ignore[arg-type, comparison-overlap]


def test_a_text_makes_no_line_of_the_log_that_looks_like_one_of_ours() -> None:
    _, *more = logged("x\n12:00:00 info    all is well", _Terminal()).splitlines()
    assert all(line.startswith("    ") for line in more if line)


@given(TEXTS)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    plain = "".join(each for each in text if each.isprintable() or each in "\n\t")
    assert without_controls(plain) == plain
    assert without_controls("a\r\nb") == "a\nb"

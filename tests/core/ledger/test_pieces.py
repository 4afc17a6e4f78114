"""What comes in pieces: no secret is shown, however a text is cut and wherever its lines end."""

import base64
import textwrap
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ledger.pieces import Pieces
from bot.core.ledger.redaction import HIDDEN, Secrets

SECRET = "correct horse battery staple"
SHOWN = 4 * 6 // 8
"""Bytes: what three letters of base64 hold, and a part of the fourth."""


def said(secrets: Secrets, text: str, ends: list[int]) -> str:
    pieces, places = Pieces(secrets), sorted({0, *(end % (len(text) + 1) for end in ends), len(text)})
    return "".join(pieces.shown(text[a:b]) for a, b in pairwise(places)) + pieces.rest()


ENDS = ["\n", "\r\n", "\n  ", "\\n", "\\\\n", "\n      + ", " / ", '",\n  "']


@given(
    st.binary(max_size=60),
    st.binary(max_size=60),
    st.integers(1, 80),
    st.lists(st.integers(0, 400), max_size=40),
    st.sampled_from(ENDS),
)
def test_base64_in_lines_of_any_length_shows_no_secret_however_it_is_cut(
    before: bytes, after: bytes, width: int, cuts: list[int], end: str
) -> None:
    secrets, others = Secrets(), Secrets()
    secrets.add(SECRET)
    others.add(SECRET.upper())
    whole = base64.b64encode(before + SECRET.encode() + after).decode()
    text = "data: " + end.join(textwrap.wrap(whole, width)) + "\n:end\n"
    assert said(others, text, cuts) == text
    left = said(secrets, text, cuts)
    head, *_, tail = left.removeprefix("data: ").removesuffix("\n:end\n").replace(end, "").split(HIDDEN)
    # A line's end that is cut may be shown in part, with what comes before the secret.
    cut = next(length for length in reversed(range(len(end))) if head.endswith(end[:length]))
    head = head[: len(head) - cut]
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) * 6 // 8 <= len(before) + SHOWN
    assert len(tail.rstrip("=")) * 6 // 8 <= len(after) + 1


@given(st.text("a1\n -", max_size=20), st.lists(st.integers(0, 100), max_size=50))
def test_a_secret_that_is_cut_anywhere_is_shown_nowhere(before: str, ends: list[int]) -> None:
    secrets = Secrets()
    for secret in ("a1a1-secret", "1a\na1-key-of-two-lines", "a1-a"):
        secrets.add(secret)
        left = said(secrets, f"{before}{secret}{before}", ends)
        assert secret not in left
        assert HIDDEN in left


@pytest.mark.parametrize("line", ["waiting for vpc-0a1b2c3d", "c", "corner", "Y29", ""])
def test_no_line_waits_for_the_next_that_does_not_begin_as_a_secret(line: str) -> None:
    secrets = Secrets()
    secrets.add(SECRET)
    assert Pieces(secrets).shown(f"{line}\n") == f"{line}\n"


def test_what_could_be_a_secret_for_ever_is_shown_in_the_end() -> None:
    secrets = Secrets()
    secrets.add("ab" * 80_000)
    pieces = Pieces(secrets)
    assert pieces.shown("ab" * 65_000) == ""
    assert pieces.shown("ab" * 1_000)

"""Base64 in lines, as `openssl`, `base64` and mail wrap it: what is looked for may lie across the end of a line."""

import re
from collections.abc import Iterable, Iterator

_LETTERS = "[A-Za-z0-9+/_-]"
_END = re.compile(r"(?:\r?\n|(?:\\{1,4}r)?\\{1,4}n)[ \t]*+")
"""The end of a line, also as JSON writes it, and JSON in JSON."""
_LINES = re.compile(rf"(?<!{_LETTERS})(?:{_LETTERS}{{40,}}+{_END.pattern})++{_LETTERS}*+")
"""No tool wraps before the fortieth letter. Nothing is tried twice at any place, so a long text costs what a short one does for each letter."""


def hide_across_lines(text: str, needles: Iterable[str], hidden: str) -> str:
    """Return `text` with `hidden` for each needle that wrapped base64 in it holds once its lines are joined."""
    return _LINES.sub(lambda found: _hide(found[0], needles, hidden), text)


def joined(text: str) -> Iterator[str]:
    """Yield what each block of wrapped base64 in a text is without the ends of its lines."""
    for found in _LINES.finditer(text):
        yield _END.sub("", found[0])


def _hide(block: str, needles: Iterable[str], hidden: str) -> str:
    whole = _END.sub("", block)
    found = [needle for needle in needles if needle in whole]
    if not found:
        return block
    ends = {place for end in _END.finditer(block) for place in range(*end.span())}
    places = [place for place in range(len(block)) if place not in ends]
    covered = {
        place
        for needle in found
        for start in _starts(whole, needle)
        for place in range(places[start], places[start + len(needle) - 1] + 1)
    }
    return "".join(
        (hidden if place - 1 not in covered else "") if place in covered else letter
        for place, letter in enumerate(block)
    )


def _starts(text: str, needle: str) -> Iterator[int]:
    start = text.find(needle)
    while start >= 0:
        yield start
        start = text.find(needle, start + 1)

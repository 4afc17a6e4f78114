"""What is looked for in a text, and lies across the ends of its lines: base64, as `openssl`, `base64` and mail wrap it."""

import re
from collections.abc import Iterable, Iterator, Sequence

SHORTEST_ACROSS = 8
"""Characters. A shorter needle would be found in tables of numbers."""

_CLOSES, _LINE = r"(?:[\"'],?|,)?", r"(?:\r?\n|(?:\\{1,4}r)?\\{1,4}n| / )[ \t]*+"
_END = re.compile(rf"{_CLOSES}{_LINE}(?:[-+~>|#][ \t]++)?[\"']?")
"""The end of a line and what the next one begins with: also as JSON writes it, and JSON in JSON, in lists, in the difference that a plan
shows, and as a failure joins the last lines that a program wrote."""

_BEGUN = re.compile(rf"{_CLOSES}(?:\r|\\{{1,4}}(?:r\\{{0,4}})?|{_LINE}[-+~>|#]| /?)?\Z")
"""What may become the end of a line with what follows."""
_LONGEST_BEGUN = 256


def without_ends(text: str) -> str:
    """Return a text as one line."""
    return _END.sub("", text)


def across_lines(text: str, needles: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where in `text` those needles begin and end that are found once its lines are joined; those that lie in one line, too."""
    whole = without_ends(text)
    if len(whole) == len(text):
        return
    found = [needle for needle in needles if len(needle) >= SHORTEST_ACROSS and needle in whole]
    if not found:
        return
    places = places_without_ends(text)
    for needle in found:
        yield from ((places[start], places[end - 1] + 1) for start, end in occurrences(whole, needle))


def without_begun_end(text: str) -> str:
    """Return a text without what may be the beginning of a line's end, at its own."""
    found = _BEGUN.search(text, max(0, len(text) - _LONGEST_BEGUN))
    return text[: found.start()] if found else text


def places_without_ends(text: str) -> list[int]:
    """Return for each character of `without_ends(text)` where it is in `text`."""
    places, last = list[int](), 0
    for end in _END.finditer(text):
        places += range(last, end.start())
        last = end.end()
    return [*places, *range(last, len(text))]


def occurrences(text: str, needle: str) -> Iterator[tuple[int, int]]:
    """Yield where a needle begins and ends, also where it overlaps itself."""
    start = text.find(needle)
    while start >= 0:
        yield start, start + len(needle)
        start = text.find(needle, start + 1)


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found

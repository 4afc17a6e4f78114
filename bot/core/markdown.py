r"""Put text that others chose into GitHub's Markdown so that it stays text.

Nothing that passes through here can mention a person or team, link, start HTML, end a table's cell, open or close a code
fence, or hide characters (bidirectional overrides, zero-width). Our own Markdown is written around it, never through it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.control_characters import without_controls

LONGEST_TEXT = 65_536
"""GitHub's bound of a comment and of the text of an issue or pull request, in characters."""

LONGEST_TITLE = 255
"""Characters of a title: GitHub takes 256 of an issue or pull request, and 255 of a check."""

NO_VALUE = "\N{EN DASH}"
"""What a table shows where there is no value."""
_CUT = "\n\n*This text is longer than GitHub allows, so the rest is left out.*"
_LOOSE = " ,;:("
"""What would be left hanging at the end of a text that is cut."""
_ROOM = 400
"""Characters for what closes a fence and folds in one another."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>#!|~&$])")
_AUTOLINK = re.compile(r"(?i)(?<![a-z0-9])((https?|ftp)(?=:)|www(?=\.))")
_CODE = re.compile(
    r"(?i)(?<!`)(?:`(?P<ticked>[^`]+)`(?!`)|(?<![a-z0-9])(?P<address>(?:(?:https?|ftp)://|www\.)[^\s`]*[^\s`.,;:!?)\]'\"]))"
)
"""What is code in a sentence: words in ticks, and addresses, which can then be copied and are no links."""
_REFERENCE = re.compile(r"(?i)(@|#|\bgh-)(?=\w)")
_UNUSUAL = re.compile(r"[^ -~\n\t]")
"""What could be hidden: all but ASCII's own printable characters, which a plan has by the million."""
_NO_WIDTH = "\u200b"
"""Zero-width space: between `@` and a name there is then no mention (and the reader sees no difference)."""


def visible(text: str) -> str:
    """Return `text` with tabs and line breaks as they are and every other invisible or reordering character spelt out."""
    return _UNUSUAL.sub(lambda found: _spelt_out(found[0]), text.replace("\r\n", "\n"))


def cell(text: str) -> str:
    """Return `text` as plain words on one line, for a table's cell or a sentence; what is in ticks, and addresses, as code."""
    line = " ".join(visible(text).split())
    parts: list[str] = []
    at = 0
    for found in _CODE.finditer(line):
        if parts and found.start() == at:
            continue  # ticks of two spans beside one another would be those of one
        parts += [_plain(line[at : found.start()]), code(found["ticked"] or found["address"])]
        at = found.end()
    return "".join([*parts, _plain(line[at:])])


def _plain(line: str) -> str:
    broken = _AUTOLINK.sub(rf"\g<0>{_NO_WIDTH}", _REFERENCE.sub(rf"\1{_NO_WIDTH}", line))
    return _SPECIAL.sub(r"\\\1", broken)


def code(text: str) -> str:
    """Return `text` as inline code on one line, fit for a table (where a bar must be escaped even in code)."""
    line = " ".join(visible(text).split()).replace("|", "\\|")
    if not line:
        return "` `"
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{space}{line}{space}{ticks}"


def fence(text: str, language: str = "") -> str:
    """Return `text` as a block of code; the fence is longer than any in it."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{ticks}{language}\n{visible(text).rstrip()}\n{ticks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table without a line break at its end; each cell is Markdown on one line already (`cell`, `code`).

    A column that is empty in every row is left out; a single empty cell is a dash, so that nobody looks for what is missing.
    """
    given = [list(row) for row in rows]
    kept = [at for at in range(len(head)) if not given or any(row[at] for row in given)]
    body = [[row[at] or NO_VALUE for at in kept] for row in given]
    lines = [[head[at] for at in kept], ["---"] * len(kept), *body]
    return "\n".join("".join(f"| {each} " if each else "| " for each in line) + "|" for line in lines)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a list of names, in bold, and what they stand for. GitHub shows a table with no heading with an empty grey row above."""
    return "\n".join(f"- **{name}:** {value}" for name, value in pairs)


def details(summary: str, body: str) -> str:
    """Return `body` (Markdown) folded away under `summary` (plain text)."""
    escaped = visible(summary).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _REFERENCE.sub(rf"\1{_NO_WIDTH}", " ".join(escaped.split()))
    return f"<details><summary>{line}</summary>\n\n{body.strip()}\n\n</details>"


def shortened(text: str, longest: int) -> str:
    """Return plain text of at most so many characters, cut between two words where there are some, and never in what is in ticks."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    blank = kept.rfind(" ")
    while blank > 0 and kept.count("`", 0, blank) % 2:
        blank = kept.rfind(" ", 0, blank)
    words = kept[: max(blank, 0)].rstrip(_LOOSE)
    if len(words) > longest // 2:
        return f"{words}…"
    return f"{kept.replace('`', '') if kept.count('`') % 2 else kept}…"


def clipped(text: str, longest: int) -> str:
    """Return the beginning of a text of many lines, such as a log: in about so many characters, up to a whole line or word."""
    if len(text) <= longest:
        return text
    kept = text[:longest]
    whole = kept.rpartition("\n")[0] or kept.rpartition(" ")[0] or kept
    return f"{whole}\n…"


def titled(text: str) -> str:
    """Return plain text as GitHub takes it for a title: on one line, and not too long."""
    return shortened(" ".join(without_controls(text).split()), LONGEST_TITLE)


def parted(one: str, other: str, longest: int) -> tuple[str, str]:
    """Return two texts, each in about so many characters; of long ones the part where they begin to differ, so that they never look alike."""
    if max(len(one), len(other)) <= longest:
        return one, other
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = 0 if shared < longest * 3 // 4 else shared - longest // 4
    return _window(one, start, longest), _window(other, start, longest)


def _window(text: str, start: int, longest: int) -> str:
    shown = text[start : start + longest]
    return f"{'…' if start else ''}{shown}{'…' if start + longest < len(text) else ''}"


def bounded(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return Markdown that GitHub takes: of one that is too long the beginning, up to a whole line, with what it opened closed.

    It is the last resort for every text; whoever writes long ones puts first what matters most. Characters that a page obeys are named.
    """
    text = without_controls(text)
    if len(text) <= longest:
        return text
    kept = text[: longest - len(_CUT) - _ROOM].rpartition("\n")[0]
    fences = [line.lstrip()[: len(line.lstrip()) - len(line.lstrip().lstrip("`"))] for line in kept.splitlines()]
    open_fence = ""
    for ticks in fences:
        if len(ticks) >= max(3, len(open_fence)):
            open_fence = "" if open_fence else ticks
    folds = kept.count("<details") - kept.count("</details")
    return kept + (f"\n{open_fence}" if open_fence else "") + "\n\n</details>" * max(folds, 0) + _CUT


def _spelt_out(character: str) -> str:
    is_hidden = unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    return f"\\u{{{ord(character):x}}}" if is_hidden else character

"""What people and their editors put around words that carries no meaning: ticks, emphasis, forms of letters, courtesy."""

import re
import unicodedata
from collections.abc import Sequence

INVISIBLE = "\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f"
"""Characters without a shape, for a set in a pattern. Those that turn the direction of a text are not among them."""

LIST_MARKERS = r"[^\S\n]*+(?>(?:(?:[-*+]|\d{1,9}[.)])[^\S\n]++)*)"
"""It gives nothing back, as all that may stand before a command: a page of blanks is looked through once."""
GREETING = r"(?:hi|hey|hello|please|ok)[ ,]+"
_HELLO = r"(?:hi|hey|hello)(?: (?:all|team|there|everybody|everyone|folks|@[\w-]+))?[ ,!]+"
_REQUEST = r"(?:please|pls|plz|bitte|kindly|(?:can|could|would) (?:you|we|i|someone|somebody))[ ,:]+"
ASKING = rf"(?:{_HELLO})?(?:{_REQUEST})+(?=/[A-Za-z])"
"""How a sentence begins that asks for a command."""

_ADDRESS = re.compile(rf"(?:{GREETING})?@envclone(?:\[bot\])?[\s:,]+|/envclone(?:[\s:,]+|$)", re.IGNORECASE)
_BARE_ADDRESS = re.compile(rf"(?:{GREETING})?@envclone(?:\[bot\])?(?:[\s:,]+help (?:me|us))?[\s?!.:,]*", re.IGNORECASE)
_ASKED = re.compile(rf"{ASKING}(?P<command>.*)", re.IGNORECASE)
_BEFORE = re.compile(r"(?:(?:please|pls|can you|could you)\s+)*(?=\S)", re.IGNORECASE)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_LEADING = re.compile(rf"[\s*_{INVISIBLE}]*")
_COURTESY = frozenset(
    [
        "cc",
        "/cc",
        "please",
        "pls",
        "plz",
        "thanks",
        "thank",
        "thankyou",
        "thx",
        "ty",
        "you",
        "now",
        "asap",
        "cheers",
        "kindly",
        "bitte",
        "danke",
        "merci",
        "gracias",
        "por",
        "favor",
        "grazie",
        "obrigado",
        "svp",
        "спасибо",
        "пожалуйста",
        "请",
        "谢谢",
        "お願いします",
        "ありがとう",
        "\\",
    ]
)
_MARKS = ("**", "__", "*", "_")
_EMOJI_NAME = re.compile(r":[a-z0-9_+-]+:")
_COMMA = re.compile(r",(?![^\[]*\])")
_NEXT_IMPORT = re.compile(r",(?=(?:[\w-]+/)?[a-z]\w*\.[\w-]+=)|,$")
"""Ids have commas, too: behind one, only another address with its id is another word."""
_ENDS = ".!?,;:\u2026\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f"
_TOLD = re.compile(r"@[A-Za-z0-9-]+[.,;!]*")


def opened(line: str) -> tuple[str, bool] | None:
    """Return the words behind the slash or our name, and whether only a whole command is meant; None for another line.

    After our name, or a slash with a blank behind it, may be a sentence about us, so there only what is right in itself counts.
    """
    first, blank, rest = _LEADING.sub("", _plain(line), count=1).partition(" ")
    text = f"{''.join(map(_narrow, _INVISIBLE.sub('', first)))}{blank}{rest}"
    if _BARE_ADDRESS.fullmatch(text):
        return "help", True
    address = _ADDRESS.match(text)
    if address is not None:
        rest = text[address.end() :]
        rest = rest[_BEFORE.match(rest).end() :] if rest.strip() else ""  # type: ignore[union-attr]
        return (rest[1:], False) if rest.startswith("/") else (rest, address[0][0] != "/")
    if not text.startswith("/"):
        return None
    return text[1:], text[1:2].isspace()


def asked(line: str) -> str | None:
    """Return the command, from its slash on, of a line that asks for it in a sentence: `Could you /clone … please?`."""
    found = _ASKED.fullmatch(_plain(line).strip())
    return found["command"] if found else None


def _plain(line: str) -> str:
    """Return a line without the emphasis that stands around the whole of it: the end of it is no part of the last value."""
    text = line.strip()
    for mark in _MARKS:
        inner = text.removeprefix(mark).removesuffix(mark)
        if text == f"{mark}{inner}{mark}" and mark not in inner and not inner[:1].isspace():
            return inner
    return line


def bare(word: str) -> str:
    """Return a word that is not quoted, without ticks and emphasis around it.

    Behind the first `=` is a value, which stays as it is but for ticks around it. No letter becomes another one: a name that only
    looks like a plain one is refused, and corrected where somebody sees it.
    """
    key, equals, value = word.partition("=")
    if equals:
        ticked = word.startswith("`") or value.startswith("`")
        return f"{key.strip('`')}={value.strip('`') if ticked else value}"
    said = word.rstrip(_ENDS)
    is_set = any(said.startswith(mark) and said.endswith(mark) and len(said) > 2 * len(mark) for mark in ("`", *_MARKS))
    text = (said if is_set else word).strip("`")
    for mark in _MARKS:
        text = text.removeprefix(mark).removesuffix(mark)
    return text


def _narrow(character: str) -> str:
    """Return the plain form of a full-width letter or sign."""
    normal = unicodedata.normalize("NFKC", character)
    is_word = normal.isascii() and normal.isprintable() and not set(normal) & set(" \"'")
    return normal if is_word else character


def without_courtesy(words: Sequence[str]) -> list[str]:
    """Return the words without what ends a sentence and says nothing: thanks, emoji, punctuation."""
    kept = _told_nobody(words)
    while kept and _is_courtesy(kept[-1]):
        kept.pop()
    # A value may end with anything.
    if kept and "=" not in kept[-1]:
        kept[-1] = kept[-1].rstrip(_ENDS)
    return kept


def listed(words: Sequence[str]) -> list[str]:
    """Return the words with those apart that commas join, as people write lists: `a, b`, `a,b`.

    One in brackets is part of its word, and so is one behind an `=`, unless another address with its `=` follows.
    """
    return [part for word in words for part in (_NEXT_IMPORT if "=" in word else _COMMA).split(word) if part]


def _told_nobody(words: Sequence[str]) -> list[str]:
    """Return the words without an ending `cc @somebody` or `thanks @somebody`."""
    at = len(words)
    while at and _TOLD.fullmatch(words[at - 1]):
        at -= 1
    before = words[at - 1] if 0 < at < len(words) else ""
    return list(words[:at] if before and _is_courtesy(before) else words)


def _is_courtesy(word: str) -> bool:
    said = word.strip(f"{_ENDS}()").lower()
    return (
        (not any(c.isalnum() for c in said) and said not in {"="})
        or said in _COURTESY
        or bool(_EMOJI_NAME.fullmatch(word))
    )

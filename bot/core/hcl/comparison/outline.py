"""What can be compared of two readings of one file: blocks by type and label, names of arguments, and plain texts.

HashiCorp's parser hands a file over as nested JSON: a block under its type and labels, and as a list where several have the
same. Our reading is brought into that shape, so that the two can be held against one another.
"""

import unicodedata
from collections.abc import Mapping
from typing import TypeAlias

from bot.core.hcl.syntax.ast import Block, Literal, Setting
from bot.core.hcl.syntax.tokens import MARK, NEWLINE, TEXT, decoded, tokens

Outline: TypeAlias = "Mapping[str, Outline] | list[Outline] | str | None"
"""A body by name, blocks of the same type and labels, a plain text, or None for any other value."""


class NotComparable(Exception):
    """A file in which an argument and a block, or a block's label and its argument, have the same name."""


def outline(block: Block) -> Mapping[str, Outline]:
    """Return the outline of what is in a block. Raises `NotComparable`."""
    found: dict[str, Outline] = {setting.name: _text(setting) for setting in block.settings}
    for inner in block.blocks:
        place, key = found, inner.type
        for label in inner.labels:
            below = place.setdefault(key, {})
            if not isinstance(below, dict):
                raise NotComparable(f"`{key}` in line {inner.line} is both an argument and a block")
            place, key = below, label
        there = place.get(key)
        if key not in place:
            place[key] = outline(inner)
        elif isinstance(there, list):
            there.append(outline(inner))
        elif isinstance(there, dict):
            place[key] = [there, outline(inner)]
        else:
            raise NotComparable(f"`{key}` in line {inner.line} is both an argument and a block")
    return found


def _text(setting: Setting) -> str | None:
    # In parentheses (`("a")`, `"${("a")}b"`), HashiCorp's parser hands over the code and not the text.
    is_code = not setting.code.startswith(('"', "<<")) or ("${" in setting.code and "(" in setting.code)
    text = setting.value.value if isinstance(setting.value, Literal) and not is_code else None
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else None


def difference(ours: Outline, theirs: object, place: str = "") -> str | None:
    """Return where a reading differs from our outline, None if nowhere."""
    match ours:
        case None:
            return None
        case str():
            return None if ours == theirs else place
        case list():
            if not isinstance(theirs, list) or len(theirs) != len(ours):
                return place
            found = (difference(one, other, place) for one, other in zip(ours, theirs, strict=True))
        case _:
            if not isinstance(theirs, dict):
                return place
            if odd := set(ours) ^ set(theirs):
                return ".".join(filter(None, (place, min(odd))))
            found = (difference(ours[key], theirs[key], ".".join(filter(None, (place, key)))) for key in ours)
    return next((at for at in found if at is not None), None)


def with_marked_texts(data: bytes) -> str:
    """Return a file with a comma after each `(` that we take for text or for part of a comment.

    Nobody minds a comma there; after the parenthesis of a call it is an error. So whoever reads a call where we read text
    refuses this file.
    """
    text, words, at = decoded("code", data).removeprefix(MARK), [], 0
    for token in tokens(text):
        words.append(text[at : token.at].replace("(", "(,"))
        at = token.at + len(token.text)
        words.append(token.text.replace("(", "(,") if token.kind in {TEXT, NEWLINE} else token.text)
    return "".join((*words, text[at:]))

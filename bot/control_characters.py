"""Characters that a terminal or a page obeys and nobody sees: named before a text of somebody else's leaves us."""

import re

_OBEYED = re.compile(
    r"\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]"
    r"|[\U000e0000-\U000e007f]"
)
"""Control characters, what turns the direction of writing, lines' ends that are no line feed, half characters, invisible tags."""


def without_controls(text: str) -> str:
    """Return a text in which each of these is its number (`<U+001B>`); line feeds and tabs stay, and a Windows line end is a line feed."""
    return _OBEYED.sub(lambda found: "\n" if found[0] == "\r\n" else f"<U+{ord(found[0]):04X}>", text)

"""The forms that a text may take which hangs on something that nobody knows yet.

A form is a text with `UNKNOWN` for each part that is not known, and which is taken not to be empty. A part that may be empty makes two
forms, one of them without it, so that what follows may be the beginning. What a function may cut out of a text is known by the signs in it.
Too many forms are an error: nobody could say of such a text that it is no path.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.checks.paths.of_machine import LONGEST_PATH, is_climbing, is_of_machine
from bot.errors import InvalidInput

UNKNOWN, HERE = "\0", "\1"
"""What stands for a part that is not known, and for the path of the stack from the top of the machine. No path has such characters."""
WORD = "x"
"""What stands for any word that the code has. It says where a path goes that begins with `/`; what is not known says nothing of that."""
FROM_TOP = f"/{WORD}{UNKNOWN}"
MOST = 64
_KEPT = 2 * LONGEST_PATH
_SIGNS = ("/", "~", "..", ".", "file:", "\\", "%")
LEADS = frozenset({"/", "~", "..", "file:"})
"""Signs with which a path of the machine begins."""
ANY = "any"
"""The sign of a text that says anything at all: what is decoded from it may be everything."""
_UNFINISHED = re.compile(r"/\.{0,2}$")


class TooManyForms(InvalidInput):
    """A text of which there are more forms than can be looked at."""


def signs(text: str) -> frozenset[str]:
    """Return what a text has in it of which a path of the machine can be made."""
    found = {each for each in _SIGNS if each in text.lower()}
    return frozenset(found | {ANY} if text.strip(UNKNOWN) else found)


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of a text, or of any element of a collection; `hidden` are the signs of what a function may still bring to light."""

    texts: frozenset[str]
    hidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *texts: str, hidden: Iterable[str] = ()) -> "Forms":
        """Return these forms. Raises `TooManyForms`."""
        signed = frozenset(hidden)
        for long in (each for each in texts if len(each) > _KEPT):
            signed |= signs(long)
        found = {each if len(each) <= _KEPT else each[:_KEPT] + UNKNOWN for each in texts}
        if len(found) > MOST:
            signed |= frozenset().union(*map(signs, found))
            found = set(map(_harmless, found))
        if len(found) > MOST:
            raise TooManyForms("a text of too many forms")
        return cls(frozenset(found), signed)

    def __or__(self, other: "Forms") -> "Forms":
        return Forms.of(*self.texts, *other.texts, hidden=self.hidden | other.hidden)

    def then(self, other: "Forms") -> "Forms":
        """Return the forms of this text with another one behind it. Raises `TooManyForms`."""
        if len(self.texts) * len(other.texts) > MOST * MOST // 4:
            raise TooManyForms("a text of too many forms")
        both = (before + after for before in self.texts for after in other.texts)
        return Forms.of(*both, hidden=self.hidden | other.hidden)

    @property
    def signs(self) -> frozenset[str]:
        """Return the signs of all that may be in the text."""
        return self.hidden.union(*map(signs, self.opened.texts))

    @property
    def opened(self) -> "Forms":
        """Return the forms with the stack's path as one that begins at the top, as it is once something is cut off."""
        return Forms.of(*(each.replace(HERE, FROM_TOP) for each in self.texts), hidden=self.hidden)

    def cut(self) -> "Forms":
        """Return the forms of whatever may be cut out of the text."""
        found = self.signs
        whole = [each for each in ("~", ".", "..") if each in found] + [WORD] * (ANY in found)
        begun = [FROM_TOP] * ("/" in found) + [f"file:{UNKNOWN}"] * ("file:" in found)
        return Forms.of("", UNKNOWN, *whole, *begun, hidden=found)

    def is_path(self, argument: str) -> bool:
        """Say whether one of the forms is a path of the machine."""
        return any(_is_path(argument, each) for each in self.texts)


NOTHING = Forms(frozenset({""}))
SOMETHING = Forms(frozenset({UNKNOWN}))
ANYTHING = Forms(frozenset({"", UNKNOWN}))


def _is_path(argument: str, form: str) -> bool:
    known, unknown, _ = form.partition(UNKNOWN)
    if unknown and known.strip().startswith("~"):
        known += "/"  # `~name` is a home once a path follows
    return is_of_machine(argument, known, is_known=False) or is_climbing(argument, form.replace(UNKNOWN, "x"))


def _harmless(form: str) -> str:
    """Return a form that is no path however it goes on as a short one that goes on likewise; any other as it is."""
    text = form.lstrip().lower()
    if not text or text.startswith((*LEADS, ".", HERE)) or "file:".startswith(text) or is_climbing("", form):
        return form
    end = _UNFINISHED.search(form)
    return f"x{UNKNOWN}{end[0] if end else ''}"

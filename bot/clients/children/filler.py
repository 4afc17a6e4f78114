"""Fill texts that are not plain in a process with limits of time and memory (`fill_child`); what ended it is remembered.

A template that takes too long takes as long at the next comment and in the next reading, so it is not tried again.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from datetime import timedelta

from bot.clients.children.warm_child import ChildEnded, WarmChild
from bot.core.rendering.filling import Filling, NotFilled, elsewhere

WITHIN = timedelta(minutes=1)
"""By the clock, with the start of the process, which takes seconds on a busy machine: what is refused once is refused for good.

The process ends itself after a quarter of a second of the processor's time.
"""

REMEMBERED = 1_000
TOO_MUCH = (
    "filling in the values takes too much time or memory. Simplify what the template computes, nested loops most of all"
)


class Filler:
    """A process that fills, and the contents that ended it. Safe to use from any thread."""

    def __init__(self, within: timedelta = WITHIN) -> None:
        self.child = WarmChild("bot.clients.children.fill_child")
        self._within = within
        self._lock = threading.Lock()
        self._too_much: OrderedDict[bytes, None] = OrderedDict()

    def fill(self, filling: Filling) -> str:
        """Return the text with its values in place. Raises `NotFilled`."""
        question = {"text": filling.text, "values": dict(filling.values), "is_hcl": filling.is_hcl}
        key = hashlib.sha256(json.dumps(question).encode()).digest()
        with self._lock:
            if key in self._too_much:
                raise NotFilled(TOO_MUCH)
        try:
            answer = self.child.ask(question, self._within)
        except ChildEnded:
            with self._lock:
                self._too_much[key] = None
                while len(self._too_much) > REMEMBERED:
                    self._too_much.popitem(last=False)
            raise NotFilled(TOO_MUCH) from None
        return _text(answer)


def _text(answer: object) -> str:
    match answer:
        case {"text": str(text)}:
            return text
        case {"message": str(message), "line": int() | None as line}:
            raise NotFilled(message, line)
        case _:
            raise TypeError("the filling process gave no answer of ours")


FILLER = Filler()


def fill_in_a_child() -> None:
    """Let a process of its own fill what is not plain, from now on and for the whole process. It is started when it is needed."""
    elsewhere(FILLER.fill)

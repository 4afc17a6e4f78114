"""What the command line says by its two streams, without characters that a terminal obeys: messages, logs, help and tracebacks alike.

Texts of others come into all of these: names of files and branches, what git, GitHub or Terraform answered, a value in a traceback.
"""

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from bot.control_characters import without_controls


class PlainStream:
    """A text stream that names what a terminal obeys in all that is written to it; for everything else it is that stream."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def shown(self, text: str) -> str:
        """Return a text without what is obeyed."""
        return without_controls(text)

    def write(self, text: str) -> int:
        """Write a text as it is shown."""
        self.stream.write(self.shown(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of the lines as it is shown."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # whatever a stream has
        return getattr(self.stream, name)


def name_controls() -> None:
    """Name what a terminal obeys in all that this process prints from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, PlainStream):
            setattr(sys, name, PlainStream(stream))


def own(stream: TextIO) -> TextIO:
    """Return a stream as it was, for who draws on a terminal, and names what is obeyed in the texts of others itself."""
    given: object = stream
    return given.stream if type(given) is PlainStream else stream  # one that also hides secrets goes on hiding them

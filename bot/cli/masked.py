"""What leaves a command of a workflow by its two streams, without the tokens and keys that the process holds: tracebacks, too.

On a runner it also holds no workflow command but our own. Whatever a program, a pull request or a provider says ends up in the log, and the runner
carries out each line that begins with `::`, and `##[…]` anywhere in one: it would set a step's outputs, or end the masking.
"""

import atexit
import os
import re
import sys
import threading
from functools import cache, lru_cache
from typing import TextIO

from bot.cli.plain_streams import PlainStream
from bot.core.ledger.pieces import Pieces
from bot.core.ledger.redaction import Secrets, held

_COMMANDS = re.compile(r"##(?=\[)|(?:^|(?<=[\r\n]))[^\S\r\n]*:(?=:(?!(?:error|notice|add-mask)::))")
"""Source: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs."""


@lru_cache(maxsize=1)
def process_secrets() -> Secrets:
    """Return the tokens and keys in this process's environment, as it began."""
    secrets = Secrets()
    for value in held(os.environ):
        secrets.add(value)
    return secrets


class MaskedStream(PlainStream):
    """A text stream that hides secrets in what is written to it, and names what a terminal obeys; for everything else it is that stream.

    Where a runner reads it, others' commands to that are no commands any more.
    """

    def __init__(self, stream: TextIO, secrets: Secrets, *, is_runners: bool = False) -> None:
        super().__init__(stream)
        self._pieces = Pieces(secrets)
        self._is_runners = is_runners
        self._lock = threading.RLock()

    def shown(self, text: str) -> str:
        """Return a text without what is obeyed."""
        plain = super().shown(text)
        return _COMMANDS.sub(r"\g<0> ", plain) if self._is_runners else plain

    def write(self, text: str) -> int:
        """Write a text without its secrets, but for what may be the beginning of one: that waits for the next text."""
        with self._lock:
            self.stream.write(self.shown(self._pieces.shown(text)))
        return len(text)

    def end(self) -> None:
        """Write what waits for a text that doesn't come."""
        with self._lock:
            rest = self._pieces.rest()
            if rest:
                self.stream.write(self.shown(rest))
                self.stream.flush()


def mask_streams() -> None:
    """Hide this process's tokens and keys, and others' workflow commands, in all that it prints from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, MaskedStream):
            on_actions = bool(os.environ.get("GITHUB_ACTIONS"))
            setattr(sys, name, MaskedStream(stream, process_secrets(), is_runners=on_actions))
    _end_at_exit()


@cache
def _end_at_exit() -> None:
    atexit.register(_end_streams)


def _end_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, MaskedStream):
            stream.end()

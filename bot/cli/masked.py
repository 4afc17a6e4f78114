"""What leaves a command of a workflow by its two streams, without the tokens and keys that the process holds: tracebacks, too.

On a runner it also holds no workflow command but our own. Whatever a program, a pull request or a provider says ends up in the log, and the runner
carries out each line that begins with `::`, and `##[…]` anywhere in one: it would set a step's outputs, or end the masking.
"""

import os
import re
import sys
from functools import lru_cache
from typing import Any, TextIO

from bot.control_characters import without_controls
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


class MaskedStream:
    """A text stream that hides secrets in what is written to it; for everything else it is that stream.

    Where a runner reads it, others' commands to that are no commands any more, and characters that a page or a terminal obeys are named.
    """

    def __init__(self, stream: TextIO, secrets: Secrets, *, is_runners: bool = False) -> None:
        self._stream = stream
        self._secrets = secrets
        self._is_runners = is_runners

    def write(self, text: str) -> int:
        """Write a text without its secrets."""
        hidden = self._secrets.hide(text)
        self._stream.write(_COMMANDS.sub(r"\g<0> ", without_controls(hidden)) if self._is_runners else hidden)
        return len(text)

    def __getattr__(self, name: str) -> Any:  # whatever a stream has
        return getattr(self._stream, name)


def mask_streams() -> None:
    """Hide this process's tokens and keys, and others' workflow commands, in all that it prints from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, MaskedStream):
            on_actions = bool(os.environ.get("GITHUB_ACTIONS"))
            setattr(sys, name, MaskedStream(stream, process_secrets(), is_runners=on_actions))

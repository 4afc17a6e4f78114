"""What leaves a command of a workflow by its two streams, without the tokens and keys that the process holds: tracebacks, too."""

import os
import sys
from functools import lru_cache
from typing import Any, TextIO

from bot.core.ledger.redaction import Secrets, held


@lru_cache(maxsize=1)
def process_secrets() -> Secrets:
    """Return the tokens and keys in this process's environment, as it began."""
    secrets = Secrets()
    for value in held(os.environ):
        secrets.add(value)
    return secrets


class MaskedStream:
    """A text stream that hides secrets in what is written to it; for everything else it is that stream."""

    def __init__(self, stream: TextIO, secrets: Secrets) -> None:
        self._stream = stream
        self._secrets = secrets

    def write(self, text: str) -> int:
        """Write a text without its secrets."""
        self._stream.write(self._secrets.hide(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:  # whatever a stream has
        return getattr(self._stream, name)


def mask_streams() -> None:
    """Hide this process's tokens and keys in all that it prints from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, MaskedStream):
            setattr(sys, name, MaskedStream(stream, process_secrets()))

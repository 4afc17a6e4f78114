"""What leaves a command of a workflow by its two streams, without the tokens and keys that the process holds: tracebacks, too.

On a runner it also holds no workflow command but our own. Whatever a program, a pull request or a provider says ends up in the log, and the runner
carries out each line that begins with `::`, and `##[…]` anywhere in one: it would set a step's outputs, or end the masking.
"""

import os
import re
import sys
from functools import lru_cache
from typing import TextIO

from bot.cli.plain_streams import PlainStream
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
        self._secrets = secrets
        self._is_runners = is_runners

    def shown(self, text: str) -> str:
        """Return a text without its secrets, and without what is obeyed."""
        plain = super().shown(self._secrets.hide(text))
        return _COMMANDS.sub(r"\g<0> ", plain) if self._is_runners else plain


def mask_streams() -> None:
    """Hide this process's tokens and keys, and others' workflow commands, in all that it prints from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, MaskedStream):
            on_actions = bool(os.environ.get("GITHUB_ACTIONS"))
            setattr(sys, name, MaskedStream(stream, process_secrets(), is_runners=on_actions))

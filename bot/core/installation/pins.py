"""Which actions a workflow names by something that can be moved to other code, which would run with its credentials."""

import re
from collections.abc import Sequence
from typing import Final

_USES: Final = re.compile(r"""^[^#\n]*?\buses:\s*["']?([^\s"'#},]+)""", re.MULTILINE)
_PINNED: Final = re.compile(r"\./.*|(?!docker:).+@[0-9a-f]{40}|docker://.+@sha256:[0-9a-f]{64}")


def loose(workflow: str) -> Sequence[str]:
    """Return the actions that are not named by commit or digest, and are not the repository's own."""
    return [action for action in _USES.findall(workflow) if not _PINNED.fullmatch(action)]

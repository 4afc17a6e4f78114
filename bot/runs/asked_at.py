"""Where it was asked for what a run plans or applies: by this one address its way is found in the service's log, the runs' and the ledger."""

import re
from pathlib import Path

from bot.clients.git.commits import message_of
from bot.clients.git.history.changes import change_of
from bot.core.requests.commit_trailers import read

# Anybody who may push can write a commit's message, and this is shown on terminals.
_ADDRESS = re.compile(r"https?://[!-~]{1,300}")


def asked_at(root: Path, commit: str, where: str) -> str:
    """Return the address that a commit's trailers name, empty when they name none.

    When that commit is not here, for a squash left it behind, it is that of the last one that changed the directory `where`.
    Raises `Unverifiable` if history can't be read.
    """
    message = message_of(root, commit)
    if message is None and (change := change_of(root, where)) is not None:
        message = message_of(root, change.commit)
    said = read(message or "")
    return said.url if said is not None and _ADDRESS.fullmatch(said.url) else ""

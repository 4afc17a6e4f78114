"""Where a checkout's files can be looked at in a browser."""

import re
from pathlib import Path

from bot.clients.git.commits import asked

_REMOTE = re.compile(
    r"(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|[^@/:]+@)(?P<host>[^/:@]+)(?::\d+)?[:/](?P<path>[^?#\s]+?)(?:\.git)?/?"
)


def web_address(root: Path) -> str:
    """Return the address of the page of the checkout's remote `origin`, without credentials; empty where it has none."""
    found = asked(root, "remote", "get-url", "origin")
    remote = _REMOTE.fullmatch((found or b"").decode("utf-8", "replace").strip())
    return f"https://{remote['host']}/{remote['path']}" if remote else ""


def is_committed(root: Path, *paths: str) -> bool:
    """Say whether some paths are as the checked-out commit has them."""
    return asked(root, "status", "--porcelain", "--", *paths) == b""

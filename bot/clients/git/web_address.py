"""Where a checkout's files can be looked at in a browser."""

import re
from pathlib import Path

from bot.clients.git.commits import asked

_REMOTE = re.compile(
    r"(?:https?://(?:[^@/?#\\]*@)?|ssh://(?:[^@/?#\\]*@)?|[^@/:?#\\]+@)(?P<host>[^/:@?#\\]+)(?::\d+)?[:/](?P<path>[^?#@\s]+?)(?:\.git)?/?"
)
"""Git goes to what stands before a `?` or `#`, whatever follows an `@` behind it; an `@` in the path would be the rest of a password."""

_MERGED = re.compile(r"Merge pull request #([1-9][0-9]{0,9}) from |.* \(#([1-9][0-9]{0,9})\)$")
"""How GitHub begins the subject of a merge commit, and ends that of a squashed one. A rebase leaves nothing of its pull request."""


def web_address(root: Path, remote: str = "origin") -> str:
    """Return the address of the page of a checkout's remote, without credentials; empty where it has none."""
    found = asked(root, "remote", "get-url", remote)
    parts = _REMOTE.fullmatch((found or b"").decode("utf-8", "replace").strip())
    return f"https://{parts['host']}/{parts['path']}" if parts else ""


def last_pull_request(root: Path, path: str) -> int | None:
    """Return the number of the pull request whose merge changed a path last, as GitHub wrote it down in the commit's subject."""
    said = asked(root, "log", "-1", "--first-parent", "--format=%s", "HEAD", "--", path) or b""
    found = _MERGED.match(said.decode("utf-8", "replace").strip())
    return int(found[1] or found[2]) if found else None


def is_committed(root: Path, *paths: str) -> bool:
    """Say whether some paths are as the checked-out commit has them."""
    return asked(root, "status", "--porcelain", "--", *paths) == b""

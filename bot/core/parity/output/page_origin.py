"""Where what the parity page shows comes from: the line at its head, and the links to the lines of a commit."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import quote

from bot.core.parity.report import Difference


@dataclass(frozen=True, slots=True)
class PageOrigin:
    """What a page is about: the commit, when it was compared, and addresses where they are known (`https://` or `http://`).

    `files` is the address of a path at that commit without the path, `pull` that of the pull request. `directories` are those of
    the two environments in the repository: the source's, the clone's.
    """

    commit: str = ""
    at: datetime | None = None
    files: str = ""
    pull: str = ""
    directories: tuple[str, str] = ("", "")


UNKNOWN: Final = PageOrigin()


def origin_line(origin: PageOrigin) -> str:
    """Return the line that says what was compared, and when; empty where nothing is known of it."""
    said = []
    if origin.commit:
        commit = f"<code>{escape(origin.commit[:12])}</code>"
        said.append(f"Commit {_linked(commit, _whole_commit(origin))}")
    if origin.at is not None:
        said.append(f'compared on <time datetime="{origin.at.isoformat()}">{origin.at:%Y-%m-%d at %H:%M} UTC</time>')
    if origin.pull:
        said.append(_linked(f"pull request #{escape(origin.pull.rpartition('/')[2])}", origin.pull))
    return f'<p class="quiet origin">{" · ".join(said)}</p>' if said else ""


def _whole_commit(origin: PageOrigin) -> str:
    return origin.files.rstrip("/").replace("/blob/", "/commit/") if origin.files else ""


def _linked(html: str, address: str) -> str:
    """Return HTML as a link, if there is an address that a browser may follow."""
    is_web = address.startswith(("https://", "http://"))
    return f'<a href="{escape(address)}" rel="noreferrer">{html}</a>' if is_web else html


def line_of(each: Difference, origin: PageOrigin) -> str:
    """Return file and line, linked to that line at the commit where it is known."""
    said = f"{escape(each.file)}:{each.line}"
    if not origin.files:
        return said
    source, clone = origin.directories
    path = "/".join(part for part in (source if each.kind == "missing" else clone, each.file) if part)
    return _linked(said, f"{origin.files.rstrip('/')}/{quote(path)}#L{each.line}")

"""One request for a page: what it asks, and what a page is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.sandbox.github.answers import not_found
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.repositories import RepositoryRecord

HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class PageCall:
    """A request: the named parts of its address, its query, and the form that a POST carries. `form_token` is what ours must carry."""

    forge: Forge
    address: str
    """What was asked for, from the host on, without the query."""
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    form_token: str

    def repository(self) -> RepositoryRecord:
        """Return the repository in the path, or raise 404. Whoever uses this machine's browser may look at all of them."""
        found = self.forge.state.repository(f"{self.path['owner']}/{self.path['repo']}")
        if found is None:
            raise not_found()
        return found

    def number(self, name: str) -> int:
        """Return an integer of the path, or raise 404."""
        text = self.path[name]
        if not (text.isdecimal() and text.isascii() and len(text) < 16):
            raise not_found()
        return int(text)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page to be written: its template, and what it shows."""

    template: str
    title: str
    content: Mapping[str, object] = field(default_factory=dict)
    repository: RepositoryRecord | None = None
    tab: str = ""
    is_live: bool = False
    """Whether it looks for changes while somebody looks at it."""
    status: int = 200
    sends_to: str = ""
    """Another origin to which a form of the page leads in the end."""


@dataclass(frozen=True, slots=True)
class PageMoved:
    """The address, from the host on, where something else is seen."""

    address: str
    status: int = 302


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are. `policy` is the content policy that a browser holds them to."""

    content: bytes
    media_type: str = TEXT
    policy: str = "default-src 'none'; sandbox"
    name: str = ""
    """What a browser saves them as; empty: it shows them."""


PageAnswer = Shown | PageMoved | Raw
PageOperation = Callable[[PageCall], PageAnswer]

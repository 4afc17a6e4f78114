"""What is production's identity in a text: its accounts, hosts, endpoints, networks, and all names that its own code evaluates to.

The checks by code and by plan both search with this. The bare word `production` in a text is no leak.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.core.cloud_facts import CloudFacts
from bot.core.parity.identity import Identity, Mark, host_of, networks_in
from bot.model.environment import Waiver

_HOST = re.compile(
    r"(?<![A-Za-z0-9_.-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
_KINDS = {
    "account": "production's account",
    "host": "production's host",
    "endpoint": "an outside system that production uses",
    "name": "production's name",
    "value": "a name in production",
}


@dataclass(frozen=True, slots=True)
class SearchedText:
    """A text to be searched, and where it stands: a file and a line, or an address (of a plan) and no line."""

    place: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Leak:
    """What was found where, what it is, and what to use instead."""

    place: str
    line: int
    found: str
    what: str
    instead: str
    waiver: Waiver | None = None

    @property
    def message(self) -> str:
        return f"`{self.found}` is {self.what}: {self.instead}."


def unwaived(found: Sequence[Leak]) -> Sequence[Leak]:
    """Return the leaks that fail the check."""
    return [leak for leak in found if leak.waiver is None]


def search(texts: Iterable[SearchedText], identity: Identity) -> Iterator[Leak]:
    """Yield production's identity found in texts; for plans, give it every value with its address."""
    production = searcher(identity)
    for text in texts:
        for found, what, instead in production.found(text.text):
            yield Leak(text.place, text.line, found, what, instead)


class Searcher:
    """Finds what is production's in texts; made once for each identity."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.hosts = {mark.text.lower(): mark for mark in reversed(identity.marks) if mark.kind == "host"}
        self.plain = sorted((m for m in identity.marks if m.kind != "host"), key=lambda mark: -len(mark.text))
        # Every name that is mapped holds one of these, so most texts are done with after a few looks.
        mapped = {theirs for _, theirs in identity.pairs}
        others = [mark for mark in identity.marks if not any(kernel in mark.text for kernel in mapped)]
        self.kernels = (*mapped, *(mark.text for mark in others if mark.kind != "host"))
        kernels = (identity.production, *mapped, *(mark.text for mark in others))

        own = {mark.instead for mark in identity.marks} | {ours for ours, _ in identity.pairs}
        self.own_hosts = {host for text in own if (host := host_of(text)) and host not in self.hosts}
        # The clone's own values may hold production's (`shop-2` holds `shop`): these are no leaks.
        alike = [text for text in own if any(kernel in text for kernel in kernels)]
        self.own = sorted(
            (o for o in alike if identity.production in o or any(m.text in o for m in identity.marks)),
            key=lambda text: -len(text),
        )

    def may_be_in(self, text: str) -> bool:
        """Say whether a line of a text may hold what is searched for: most files are done with in one look."""
        lowered = text.lower()
        return (
            any(kernel in text for kernel in self.kernels)
            or any(host in lowered for host in self.hosts)
            or bool(networks_in(text))
        )

    def found(self, text: str) -> Iterator[tuple[str, str, str]]:
        """Yield what was found, what it is, and what should be in its place."""
        yield from self._hosts(text)
        yield from self._networks(text)
        if not any(kernel in text for kernel in self.kernels):
            return
        left = self.without_own(text)
        for mark in self.plain:
            if mark.text in left and (match := _bounded(mark.text).search(left)):
                text = _around(left, match, self.identity.cloud) if mark.kind == "account" else mark.text
                yield text, _said(mark), _instead(mark)
                left = left.replace(mark.text, "\0")

    def without_own(self, text: str) -> str:
        """Return a text without the clone's own values that hold production's."""
        for own in self.own:
            if own in text:
                text = _bounded(own).sub("\0", text)
        return text

    def _hosts(self, text: str) -> Iterator[tuple[str, str, str]]:
        lowered = text.lower()
        if not any(host in lowered for host in self.hosts):
            return
        for match in _HOST.finditer(text):
            host = match[0].lower()
            mark = next(
                (mark for known, mark in self.hosts.items() if host == known or host.endswith(f".{known}")), None
            )
            is_own = any(host == own or host.endswith(f".{own}") for own in self.own_hosts)
            if mark is not None and not is_own:
                yield match[0], _said(mark), _instead(mark)

    def _networks(self, text: str) -> Iterator[tuple[str, str, str]]:
        for _, written, network in networks_in(text):
            for ours, theirs in self.identity.networks:
                if network.subnet_of(theirs) and not network.subnet_of(ours):
                    yield written, f"in production's network {theirs}", f"the clone's own is {ours}"


@lru_cache(maxsize=8)
def searcher(identity: Identity) -> Searcher:
    """Return what searches for this identity."""
    return Searcher(identity)


def _said(mark: Mark) -> str:
    return _KINDS[mark.kind] + (f" (`{mark.parameter}`)" if mark.parameter else "")


def _instead(mark: Mark) -> str:
    return f"the clone's own is `{mark.instead}`"


@lru_cache(maxsize=4096)
def _bounded(text: str) -> re.Pattern[str]:
    before = r"(?<![A-Za-z0-9])" if text[:1].isalnum() else ""
    return re.compile(rf"{before}{re.escape(text)}(?![A-Za-z0-9])")


def _around(text: str, match: re.Match[str], cloud: CloudFacts) -> str:
    """Return the full name or URL that contains an account's number, or the number."""
    word = grown(text, match, r"[\w./:*@+-]*")
    return word if word.startswith(cloud.names.reference) or "://" in word else match[0]


def grown(text: str, match: re.Match[str], allowed: str) -> str:
    """Return the match with what is around it of the allowed characters."""
    before = re.search(rf"{allowed}$", text[: match.start()])
    after = re.match(allowed, text[match.end() :])
    return (before[0] if before else "") + match[0] + (after[0] if after else "")

"""The leak check: is anything of production's identity in a clone? What is found fails the check unless waived by line.

Two searches. *Texts*: every rendered file, line by line, for production's accounts, hosts, endpoints, networks, and all
names that production's own code evaluates to. *Values*: every attribute and hook input as it evaluates, so that what is put
together from variables and locals is found too; there also names made from production's, lookups by its name, remote state,
and providers that don't assert the clone's account. The bare word `production` in a text is no leak.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.address_patterns import key_of
from bot.core.hcl.attributes import Attribute
from bot.core.hcl.values import Unknown
from bot.core.parity.by_code.compare import CodeComparison, CodeSide
from bot.core.parity.by_code.evaluated import CODE, AttributeKey, EvaluatedEnvironment, line_at
from bot.core.parity.identity import Identity, Mark, host_of, networks_in
from bot.core.parity.waivers import Waivers
from bot.core.tree import Tree
from bot.model.environment import MANIFEST, Manifest, Waiver
from bot.model.pipeline import texts

_HOST = re.compile(
    r"(?<![A-Za-z0-9_.-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
_FREE_TEXT = re.compile(r"(^|\.)(description|comment|error_message)$|(^|\.)(default_)?tags\b")
_KINDS = {
    "account": "production's account",
    "host": "a host of production's",
    "endpoint": "what production reaches outside",
    "name": "production's name",
    "value": "a name of production's",
}


@dataclass(frozen=True, slots=True)
class SearchedText:
    """A text to be searched, and where it stands: a file and a line, or an address (of a plan) and no line."""

    place: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Leak:
    """What was found where, what it is, and what should stand there instead."""

    place: str
    line: int
    found: str
    what: str
    instead: str
    waiver: Waiver | None = None

    @property
    def message(self) -> str:
        return f"`{self.found}` is {self.what}: {self.instead}."


def leaks(comparison: CodeComparison, side: CodeSide, now: datetime) -> Sequence[Leak]:
    """Return every leak of a clone, waived ones too, in the order of files and lines."""
    files, identity, waivers = side.files, comparison.identity, Waivers(side.manifest.waivers, now)
    found = [
        *search(_lines(files), identity),
        *_in_values(comparison.clone, side, identity),
        *_providers(comparison.clone, identity),
    ]
    lines: dict[tuple[str, int], list[Leak]] = {}
    for leak in sorted(found, key=lambda leak: -len(leak.found)):
        known = lines.setdefault((leak.place, leak.line), [])
        if not any(leak.found in other.found for other in known):  # a line is told of once, not once for each search
            known.append(leak)
    return [
        replace(leak, waiver=waivers.naming(path, str(line)))
        for (path, line), told in sorted(lines.items())
        for leak in told
    ]


def unwaived(found: Sequence[Leak]) -> Sequence[Leak]:
    """Return the leaks that fail the check."""
    return [leak for leak in found if leak.waiver is None]


def search(texts: Iterable[SearchedText], identity: Identity) -> Iterator[Leak]:
    """Yield what of production's identity stands in texts; for plans, give it every value with its address."""
    searcher = _searcher(identity)
    for text in texts:
        for found, what, instead in searcher.found(text.text):
            yield Leak(text.place, text.line, found, what, instead)


class _Searcher:
    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.hosts = {mark.text.lower(): mark for mark in reversed(identity.marks) if mark.kind == "host"}
        self.plain = sorted((m for m in identity.marks if m.kind != "host"), key=lambda mark: -len(mark.text))
        own = {mark.instead for mark in identity.marks} | {ours for ours, _ in identity.pairs}
        self.own_hosts = {host for text in own if (host := host_of(text)) and host not in self.hosts}
        # The clone's own values may hold production's (`shop-2` holds `shop`): these are no leaks.
        self.own = sorted(
            (o for o in own if any(m.text in o for m in identity.marks) or identity.production in o),
            key=lambda text: -len(text),
        )

        # Every name that is mapped holds one of these, so most texts are done with after a few looks.
        kernels = {theirs for _, theirs in identity.pairs}
        others = (mark.text for mark in self.plain if not any(kernel in mark.text for kernel in kernels))
        self.kernels = (*kernels, *others)

    def found(self, text: str) -> Iterator[tuple[str, str, str]]:
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
        for own in self.own:
            if own in text:
                text = _bounded(own).sub("\0", text)
        return text

    def _hosts(self, text: str) -> Iterator[tuple[str, str, str]]:
        if not any(host in text.lower() for host in self.hosts):
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
def _searcher(identity: Identity) -> _Searcher:
    return _Searcher(identity)


def _lines(files: Tree) -> Iterator[SearchedText]:
    for path, file in sorted(files.items()):
        if path == MANIFEST:
            continue  # it names its source and template, and its parameters are proved where they are rendered
        for number, line in enumerate(file.data.decode("utf-8", "replace").splitlines(), start=1):
            yield SearchedText(path, number, line)


def _in_values(snapshot: EvaluatedEnvironment, side: CodeSide, identity: Identity) -> Iterator[Leak]:
    searcher = _searcher(identity)
    shared = sorted(_shared(side.manifest, identity), key=lambda text: -len(text))
    named = _made_of(identity.production)
    for key, leaf in snapshot.leaves.items():
        if key[1] in ("", CODE) or leaf.file == MANIFEST:
            continue
        text = leaf.value.text if isinstance(leaf.value, Unknown) else leaf.value
        if not isinstance(text, str):
            continue
        told = [*searcher.found(text), *_lookups(key, leaf, text, identity)]
        if isinstance(leaf.value, str) and not _FREE_TEXT.search(key[1]):
            left = searcher.without_own(text)
            for value in shared:
                left = left.replace(value, "\0")
            if match := named.search(left):
                told.append((_word(left, match), "made of production's name", f"make it of `{identity.clone}`"))
        line = line_at(side.files, key, leaf) if told else 0
        for found, what, instead in told:
            yield Leak(leaf.file, line, found, f"{what}, in `{key_of(*key)}`", instead)


def _lookups(key: AttributeKey, leaf: Attribute, text: str, identity: Identity) -> Iterator[tuple[str, str, str]]:
    address, attribute = key
    kind = address.partition("/")[2]
    is_lookup = kind.startswith("data.") or ".data." in kind
    is_hook_input = address.startswith("hook/") and attribute.startswith("with.")
    if text == identity.production and (is_lookup or is_hook_input):
        what = "production's name, by which it is looked up" if is_lookup else "production's name, given to a hook"
        yield text, what, f"say `{identity.clone}`"
    if "data.terraform_remote_state." in address and isinstance(leaf.value, Unknown):
        yield text, "a remote state whose place can't be told", "declare an input of the stack, or write the place out"


def _providers(snapshot: EvaluatedEnvironment, identity: Identity) -> Iterator[Leak]:
    """Yield each provider of the cloud that does not assert the clone's own account, and each stack that has resources and no provider."""
    if not identity.account:
        return
    cloud = identity.cloud
    provider = f"provider.{cloud.provider.rpartition('/')[2]}"
    accounts: dict[str, dict[str, Attribute]] = {}
    stacks: dict[str, Attribute] = {}
    for (address, attribute), leaf in snapshot.leaves.items():
        stack, _, rest = address.partition("/")
        if rest == provider or rest.startswith(f"{provider}."):
            found = accounts.setdefault(address, {})
            if attribute == "" or attribute.startswith(cloud.account_guard):
                found[attribute] = leaf
        elif attribute == "" and re.search(rf"(^|\.){cloud.prefix}", rest):
            stacks.setdefault(stack, leaf)
    instead = f'it must say `{cloud.account_guard} = ["{identity.account}"]`'
    for address, found in accounts.items():
        place = next(iter(found.values()), None)
        asserted = [leaf.value for attribute, leaf in found.items() if attribute]
        if place is not None and asserted != [identity.account]:
            yield Leak(
                place.file, place.line, address, "a provider that does not assert the clone's account alone", instead
            )
    for stack, leaf in stacks.items():
        if not any(address.startswith(f"{stack}/") for address in accounts):
            yield Leak(leaf.file, leaf.line, f"{stack}/{provider}", "missing, so no account is asserted", instead)


def _shared(manifest: Manifest, identity: Identity) -> Iterator[str]:
    """Yield the clone's declared values that hold production's name and are no mark: an image's path, say."""
    marks = {mark.text for mark in identity.marks}
    for value in texts([*manifest.parameters.values()]):
        if identity.production in value and value not in marks and value != identity.production:
            yield value


def _said(mark: Mark) -> str:
    return _KINDS[mark.kind] + (f" (`{mark.parameter}`)" if mark.parameter else "")


def _instead(mark: Mark) -> str:
    return f"the clone's own is `{mark.instead}`"


@lru_cache(maxsize=4096)
def _bounded(text: str) -> re.Pattern[str]:
    before = r"(?<![A-Za-z0-9])" if text[:1].isalnum() else ""
    return re.compile(rf"{before}{re.escape(text)}(?![A-Za-z0-9])")


@lru_cache(maxsize=64)
def _made_of(name: str) -> re.Pattern[str]:
    """Return what finds a name that begins with production's, or a path through it."""
    return re.compile(rf"(?<![A-Za-z0-9_.-]){re.escape(name)}(?=[-/_:.][A-Za-z0-9*])|/{re.escape(name)}/")


def _word(text: str, match: re.Match[str]) -> str:
    return _grown(text, match, r"[\w./:*@+-]*")


def _around(text: str, match: re.Match[str], cloud: CloudFacts) -> str:
    """Return the full name or URL that an account's number stands in, or the number."""
    word = _grown(text, match, r"[\w./:*@+-]*")
    return word if word.startswith(cloud.names.reference) or "://" in word else match[0]


def _grown(text: str, match: re.Match[str], allowed: str) -> str:
    before = re.search(rf"{allowed}$", text[: match.start()])
    after = re.match(allowed, text[match.end() :])
    return (before[0] if before else "") + match[0] + (after[0] if after else "")

"""What the code of a source and of its clone names outside of both, alike: hosts, mail addresses, accounts in resource names.

A clone that sends mail to the same address, or asks the same host, reaches what production reaches. Whether it may is nobody's
to guess, so each is listed once: to be made a parameter that is `outbound`, or to be declared as `shared`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.attributes import AttributeKey
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison
from bot.core.parity.by_code.evaluated import line_at
from bot.core.parity.by_code.stack_values import CODE
from bot.core.parity.identity import account_reached_by_both, accounts_in, host_of
from bot.core.rendering.assemble import TemplateAt
from bot.model.environment import MANIFEST, Manifest
from bot.model.pipeline import Json, texts
from bot.model.template import Template
from bot.names import ParameterName

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s\"'<>]+", re.IGNORECASE)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_EXAMPLE = re.compile(r"(^|\.)(localhost|invalid)$|^(127\.|0\.0\.0\.0)")

_MODULE = re.compile(r"(?:^|[./])module\.[^./]+$")
"""A module's source is where its code comes from, which the gate judges; nothing of the environment ever asks there."""


@dataclass(frozen=True, slots=True)
class ExternalReference:
    """A host, mail address or account that both sides name, where it stands first, and in how many more places."""

    text: str
    path: str
    line: int
    more: int

    @property
    def more_places(self) -> str:
        """Say how many other places there are; nothing if there is none."""
        return f" and {self.more} more" if self.more else ""

    def __str__(self) -> str:
        return f"{self.text} ({self.path}:{self.line}{self.more_places})"


def reached(references: Sequence[object]) -> str:
    """Say what every environment reaches, and what to do about it."""
    return (
        f"every environment reaches {', '.join(map(str, references))}. If a clone may not, make it a parameter with `outbound: true`, "
        "with its own value in each purpose's `set`, and `outbound` under `differ` there (a purpose that matches `topology` needs the resources that it adds or leaves out under `aspects: {outbound: [ADDRESS*]}`, too); "
        "if all may, list it under `shared` in template.yaml."
    )


def outbound_alike(ours: Manifest, source: Manifest, template: TemplateAt) -> Sequence[ParameterName]:
    """Return the outbound parameters of a clone that have the source's value, or reach its account, but for what the template declares as shared.

    A purpose that has them under `differ` has no such clone.
    """
    shared = {text.lower() for text in template.declaration.shared}

    def is_reached(value: Json, theirs: Json) -> bool:
        if not isinstance(value, str) or not isinstance(theirs, str):
            return value is not None and value == theirs
        account = account_reached_by_both(value, theirs, ours, template.cloud)
        known = {value.lower(), host_of(value), *accounts_in(value, template.cloud)}
        return (value == theirs or account is not None) and shared.isdisjoint(known)

    return [
        name
        for name, parameter in template.declaration.parameters.items()
        if parameter.outbound and is_reached(ours.parameters.get(name), source.parameters.get(name))
    ]


def external_references(compared: CodeComparison, side: CodeSide, template: Template) -> Sequence[ExternalReference]:
    """Return what both sides name alike outside of themselves, but for what the template declares as outbound or shared."""
    outbound = [side.manifest.parameters.get(name) for name, each in template.parameters.items() if each.outbound]
    known = {text.lower() for text in texts([value for value in outbound if value is not None])}
    known |= {host for text in known if (host := host_of(text))} | {text.lower() for text in template.shared}
    found: dict[str, list[AttributeKey]] = {}
    for key, leaf in compared.clone.leaves.items():
        theirs = compared.production.leaves.get(key)
        if (
            key[1] in ("", CODE)
            or key[1].endswith(".stand_in")
            or (key[1] == "source" and _MODULE.search(key[0]))
            or leaf.file == MANIFEST
            or theirs is None
            or not isinstance(leaf.value, str)
        ):
            continue
        if leaf.value == theirs.value:
            for text in _outside(leaf.value, key[1], compared.identity.cloud):
                if not _is_known(text, known):
                    found.setdefault(text, []).append(key)
    return [_reference(text, keys, compared, side) for text, keys in sorted(found.items())]


def _reference(text: str, keys: Sequence[AttributeKey], compared: CodeComparison, side: CodeSide) -> ExternalReference:
    places = sorted(
        {(leaf.file, line_at(side.files, key, leaf)) for key in keys for leaf in [compared.clone.leaves[key]]}
    )
    path, line = places[0]
    return ExternalReference(text, path, line, len(places) - 1)


def _is_known(text: str, known: set[str]) -> bool:
    return any(text == each or text.endswith((f".{each}", f"@{each}")) for each in known)


def _outside(text: str, attribute: str, cloud: CloudFacts) -> Iterator[str]:
    """Yield the hosts, mail addresses and accounts in a text, in lower case; a cloud's own hosts are its services."""
    names = cloud.names
    for match in _URL.finditer(text) if "://" in text else ():
        host = host_of(match[0])
        if (
            host
            and not _EXAMPLE.search(host)
            and not any(host == own or host.endswith(f".{own}") for own in names.own_hosts)
        ):
            yield host
    for match in _MAIL.finditer(_URL.sub("", text)) if "@" in text else ():
        yield match[0].lower()
    yield from accounts_in(text, cloud)
    if attribute in names.account_attributes and text:  # of a tag of that name anything is the value
        yield text.lower()

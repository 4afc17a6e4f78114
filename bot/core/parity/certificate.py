"""A parity certificate: this commit of a clone has no unexplained difference from that commit of production, but for what was waived.

It holds for as long as the three things it speaks of stay as they were: the clone's files, production's files, and their
template. Each is named by git's id of its directory, so whether it still holds is a comparison of ids, and anybody who has
the repository can make it. It is kept beside the Terraform state, where the plan role alone may write, for any workflow of the
repository can write a check. The check of the clone's commit tells people of it, and nothing is decided by what that says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, ValidationError

from bot.core.markdown import code
from bot.core.parity.leaks import Leak
from bot.core.parity.report import Depth, Parity
from bot.core.plural import counted
from bot.model.base import Document
from bot.names import EnvironmentName, TemplateName

CHECK = "envclone/parity: {environment}"
"""The name of the check that tells people of the certificate of an environment's commit."""

_BEGIN, _END = "<!-- envclone:certificate ", " -->"

CommitSha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Certificate(Document):
    """What was compared with what, and when. `tree` and `production_tree` are ids of code (`code_id`), `template_tree` is git's of a directory.

    `deviations` are differences that identity alone does not make; those are `by_identity`. `waivers` are what the manifest lets pass, until `holds_until` at the latest (the first waiver's expiry).
    """

    format: Literal[1] = 1
    environment: EnvironmentName
    commit: CommitSha
    tree: CommitSha
    against: EnvironmentName
    production_commit: CommitSha
    production_tree: CommitSha
    template: TemplateName
    template_tree: CommitSha
    depth: Depth
    compared: int
    deviations: int
    by_identity: int = 0
    waivers: tuple[str, ...] = ()
    holds_until: AwareDatetime | None = None
    issued_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class Now:
    """What the repository holds now: ids of the code of both environments and git's id of the template (None: gone), and the time."""

    code: str | None
    production_code: str | None
    template_tree: str | None
    time: AwareDatetime


@dataclass(frozen=True, slots=True)
class CertifiedSubject:
    """What a certificate speaks of: the commits, the ids of both environments' code, and git's id of the template."""

    commit: str
    code: str
    production_commit: str
    production_code: str
    template: TemplateName
    template_tree: str


def certify(parity: Parity, leaks: Sequence[Leak], subject: CertifiedSubject, now: datetime) -> Certificate:
    """Return the certificate of a comparison that holds."""
    waivers = [each.waiver for each in parity.differences if each.waiver is not None and not each.is_explained]
    waivers += [leak.waiver for leak in leaks if leak.waiver is not None]
    return Certificate(
        environment=parity.environment,
        commit=subject.commit,
        tree=subject.code,
        against=parity.against,
        production_commit=subject.production_commit,
        production_tree=subject.production_code,
        template=subject.template,
        template_tree=subject.template_tree,
        depth=parity.depth,
        compared=parity.compared,
        deviations=len(parity.telling),
        by_identity=len(parity.by_identity),
        waivers=tuple(dict.fromkeys(waiver.what for waiver in waivers)),
        holds_until=min((waiver.expires_at for waiver in waivers), default=None),
        issued_at=now,
    )


def lapses(certificate: Certificate, now: Now) -> Sequence[str]:
    """Return why a certificate holds no longer; nothing when it holds."""
    found: list[str] = []
    if now.code != certificate.tree:
        found.append(f"{code(certificate.environment)} has changed since {code(certificate.commit[:12])}")
    if now.production_code != certificate.production_tree:
        found.append(f"{code(certificate.against)} has changed since {code(certificate.production_commit[:12])}")
    if now.template_tree != certificate.template_tree:
        found.append(
            f"template {code(certificate.template)} has changed since revision {code(certificate.template_tree[:12])}"
        )
    if certificate.holds_until is not None and certificate.holds_until <= now.time:
        found.append(f"a waiver expired on {certificate.holds_until:%Y-%m-%d}")
    return found


def sentence(certificate: Certificate) -> str:
    """Return the certificate in one sentence of Markdown."""
    count = len(certificate.waivers)
    waived = f", except {'this waiver' if count == 1 else f'these {count} waivers'}" if count else ""
    explained = f" ({counted(certificate.deviations, 'deviation')}, each explained)" if certificate.deviations else ""
    return (
        f"{code(certificate.environment)} at commit {code(certificate.commit[:12])} has no unexplained difference from "
        f"{code(certificate.against)} at commit "
        f"{code(certificate.production_commit[:12])}, template revision {code(certificate.template_tree[:12])}{waived}{explained}."
    )


def title(certificate: Certificate, lapsed: Sequence[str] = ()) -> str:
    """Return the state of a certificate in one plain line."""
    if lapsed:
        return f"Certificate no longer valid: {certificate.environment} against {certificate.against}"
    explained = f" ({certificate.deviations:,} explained)" if certificate.deviations else ""
    return f"No unexplained difference from {certificate.against}{explained}, by {certificate.depth}"


def text(certificate: Certificate, lapsed: Sequence[str] = ()) -> str:
    """Return the certificate for people, and hidden in it for `read_certificate`."""
    parts = [sentence(certificate)]
    parts += [f"- {code(waiver)}" for waiver in certificate.waivers]
    alike = certificate.compared - min(certificate.deviations, certificate.compared)
    parts.append(
        f"{certificate.compared:,} attributes were compared by {certificate.depth} "
        f"on {certificate.issued_at:%Y-%m-%d at %H:%M} UTC: {alike:,} match {code(certificate.against)} "
        f"({alike - min(certificate.by_identity, alike):,} are equal, {certificate.by_identity:,} differ only in "
        f"name, account or address), {certificate.deviations:,} do not."
    )
    if certificate.holds_until is not None and not lapsed:
        parts.append(
            f"Valid until {certificate.holds_until:%Y-%m-%d at %H:%M} UTC at the latest, when a waiver expires."
        )
    if lapsed:
        reasons = "\n".join(f"- {reason}" for reason in lapsed)
        parts.append(
            f"**No longer valid:**\n\n{reasons}\n\nTests on this clone no longer say how production behaves. Bring "
            f"the clone up to date (`/sync {certificate.environment}`) to have it planned and certified again."
        )
    return "\n\n".join([*parts, f"{_BEGIN}{_hidden(certificate)}{_END}"])


def status_line(certificate: Certificate | None, lapsed: Sequence[str]) -> str:
    """Return what an environment's status says of its parity."""
    if certificate is None:
        return "not certified: no plan has compared it with its source yet"
    if lapsed:
        return f"**stale**: {'; '.join(lapsed)}"
    until = (
        f", until a waiver expires on {certificate.holds_until:%Y-%m-%d}" if certificate.holds_until is not None else ""
    )
    return f"no unexplained difference from {code(certificate.against)} at {code(certificate.production_commit[:12])}, by {certificate.depth}{until}"


def certificate_key(environment: EnvironmentName, commit: str) -> str:
    """Return the object's key in the store: beside the review of that commit, where the plan role may write."""
    return f"reviews/{environment}/{commit}.certificate.json"


def write_certificate(certificate: Certificate) -> bytes:
    """Return the certificate as it is kept."""
    return certificate.model_dump_json(indent=2).encode()


def kept(data: bytes, environment: EnvironmentName) -> Certificate | None:
    """Return a kept certificate, or None when it can't be read or is another environment's."""
    try:
        found = Certificate.model_validate_json(data)
    except ValidationError:
        return None
    return found if found.environment == environment else None


def read_certificate(said: str) -> Certificate | None:
    """Return the certificate in a check's text, or None when there is none that can be read."""
    begin = said.rfind(_BEGIN)
    end = said.find(_END, begin)
    if begin < 0 or end < 0:
        return None
    try:
        return Certificate.model_validate_json(said[begin + len(_BEGIN) : end])
    except ValidationError:
        return None


def _hidden(certificate: Certificate) -> str:
    # So that nothing in it ends the comment, or looks like the beginning of another.
    return certificate.model_dump_json().replace("<", "\\u003c").replace(">", "\\u003e")

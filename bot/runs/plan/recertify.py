"""Say on each clone's latest commit whether its parity certificate still holds: after each merge, and by the clock.

A certificate is found again in the check that the plan wrote on the reviewed commit, and git alone says whether it still holds.
So this needs no account, runs twice without harm, and an event that was lost is made good by the next one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of, tree_at
from bot.clients.git.history import change_of
from bot.clients.github import CheckState
from bot.clients.github.certificates import certificate_on
from bot.core.parity import certificate as certificates
from bot.core.parity.certificate import Certificate, CertifiedSubject, Now, certify, lapses
from bot.core.parity.leaks import Leak
from bot.core.parity.report import Parity
from bot.core.rendering.assemble import read_manifest
from bot.core.tree import tree_id
from bot.errors import UserError
from bot.model.environment import directory
from bot.model.template import directory as template_directory
from bot.names import EnvironmentName
from bot.runs.plan.verify import verify_environments
from bot.runs.reviewed_commit import OnGitHub


@dataclass(frozen=True, slots=True)
class Recertified:
    """A clone's certificate, and why it holds no longer (nothing when it does); the commits on which that was said."""

    certificate: Certificate
    lapsed: Sequence[str]
    commits: Sequence[str]


def recertify(root: Path, on: OnGitHub, now: datetime) -> Sequence[Recertified]:
    """Look at every clone in the checkout at `root`, which is the default branch's. Raises `Transient`, `Unverifiable`."""
    checkout = Checkout(root)
    found: list[Recertified] = []
    for name in map(EnvironmentName, checkout.environments()):
        if read_manifest(checkout.environment(name), directory(name)).source is None:
            continue
        commits = list(dict.fromkeys(_commits(root, name, on)))
        certificate = certificate_on(on.github, on.repository, name, commits)
        if certificate is None:
            continue
        lapsed = lapses(certificate, _now(root, certificate, now))
        for commit in commits:
            on.github.put_check(
                on.repository, commit, certificates.CHECK.format(environment=name), said(certificate, lapsed)
            )
        found.append(Recertified(certificate, lapsed, commits))
    return found


def kept_certificate(
    root: Path, name: EnvironmentName, on: OnGitHub, now: datetime
) -> tuple[Certificate, Sequence[str]] | None:
    """Return the certificate that a plan gave an environment as it is in the checkout, and why it holds no longer."""
    certificate = certificate_on(on.github, on.repository, name, list(dict.fromkeys(_commits(root, name, on))))
    return (certificate, lapses(certificate, _now(root, certificate, now))) if certificate is not None else None


def certificate_by_code(root: Path, parity: Parity, leaks: Sequence[Leak], now: datetime) -> Certificate:
    """Return the certificate that a checkout alone can give, for what is committed in it. Raises `UserError` when it isn't."""
    checkout, commit = Checkout(root), commit_of(root)
    proved = verify_environments(checkout, [parity.environment, parity.against]).checked()
    if proved:
        # A hand edit that makes a clone more like production is no difference, but no certificate's subject either.
        raise UserError("There is no certificate: " + "\n".join(map(str, proved)))
    trees: list[str] = []
    for name in (parity.environment, parity.against):
        here = tree_id(checkout.environment(name))
        if tree_at(root, commit, directory(name)) != here:
            raise UserError(
                f"{directory(name)} has uncommitted changes: commit them first, because a certificate names commits."
            )
        trees.append(here)
    manifest = read_manifest(checkout.environment(parity.environment), directory(parity.environment))
    subject = CertifiedSubject(commit, trees[0], commit, trees[1], manifest.template, manifest.revision)
    return certify(parity, leaks, subject, now)


def said(certificate: Certificate, lapsed: Sequence[str] = ()) -> CheckState:
    """Return what the check says. A lapsed one fails: for whoever waits for it, `neutral` would be a success."""
    return CheckState(
        title=certificates.title(certificate, lapsed),
        summary=certificates.text(certificate, lapsed),
        conclusion="failure" if lapsed else "success",
        external_id=str(certificate.environment),
    )


def _commits(root: Path, name: EnvironmentName, on: OnGitHub) -> Iterator[str]:
    """Yield the commit that brought the environment to what it is here, and the heads of what was merged by it."""
    change = change_of(root, directory(name))
    if change is None:
        return
    yield change.commit
    yield from change.parents[1:2]
    for pull in on.github.pull_requests_for_commit(on.repository, change.commit):
        if pull.is_merged:
            yield pull.head_sha


def _now(root: Path, certificate: Certificate, time: datetime) -> Now:
    return Now(
        tree=tree_at(root, "HEAD", directory(certificate.environment)),
        production_tree=tree_at(root, "HEAD", directory(certificate.against)),
        template_tree=tree_at(root, "HEAD", template_directory(certificate.template)),
        time=time,
    )

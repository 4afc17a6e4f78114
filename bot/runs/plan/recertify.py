"""Say on each clone's latest commit whether its parity certificate still holds: after each merge, and by the clock.

A certificate is found again beside the state, where the plan kept it, and git alone says whether it still holds. So this runs twice
without harm, and an event that was lost is made good by the next one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of, tree_at
from bot.clients.git.history.changes import change_of
from bot.clients.github import CheckState
from bot.clients.objects.store import ObjectStore
from bot.core.hcl.local_modules import code_id
from bot.core.parity import certificate as certificates
from bot.core.parity.certificate import Certificate, CertifiedSubject, Now, certificate_key, certify, kept, lapses
from bot.core.parity.leaks import Leak
from bot.core.parity.report import Parity
from bot.core.rendering.assemble import read_manifest
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.runs.plan.verify import verify_environments
from bot.runs.reviewed_commit import OnGitHub


@dataclass(frozen=True, slots=True)
class Recertified:
    """A clone's certificate, and why it holds no longer (nothing when it does); the commits on which that was said."""

    certificate: Certificate
    lapsed: Sequence[str]
    commits: Sequence[str]


StoreOf: TypeAlias = Callable[[Manifest], ObjectStore | None]
"""Returns the store of an environment's account; None for an account that is not looked at."""


def recertify(checkout: Checkout, on: OnGitHub, store_of: StoreOf, now: datetime) -> Sequence[Recertified]:
    """Look at every clone in the checkout, which is the default branch's. Raises `Transient`, `Unverifiable`."""
    found: list[Recertified] = []
    for name, manifest in checkout.read_inventory().inventory.live.items():
        store = store_of(manifest) if manifest.source is not None else None
        if store is None:
            continue
        commits = list(dict.fromkeys(_commits(checkout, name, on)))
        certificate = _newest(store, name, commits)
        if certificate is None:
            continue
        lapsed = lapses(certificate, _now(checkout, certificate, now))
        for commit in commits:
            on.github.put_check(
                on.repository, commit, certificates.CHECK.format(environment=name), said(certificate, lapsed)
            )
        found.append(Recertified(certificate, lapsed, commits))
    return found


def kept_certificate(
    checkout: Checkout, name: EnvironmentName, on: OnGitHub, store: ObjectStore, now: datetime
) -> Recertified | None:
    """Return the certificate that a plan gave an environment as it is in the checkout, and why it holds no longer."""
    commits = list(dict.fromkeys(_commits(checkout, name, on)))
    certificate = _newest(store, name, commits)
    if certificate is None:
        return None
    return Recertified(certificate, lapses(certificate, _now(checkout, certificate, now)), commits)


def _newest(store: ObjectStore, name: EnvironmentName, commits: Sequence[str]) -> Certificate | None:
    objects = [store.read(certificate_key(name, commit)) for commit in commits]
    found = [certificate for each in objects if each is not None and (certificate := kept(each.data, name)) is not None]
    return max(found, key=lambda each: each.issued_at, default=None)


def certificate_by_code(checkout: Checkout, parity: Parity, leaks: Sequence[Leak], now: datetime) -> Certificate:
    """Return the certificate that a checkout alone can give, for what is committed in it. Raises `UserError` when it isn't."""
    commit = commit_of(checkout.root)
    proved = verify_environments(checkout, [parity.environment, parity.against]).checked()
    if proved:
        # A hand edit that makes a clone more like production is no difference, but no certificate's subject either.
        raise UserError("There is no certificate: " + "\n".join(map(str, proved)))
    trees: list[str] = []
    for name in (parity.environment, parity.against):
        here = code_id(checkout.code(name))
        if _code_id(checkout, commit, name) != here:
            raise UserError(
                f"{checkout.roots.environment(name)}, or a module that it calls, has uncommitted changes: commit them first, because a certificate names "
                "commits."
            )
        trees.append(here)
    manifest = read_manifest(checkout.environment(parity.environment), checkout.roots.environment(parity.environment))
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


def _commits(checkout: Checkout, name: EnvironmentName, on: OnGitHub) -> Iterator[str]:
    """Yield the commit that brought the environment to what it is here, and the heads of what was merged by it."""
    change = change_of(checkout.root, checkout.roots.environment(name))
    if change is None:
        return
    yield change.commit
    yield from change.parents[1:2]
    for pull in on.github.pull_requests_for_commit(on.repository, change.commit):
        if pull.is_merged:
            yield pull.head_sha


def _code_id(checkout: Checkout, commit: str, name: EnvironmentName) -> str | None:
    code = checkout.code_at(name, commit)
    return code_id(code) if code is not None else None


def _now(checkout: Checkout, certificate: Certificate, time: datetime) -> Now:
    return Now(
        code=_code_id(checkout, "HEAD", certificate.environment),
        production_code=_code_id(checkout, "HEAD", certificate.against),
        template_tree=tree_at(checkout.root, "HEAD", checkout.roots.template(certificate.template)),
        time=time,
    )

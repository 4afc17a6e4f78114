"""Hold a clone of a checkout against its source, by code: parity, contract and leaks. No credentials."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.clients.git.checkout import Checkout
from bot.core.hcl.address_patterns import key_of
from bot.core.parity.base_contract import with_breaches_of, with_leaks_of
from bot.core.parity.by_code.apart import not_apart
from bot.core.parity.by_code.code_side import CodeSide, read_side
from bot.core.parity.by_code.compare import compare
from bot.core.parity.by_code.leaks import leaks
from bot.core.parity.leaks import Leak, unwaived
from bot.core.parity.report import Difference, Parity
from bot.core.requests.accounts import other_accounts
from bot.errors import Finding, Unverifiable
from bot.model.environment import MANIFEST
from bot.model.modules import place_of
from bot.model.roots import Roots
from bot.model.yaml_document import line_of
from bot.names import EnvironmentName
from bot.runs.plan.base.contract import base_contract, contradicted
from bot.runs.plan.base.history import History
from bot.runs.plan.verify import Templates


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, also as findings with file and line for whatever fails the check."""

    parity: Parity
    leaks: Sequence[Leak]
    findings: Sequence[Finding]

    @property
    def holds(self) -> bool:
        return not self.findings


def check_parity(
    checkout: Checkout,
    name: EnvironmentName,
    against: EnvironmentName | None,
    now: datetime,
    *,
    history: History | None = None,
) -> Checked:
    """Return how an environment differs from `against`, or from the one that it was cloned from.

    With the base branch's `history` it is held to that branch's contract as well (`base_contract`).
    Raises `Unverifiable` for an environment that is no clone, and when one of the two, or the template at the clone's
    revision, is not there.
    """
    clone = _side(checkout, name)
    source = against or clone.manifest.source
    if source is None:
        another = (each for each in checkout.environments() if each != name)
        raise Unverifiable(
            f"`{name}` is not a clone. Name a clone, as in `envclone parity demo-x`, or say what to compare it with: "
            f"`--against {next(another, 'NAME')}`."
        )
    production = _side(checkout, source)
    if production.manifest.template != clone.manifest.template:
        raise Unverifiable(
            f"`{name}` comes from template {clone.manifest.template} and `{source}` from {production.manifest.template}: "
            "only environments of the same template can be compared. Choose another `--against`."
        )
    template = Templates(checkout).at(clone.manifest)
    found = compare(production, clone, template, now)
    policy = checkout.policy_at(history.base) if history is not None else checkout.policy()
    others = other_accounts(clone.manifest, policy)
    parity, leaked = found.parity, leaks(found, clone, now, others=others)
    against_base: Sequence[Finding] = ()
    held = base_contract(checkout, history, clone.manifest, template) if history is not None else None
    if held is not None:
        again = compare(production, clone, held, now, evaluated=found.production)
        parity = with_breaches_of(parity, again.parity)
        leaked = with_leaks_of(leaked, leaks(again, clone, now, others=others))
        against_base = contradicted(checkout, clone, held)
    same = (
        not_apart(production, clone, found.identity.cloud, checkout.roots.environment(name))
        if source == clone.manifest.source
        else ()
    )
    return Checked(parity, leaked, [*same, *_findings(parity, leaked, clone, checkout.roots), *against_base])


def _side(checkout: Checkout, name: EnvironmentName) -> CodeSide:
    files = checkout.code(name)
    if not files:
        known = ", ".join(checkout.environments()) or "none"
        raise Unverifiable(f"{checkout.roots.environment(name)} does not exist; there are: {known}.")
    return read_side(files, checkout.roots.environment(name))


def _findings(parity: Parity, leaked: Sequence[Leak], clone: CodeSide, roots: Roots) -> Iterator[Finding]:
    here = roots.environment(parity.environment)
    for each in parity.unexplained:
        owner = here if each.kind != "missing" and each.file in clone.files else roots.environment(parity.against)
        yield Finding(place_of(owner, each.file), each.line or 1, _said(each, parity))
    text = clone.files[MANIFEST].data.decode()
    for breach in parity.breaches:
        yield Finding(f"{here}/{MANIFEST}", line_of(text, ["purpose"]), f"{breach.message}.")
    for leak in unwaived(leaked):
        yield Finding(place_of(here, leak.place), leak.line, leak.message)


def _said(each: Difference, parity: Parity) -> str:
    key = key_of(each.address, each.attribute)
    if each.kind == "missing":
        return f"`{key}` is missing from {parity.environment}, and no parameter causes that."
    if each.kind == "extra":
        return f"`{key}` is not in {parity.against}, and no parameter causes that."
    return f"`{key}` is `{each.clone}` and in {parity.against} `{each.production}`, and no parameter causes that."

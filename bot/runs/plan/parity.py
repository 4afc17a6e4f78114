"""Compare a planned clone with what it was cloned from: with the snapshot of its state, or by code alone where there is none.

Security. The source's files are those of the base branch at the snapshot's commit; nothing of the pull request decides with
what it is compared. The parameters, waivers included, are the clone's own: reviewers see them. The contract is that of the base
branch's template (`base_contract`), and the clone's own where that demands more; what its own demands less is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of
from bot.core.hcl.local_modules import code_id, modules_outside
from bot.core.parity.base_contract import ByBase, with_breaches_of, with_leaks_of
from bot.core.parity.by_code import compare as by_code
from bot.core.parity.by_code.apart import not_apart
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.leaks import leaks
from bot.core.parity.by_plan.compare import PlannedStack, PlanSide, PlanSides, compare
from bot.core.parity.by_plan.leaks import planned_leaks
from bot.core.parity.by_plan.report import ReportContext, report
from bot.core.parity.by_plan.snapshot import SourceSnapshot
from bot.core.parity.by_plan.translation import Translation
from bot.core.parity.certificate import Certificate, CertifiedSubject, certify
from bot.core.parity.identity import REGION
from bot.core.parity.leaks import Leak, unwaived
from bot.core.parity.report import Parity
from bot.core.parity.waivers import Waivers
from bot.core.plans.environment_plan import EnvironmentPlan
from bot.core.plans.stack_inputs import Inputs
from bot.core.rendering.assemble import TemplateAt, read_manifest
from bot.core.requests.accounts import other_accounts
from bot.core.tree import Tree, tree_id
from bot.errors import Finding, Unverifiable
from bot.model.environment import Manifest
from bot.model.modules import place_of
from bot.model.policy import Policy
from bot.names import StepName
from bot.runs.plan.base.contract import base_contract
from bot.runs.plan.base.history import History
from bot.runs.plan.base.proof import demands_less
from bot.runs.plan.verify import Templates
from bot.runs.reviewed_commit import OnGitHub

NEVER_APPLIED = "{against} has no state: it was never applied, so this is a comparison of code alone."
NO_SNAPSHOT = (
    "No snapshot of {against} was given (its account is not in the policy), so this is a comparison of code alone."
)
LOOSENED = "**The template of this clone demands less than the base branch's:** {less}."


@dataclass(frozen=True, slots=True)
class ParityBase:
    """What clones are compared with: the base branch's commit and policy, and the snapshot of the source's state, if one was taken."""

    commit: str = "HEAD"
    snapshot: SourceSnapshot | None = None
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class ParityResult:
    """How a planned clone compares with its source, and what of it leaked into the plan.

    `note` says why the depth is no greater; `certificate` is there if all of it holds.
    """

    parity: Parity
    note: str
    leaks: Sequence[Leak] = ()
    certificate: Certificate | None = None

    @property
    def holds(self) -> bool:
        return self.parity.holds and not unwaived(self.leaks)


@dataclass(frozen=True, slots=True)
class PlannedParity:
    """A clone held against its source by code: the first half, before anything is planned. Code is with the modules outside."""

    manifest: Manifest
    source: Manifest
    source_code: Tree
    clone_code: Tree
    commit: str
    snapshot: SourceSnapshot | None
    template: TemplateAt
    compared: by_code.CodeComparison
    leaks: Sequence[Leak]
    demands_less: Sequence[str] = ()
    """What the base branch's template demands of clones, and the clone's own does not."""
    by_base: ByBase | None = None
    """The same by the base branch's contract, where the clone's own template is not from there."""

    def findings(self) -> Sequence[Finding]:
        """Return where it is its source, and the leaks in its code: then nothing is planned, for a plan may act on what it reaches."""
        where = self.template.roots.environment(self.manifest.name)
        same = not_apart(self.compared.source, CodeSide(self.manifest, self.clone_code), self.template.cloud, where)
        return same or [Finding(place_of(where, leak.place), leak.line, leak.message) for leak in unwaived(self.leaks)]


def compare_code(
    manifest: Manifest,
    checkout: Checkout,
    against: ParityBase,
    now: datetime,
    *,
    on: OnGitHub | None = None,
) -> PlannedParity | None:
    """Hold a clone against its source by code; None when it was not cloned. `on` tells how commits of the base branch were merged.

    Raises `Unverifiable`, `InvalidInput`, `Transient`.
    """
    if manifest.source is None:
        return None
    snapshot = against.snapshot
    commit = commit_of(checkout.root, snapshot.commit if snapshot is not None else against.commit)
    files = checkout.environment_at(manifest.source, commit)
    if not files:
        raise Unverifiable(
            f"{checkout.roots.environment(manifest.source)} does not exist at commit {commit[:12]}: fetch the full history."
        )
    if snapshot is not None and (snapshot.environment, snapshot.tree) != (manifest.source, tree_id(files)):
        raise Unverifiable(f"The snapshot does not match {manifest.source} at commit {commit[:12]}: take it again.")
    source, code = read_manifest(files, checkout.roots.environment(manifest.source)), checkout.code(manifest.name)
    template, side = Templates(checkout).at(manifest), CodeSide(manifest, code)
    # A change of a module reaches both with the same merge, so both are compared with the modules as they are here.
    theirs = {**files, **modules_outside(files, checkout.modules_of(manifest.source))}
    compared = by_code.compare(CodeSide(source, theirs), side, template, now)
    others = other_accounts(manifest, against.policy)
    found = leaks(compared, side, now, others=others)
    planned = PlannedParity(manifest, source, theirs, code, commit, snapshot, template, compared, found)
    less: Sequence[str] = ()
    by_base, history = None, History(checkout.root, against.commit, on)
    held = base_contract(checkout, history, manifest, template)
    if held is not None or not history.had(checkout.roots.template(manifest.template), manifest.revision):
        less = demands_less(checkout, against.commit, template)
    if held is not None:
        again = by_code.compare(compared.source, side, held, now, evaluated=compared.production)
        by_base = ByBase(held, again, leaks(again, side, now, others=others))
        found = with_leaks_of(found, by_base.leaks)
    return replace(planned, leaks=found, demands_less=less, by_base=by_base)


def parity_result(planned: EnvironmentPlan, comparison: PlannedParity, now: datetime) -> ParityResult:
    """Return the whole comparison of a planned clone."""
    manifest, snapshot = comparison.manifest, comparison.snapshot
    contracts = [(comparison.template, comparison.compared)]
    if comparison.by_base is not None:
        contracts.append((comparison.by_base.template, comparison.by_base.compared))
    leaked: Sequence[Leak] = [leak for leak in comparison.leaks if leak.waiver is not None]
    for _, compared in contracts:
        more = planned_leaks(planned, compared.identity, snapshot, Waivers(manifest.waivers, now))
        leaked = with_leaks_of(leaked, list(more))
    found, *others = [_found(planned, comparison, *contract, now=now) for contract in contracts]
    for other in others:
        found = with_breaches_of(found, other)
    note = ""
    if found.depth == "code":
        note = (NO_SNAPSHOT if snapshot is None else NEVER_APPLIED).format(against=comparison.source.name)
    less = LOOSENED.format(less="; ".join(comparison.demands_less)) if comparison.demands_less else ""
    parity = ParityResult(found, " ".join(filter(None, (less, note))), leaked)
    subject = CertifiedSubject(
        planned.commit,
        code_id(comparison.clone_code),
        comparison.commit,
        code_id(comparison.source_code),
        manifest.template,
        manifest.revision,
    )
    return replace(parity, certificate=certify(found, leaked, subject, now)) if parity.holds else parity


def _found(
    planned: EnvironmentPlan,
    comparison: PlannedParity,
    template: TemplateAt,
    compared: by_code.CodeComparison,
    *,
    now: datetime,
) -> Parity:
    """Return the comparison by the contract of a template: by plan where the source is applied, by code otherwise."""
    manifest, source, snapshot = comparison.manifest, comparison.source, comparison.snapshot
    if snapshot is None or not snapshot.is_applied:
        return compared.parity
    sides = PlanSides(PlanSide(comparison.source_code, source.stacks), PlanSide(comparison.clone_code, manifest.stacks))
    result = compare(snapshot, _stacks(planned, manifest), sides, who(template, source, manifest))
    context = ReportContext(template, source, manifest, compared.parity, now, compared.clone.leaves, snapshot.key)
    return report(result, context)


def who(template: TemplateAt, source: Manifest, clone: Manifest) -> Translation:
    """Return the translation that the two manifests tell: what is identity, and the region."""
    return Translation.of(
        (
            (source.parameters[name], clone.parameters[name])
            for name, parameter in template.declaration.parameters.items()
            if (parameter.identity or name == REGION) and name in source.parameters and name in clone.parameters
        ),
        template.cloud,
    )


def _stacks(planned: EnvironmentPlan, manifest: Manifest) -> Mapping[StepName, PlannedStack]:
    return {
        stack.name: PlannedStack(manifest.stacks[stack.name], stack.plan, stack.inputs or Inputs({}), stack.downloaded)
        for stack in planned.stacks
    }

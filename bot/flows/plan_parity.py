"""Compare a planned clone with what it was cloned from: with the snapshot of its state, or by code alone where there is none.

Security. The source's files are those of the base branch at the snapshot's commit; nothing of the pull request decides with
what it is compared. The parameters, waivers included, are the clone's own: reviewers see them, and the contract is the template's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.clients.checkout import Checkout
from bot.clients.commits import commit_of
from bot.core.assemble import read_manifest
from bot.core.inputs import Inputs
from bot.core.parity import code
from bot.core.parity.certificate import Certificate
from bot.core.parity.identity import REGION
from bot.core.parity.plan_compare import PlannedStack, Side, compare
from bot.core.parity.plan_report import Context, report
from bot.core.parity.plan_snapshot import Snapshot
from bot.core.parity.plan_translation import Translation
from bot.core.parity.report import Parity
from bot.core.planned import EnvironmentPlan
from bot.core.render import Declarations
from bot.core.tree import tree_id
from bot.environment import Manifest, directory
from bot.errors import Unverifiable
from bot.flows.verify import Templates
from bot.names import StepName

NEVER_APPLIED = "{against} has no state: it was never applied, so this is a comparison of code alone."
NO_SNAPSHOT = (
    "No snapshot of {against} was given (its account is not in the policy), so this is a comparison of code alone."
)


@dataclass(frozen=True, slots=True)
class Against:
    """What clones are compared with: the base branch's commit, and the snapshot of the source's state, if one was taken."""

    commit: str = "HEAD"
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a planned clone compares with its source. `note` says why the depth is no greater; `certificate` is there if it holds."""

    parity: Parity
    note: str
    certificate: Certificate | None = field(default=None)


def likeness(
    planned: EnvironmentPlan, manifest: Manifest, checkout: Checkout, against: Against, now: datetime
) -> Likeness | None:
    """Return the comparison; None when the environment was not cloned from anything. Raises `Unverifiable`, `InvalidInput`."""
    if manifest.source is None:
        return None
    snapshot = against.snapshot
    commit = commit_of(checkout.root, snapshot.commit if snapshot is not None else against.commit)
    files = checkout.environment_at(manifest.source, commit)
    if not files:
        raise Unverifiable(
            f"{directory(manifest.source)} is not there at commit {commit[:12]}: fetch the whole history."
        )
    if snapshot is not None and (snapshot.environment, snapshot.tree) != (manifest.source, tree_id(files)):
        raise Unverifiable(f"The snapshot is not of {manifest.source} as it is at commit {commit[:12]}: take it again.")
    source = read_manifest(files, directory(manifest.source))
    ours = checkout.environment(manifest.name)
    template = Templates(checkout).at(manifest)
    by_code = code.compare(code.Side(source, files), code.Side(manifest, ours), template, now).parity
    found, note = by_code, (NO_SNAPSHOT if snapshot is None else NEVER_APPLIED).format(against=manifest.source)
    if snapshot is not None and snapshot.is_applied:
        sides = Side(files, source.stacks), Side(ours, manifest.stacks)
        translation = who(template.declaration.parameters, source, manifest)
        result = compare(snapshot, _stacks(planned, manifest), sides, translation)
        found, note = report(result, Context(template, source, manifest, by_code, now)), ""
    trees = tree_id(ours), tree_id(files)
    certificate = _certificate(planned, manifest, found, (commit, *trees), now) if found.holds else None
    return Likeness(found, note, certificate)


def who(declared: Declarations, source: Manifest, clone: Manifest) -> Translation:
    """Return the translation that the two manifests tell: what is identity, and the region."""
    return Translation.of(
        (source.parameters[name], clone.parameters[name])
        for name, parameter in declared.items()
        if (parameter.identity or name == REGION) and name in source.parameters and name in clone.parameters
    )


def _stacks(planned: EnvironmentPlan, manifest: Manifest) -> Mapping[StepName, PlannedStack]:
    return {
        stack.name: PlannedStack(manifest.stacks[stack.name], stack.plan, stack.inputs or Inputs({}))
        for stack in planned.stacks
    }


def _certificate(
    planned: EnvironmentPlan, manifest: Manifest, found: Parity, at: tuple[str, str, str], now: datetime
) -> Certificate:
    commit, tree, production_tree = at
    waivers = [each.waiver for each in found.differences if each.waiver is not None and not each.is_explained]
    return Certificate(
        environment=manifest.name,
        commit=planned.commit,
        tree=tree,
        against=found.against,
        production_commit=commit,
        production_tree=production_tree,
        template=manifest.template,
        template_tree=manifest.revision,
        depth=found.depth,
        compared=found.compared,
        deviations=len(found.differences),
        waivers=tuple(dict.fromkeys(waiver.what for waiver in waivers)),
        holds_until=min((waiver.expires_at for waiver in waivers), default=None),
        issued_at=now,
    )

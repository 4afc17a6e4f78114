"""Why nothing of an environment may be planned: what is held against its code before Terraform is started with credentials."""

from collections.abc import Sequence

from bot.clients.git.commits import commit_of
from bot.clouds.registry import FACTS
from bot.core.checks.backend import StatePlace, state_place
from bot.core.checks.second_production import claimed_states
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.accounts import account_of
from bot.core.requests.approvals import refusal
from bot.core.requests.preflight import CheckRules, code_findings
from bot.core.tree import Tree
from bot.errors import Finding, HandEdit
from bot.hooks.validate import JUDGES
from bot.model.environment import MANIFEST
from bot.names import EnvironmentName, is_valid
from bot.runs.plan.base.history import History
from bot.runs.plan.base.proof import unproved
from bot.runs.plan.context import PlanContext
from bot.runs.plan.verify import verify_environments


def refusals(name: EnvironmentName, files: Tree, context: PlanContext) -> Sequence[Finding]:
    """Return why the code may not be planned: as every check before it, or because it is not what its template renders."""
    manifest = read_manifest(files, context.policy.roots.environment(name))
    found = code_findings(CodeSide(manifest, files), CheckRules(context.policy, FACTS, JUDGES))
    place = state_place(manifest, account_of(manifest, context.policy), context.policy, FACTS)
    return found or [
        *(_claimed(place, context) if place.adopted else ()),
        *_unapproved(name, context),
    ]


def _claimed(place: StatePlace, context: PlanContext) -> Sequence[Finding]:
    """Return which states that an environment adopts are another's: here, or on the base branch, where what this change moves or removes still is."""
    checkout, base = context.checkout, context.against.commit
    here = {name: checkout.environment(name) for name in _valid(checkout.environments())}
    before = {name: checkout.environment_at(name, base) or {} for name in _valid(checkout.environments_at(base))}
    where = context.policy.roots.environment(place.owner)
    others = [{name: files for name, files in side.items() if name != place.owner} for side in (here, before)]
    return list(dict.fromkeys(finding for side in others for finding in claimed_states(place, side, where)))


def _valid(texts: Sequence[str]) -> Sequence[EnvironmentName]:
    return [EnvironmentName(text) for text in texts if is_valid(EnvironmentName, text)]


def _unapproved(name: EnvironmentName, context: PlanContext) -> Sequence[Finding]:
    """Return what the base branch doesn't prove, unless this very commit was approved: this job holds credentials, so it asks itself."""
    verified = verify_environments(context.checkout, [name])
    on = context.proposed.on if context.proposed is not None else None
    found = unproved(context.checkout, History(context.checkout.root, context.against.commit, on), name, verified)
    wrong = [each for each in verified.checked() if not isinstance(each, HandEdit)]
    if found is None or wrong:
        return wrong
    if context.proposed is not None and context.proposed.approved_by(name, context.policy) is not None:
        return ()
    said = refusal(found, commit_of(context.checkout.root), context.policy)
    return [*found.reasons, Finding(f"{context.policy.roots.environment(name)}/{MANIFEST}", 1, said)]

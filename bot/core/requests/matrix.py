"""Which environments a change touches, or a look for drift is due to, and how Actions reach the account of each.

The roles come from the policy of the base branch, never from the change: a pull request can't choose the credentials that
plan it. Whatever can't be decided for certain is a complaint, and a complaint fails the job (it fails closed).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from bot.core.checks.terraform_version import terraform_version
from bot.core.plans.required_check import MOST_JOBS
from bot.core.requests.accounts import account_value, named_account
from bot.core.requests.destroy import removable
from bot.errors import InvalidInput, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy, Tool
from bot.model.roots import Roots
from bot.names import EnvironmentName, shown

Phase = Literal["plan", "queue", "apply", "drift"]
"""What targets are for; a `queue` of merges is checked as plans are, but nothing is planned there."""
PROPOSED: frozenset[Phase] = frozenset({"plan", "queue"})

_MOST_NAMED = 5

MOST_MATRICES = 3
"""Jobs with a matrix that plan.yml, apply.yml and drift.yml have. Of four, the artifacts of all plans would be more than the 1,000 that a job can list."""
LONGEST_OUTPUT = 450_000
"""Characters of all matrices together: GitHub takes 1 MB of a job's outputs, and counts two bytes for each character."""


@dataclass(frozen=True, slots=True)
class Target:
    """An environment to be planned or applied, with the role for its account.

    A clone's plan is compared with what it was cloned from, `source`; the role is the one that reads there. Without a role
    (the policy does not name that account, or it is in another cloud) it is compared by code alone. `identity` is what else a
    cloud must be told to give credentials, by its own names. `terraform` is the version of `tool` that plans or applies it.
    """

    environment: EnvironmentName
    change: Literal["create", "update", "destroy"]
    account: str
    region: str
    role: str
    bucket: str
    cloud: str = ""
    terraform: str = ""
    tool: Tool = "terraform"
    source: str = ""
    source_account: str = ""
    source_region: str = ""
    source_role: str = ""
    identity: Mapping[str, str] = field(default_factory=dict)
    source_identity: Mapping[str, str] = field(default_factory=dict)

    def row(self) -> dict[str, str]:
        """Return the target as a row of a workflow's matrix, all texts."""
        plain = (each.name for each in fields(self) if each.name not in {"identity", "source_identity"})
        return {
            **{name: str(getattr(self, name)) for name in plain},
            **self.identity,
            **{f"source_{name}": value for name, value in self.source_identity.items()},
        }


@dataclass(frozen=True, slots=True)
class Targets:
    """What a change touches. With complaints nothing may be planned or applied; some may be about what can't even be read.

    `held` is touched and not among the targets: a rollout applies it.
    """

    targets: tuple[Target, ...]
    complaints: tuple[str, ...]
    is_unreadable: bool = False
    held: tuple[EnvironmentName, ...] = ()

    def matrices_in_turn(self, turn: int) -> list[dict[str, list[dict[str, str]]]]:
        """Return the matrices of jobs that look at as many environments as fit; as many turns as it takes come to each of them.

        So do the first matrices alone, if later: a `drift.yml` of an earlier version has one job with a matrix. Neighbours by name
        share a turn: if each had the next one, a new environment would move all behind it to other turns.
        """
        rows = [target.row() for target in self.targets]
        longest = max((len(json.dumps(row)) for row in rows), default=0) + len(", ")
        parts = max(-(-len(rows) // min(MOST_JOBS, LONGEST_OUTPUT // (MOST_MATRICES * longest))), 1)
        turns = -(-parts // MOST_MATRICES)
        found = dict.fromkeys((turn + number * turns) % parts for number in range(MOST_MATRICES))
        return [{"include": rows[len(rows) * part // parts : len(rows) * (part + 1) // parts]} for part in found]

    def matrices(self) -> list[dict[str, list[dict[str, str]]]]:
        """Return the matrices of jobs that together have a row for each environment; the first may be empty, no other is."""
        starts = range(0, max(len(self.targets), 1), MOST_JOBS)
        return [{"include": [each.row() for each in self.targets[start : start + MOST_JOBS]]} for start in starts]

    def accounts(self) -> dict[str, list[dict[str, str]]]:
        """Return the matrix of a job that looks at all environments of an account at once, one row an account."""
        rows = {
            target.account: {
                "account": target.account,
                "region": target.region,
                "role": target.role,
                "cloud": target.cloud,
                **target.identity,
            }
            for target in self.targets
        }
        return {"include": list(rows.values())}


@dataclass(frozen=True, slots=True)
class MatrixChange:
    """The directory of an environment that a change touches: its manifest before and after, or why there is none.

    `source` is the manifest of what it was cloned from, as it is on the base branch; `sources` are that one, what it was
    cloned from itself, and so on, as the change leaves them.
    """

    name: str
    before: Manifest | str | None
    after: Manifest | str | None
    source: Manifest | None = None
    sources: tuple[EnvironmentName, ...] = ()


def targets(changes: Sequence[MatrixChange], policy: Policy, phase: Phase) -> Targets:
    """Return the environments that `changes` touch, in order of their names."""
    found: list[Target] = []
    complaints: list[str] = []
    for change in sorted(changes, key=lambda c: c.name):
        outcome = _target(change, policy, phase)
        if isinstance(outcome, Target):
            found.append(outcome)
        else:
            complaints.append(outcome)
    if phase in ("plan", "apply") and (
        len(found) > MOST_JOBS * MOST_MATRICES or len(json.dumps([each.row() for each in found])) > LONGEST_OUTPUT
    ):
        complaints.append(_too_many(len(found)))
    is_unreadable = any(isinstance(manifest, str) for change in changes for manifest in (change.before, change.after))
    return Targets(tuple(found), tuple(complaints), is_unreadable)


def moved_roots(before: Roots, after: Roots, names: Sequence[str]) -> Sequence[str]:
    """Return why a change may not say that environments lie elsewhere: those that are there, `names`, would be found no more.

    Their templates are found by the same pair, and further pairs are added at any time.
    """
    kept = {name: pair for name in names if (pair := before.pair(name)) == after.pair(name)}
    found = {name for name, pair in kept.items() if before.directories(pair) == after.directories(pair)}
    moved = [name for name in names if name not in found]
    if not moved:
        return ()
    named = ", ".join(map(shown, moved[:_MOST_NAMED]))
    places = list(dict.fromkeys(before.directories(before.pair(name)) for name in moved))
    said = (
        f"{POLICY}: `roots` can't change while there are environments ({named}{', …' if len(moved) > _MOST_NAMED else ''}): nobody would "
        f"find them in {' and '.join(f'`{each}/`' for each, _ in places)} any more. Keep "
        f"{'; '.join(f'`environments: {one}` and `templates: {other}`' for one, other in places)}. "
        "To move them, destroy the clones; then let an administrator merge the new `roots` with the moved directories, rendered again "
        "(`envclone render NAME --overwrite`), and nothing else."
    )
    return [said]


def _too_many(count: int) -> str:
    return (
        f"{count:,} environments are affected at once, which is more than the jobs of one run can handle (at most "
        f"{MOST_JOBS * MOST_MATRICES}; fewer if roles and buckets have very long names), so none of them could run. "
        "Split the change: roll a template out (`/sync NAME`); copy a shared module under another name, and let environments "
        "move to that. To apply what is merged already, start the workflow `apply` by hand for each environment."
    )


def _target(change: MatrixChange, policy: Policy, phase: Phase) -> Target | str:
    try:
        name = EnvironmentName(change.name)
    except InvalidInput as error:
        return f"{shown(policy.roots.environment(change.name))}: {error}"
    where = f"{policy.roots.environment(name)}/{MANIFEST}"
    if change.after is None:
        return _removed(name, change.before, policy, phase)
    if isinstance(change.after, str):
        return change.after
    if isinstance(change.before, Manifest) and account_value(change.before, policy) != account_value(
        change.after, policy
    ):
        return f"{where}: an environment can't move to another account. Clone it there, then destroy this one."
    if phase in PROPOSED and (complaint := _unsourced(name, change, change.after.source, policy)):
        return f"{where}: {complaint}"
    if phase in PROPOSED and (complaint := _kept_data(name, change.before, change.after, policy)):
        return f"{where}: {complaint}"
    target = _reached(change.after, policy, phase, "create" if change.before is None else "update")
    return _with_source(target, change.source, policy) if isinstance(target, Target) and phase == "plan" else target


def _unsourced(name: EnvironmentName, change: MatrixChange, source: EnvironmentName | None, policy: Policy) -> str:
    """Return why an environment can't be held against what it was cloned from; nothing if it can, or is protected."""
    if name in (source, *change.sources):
        return (
            f"the chain of `source` leads back to `{name}` itself. Set `source` to the environment that it was "
            "cloned from, for example `source: production`."
        )
    if source is not None or name in policy.protected:
        return ""
    # Without this, a manifest written by hand would leave out one line and with it parity, contract and leaks.
    return (
        "`source` is missing, so there is nothing to compare this environment with. Set the environment that it was "
        f"cloned from, for example `source: production`; or, if others are cloned from `{name}`, first add it to "
        f"`protected` in {POLICY} on the default branch."
    )


def _kept_data(name: EnvironmentName, before: Manifest | str | None, after: Manifest, policy: Policy) -> str:
    """Return why an environment's data may not be made again; nothing if nobody asks for that, or it may."""
    if not isinstance(before, Manifest) or before.data_reset_at == after.data_reset_at:
        return ""
    try:
        removable(name, before, policy)
    except UserError as error:
        return f"`data_reset_at` would undo what fills it with data, which must not be lost: {error} Set `data_reset_at` back to what it was."
    return ""


def _removed(name: EnvironmentName, before: Manifest | str | None, policy: Policy, phase: Phase) -> Target | str:
    """Return the environment as one to be destroyed, unless it may not be."""
    where = f"{policy.roots.environment(name)}/{MANIFEST}"
    if before is None:
        return f"{policy.roots.environment(name)} has no {MANIFEST} and never had one on this branch: it is not an environment."
    if isinstance(before, str):
        return f"{before} Fix it before removing the directory: destroy needs it."
    try:
        removable(name, before, policy)
    except UserError as error:
        return f"{where}: it can't be removed: {error}"
    return _reached(before, policy, phase, "destroy")


def _reached(
    manifest: Manifest, policy: Policy, phase: Phase, change: Literal["create", "update", "destroy"]
) -> Target | str:
    found = named_account(manifest, policy)
    if isinstance(found, str):
        return f"{policy.roots.environment(manifest.name)}/{MANIFEST}: {found}"
    reach = found.account
    role = reach.apply_role if phase == "apply" else reach.plan_role
    return Target(
        manifest.name,
        change,
        found.id,
        reach.region,
        role,
        reach.state_bucket,
        cloud=reach.cloud,
        identity=reach.identity,
        terraform=terraform_version({}, policy),
        tool=policy.tool,
    )


def _with_source(target: Target, source: Manifest | None, policy: Policy) -> Target:
    found = named_account(source, policy) if source is not None else ""
    if source is None or isinstance(found, str) or found.account.cloud != target.cloud:
        return target
    return replace(
        target,
        source=str(source.name),
        source_account=found.id,
        source_region=found.account.region,
        source_role=found.account.plan_role,
        source_identity=found.account.identity,
    )

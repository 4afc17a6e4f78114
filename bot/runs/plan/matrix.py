"""Find the environments that a change touches, and prove each of them, without credentials."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import file_at
from bot.clients.git.history.changes import change_of
from bot.clouds.registry import FACTS
from bot.core.checks.terraform_version import terraform_version
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import read_manifest, read_policy, read_roots
from bot.core.requests.approvals import refusal
from bot.core.requests.matrix import PROPOSED, MatrixChange, Phase, Target, Targets, moved_roots, targets
from bot.core.requests.preflight import CheckRules, code_findings
from bot.core.rollout.held import holds
from bot.errors import Finding, InvalidInput, UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.names import EnvironmentName
from bot.runs.plan.approvals import ProposedCommit
from bot.runs.plan.base.history import History
from bot.runs.plan.base.proof import other_findings, unproved
from bot.runs.plan.code_parity import check_parity
from bot.runs.plan.manifests import NO_COMMIT, Manifests, git_of
from bot.runs.plan.module_callers import calling
from bot.runs.plan.verify import Verified, verify_environments


@dataclass(frozen=True, slots=True)
class Span:
    """From which commit to which. `base` is the base branch's, whose policy counts; `proposed` is the pull request, if it is one."""

    base: str
    head: str
    proposed: ProposedCommit | None = None


def find_targets(
    root: Path,
    span: Span,
    phase: Phase,
    only: str | None = None,
    *,
    now: datetime | None = None,
) -> Targets:
    """Return what `span` touches in the checkout at `root`, whose work tree is at the head.

    With `only`, that environment alone, changed or not (a run by hand). Drift is looked for in every environment. A plan's
    targets are verified and held against the gate and against what they were cloned from here, before there are credentials,
    and a clone must be one that can be destroyed again; `now` decides which waivers are in force. What only a module changes, and a
    rollout applies, is held. What the base branch doesn't prove needs an approval of the proposed commit. Raises `Transient`, `Unverifiable` when git can't tell.
    """
    policy = Checkout(root).policy_at(span.base if span.base != NO_COMMIT else span.head)
    checkout = Checkout(root, policy.roots)
    touched = _touched(checkout, span, phase, only)
    held = touched.held if phase == "apply" and holds(policy, _policy_after(checkout, span)) else ()
    at_once = [each for each in touched.changes if each.name not in held]
    found = replace(_with_clouds(targets(at_once, policy, phase)), held=held)
    found = replace(found, targets=tuple(_with_version(checkout, target, policy) for target in found.targets))
    if phase in PROPOSED and (broken := _of_policy(checkout, span)):
        found = replace(found, complaints=(*broken, *found.complaints))
    if phase not in PROPOSED or not found.targets:
        return found
    # What is removed is planned by the code of the base branch, which was proved when it came there.
    present = [target.environment for target in found.targets if target.change != "destroy"]
    verified = verify_environments(checkout, present) if present else Verified((), ())
    at, history = now or datetime.now(UTC), _history(checkout, span)
    findings = [
        *other_findings(verified),
        # What waits in a queue was approved in its own pull request, for a commit that is not this one.
        *(line for name in present if phase == "plan" for line in _unapproved(checkout, span, name, verified)),
        *(
            str(finding)
            for name in present
            for finding in (*_gated(checkout, name, policy), *_apart(checkout, name, at, history))
        ),
    ]
    is_unreadable = found.is_unreadable or bool(verified.unreadable)
    return replace(found, complaints=(*found.complaints, *findings), is_unreadable=is_unreadable)


def _policy_after(checkout: Checkout, span: Span) -> Policy | None:
    try:
        return checkout.policy_at(span.head)
    except UserError:
        return None


def _of_policy(checkout: Checkout, span: Span) -> Sequence[str]:
    """Return why a pull request may not change the policy so: nobody could read it, or environments would lie elsewhere."""
    text = file_at(checkout.root, span.head, POLICY)
    if text == file_at(checkout.root, span.base, POLICY):
        return ()
    try:
        read_policy(text, FACTS)
        after = read_roots(text)
    except UserError as error:
        return str(error).splitlines()
    if after == checkout.roots:
        return ()
    manifests, names = Manifests(checkout), checkout.environments_at(span.base)
    manifests.read(span.base, names)
    there = [name for name in names if manifests.at(span.base, name) is not None]
    return moved_roots(checkout.roots, after, there)


def _with_clouds(found: Targets) -> Targets:
    """Return the targets with the cloud that an account is in where the policy names none: workflows choose by that word."""
    return replace(found, targets=tuple(replace(each, cloud=each.cloud or FACTS.key) for each in found.targets))


def _with_version(checkout: Checkout, target: Target, policy: Policy) -> Target:
    """Return a target with the version that its directory names; one that is removed has the policy's."""
    return replace(target, terraform=terraform_version(checkout.version_files(target.environment), policy))


def _unapproved(checkout: Checkout, span: Span, name: EnvironmentName, verified: Verified) -> Sequence[str]:
    """Return why an environment that the base branch doesn't prove may not be planned; nothing when it is proved or approved."""
    policy = checkout.policy_at(span.base)
    try:
        found = unproved(checkout, _history(checkout, span), name, verified)
    except UserError as error:
        return () if verified.unreadable else str(error).splitlines()
    if found is None or (span.proposed is not None and span.proposed.approved_by(name, policy) is not None):
        return ()
    return [*map(str, found.reasons), refusal(found, span.head, policy)]


def _history(checkout: Checkout, span: Span) -> History:
    return History(checkout.root, span.base, span.proposed.on if span.proposed is not None else None)


def _apart(checkout: Checkout, name: EnvironmentName, now: datetime, history: History) -> Sequence[Finding]:
    """Return what fails a clone's parity with its source; a source has none."""
    files, where = checkout.environment(name), checkout.roots.environment(name)
    if read_manifest(files, where).source is None:
        return []
    try:
        return check_parity(checkout, name, None, now, history=history).findings
    except UserError as error:
        return [Finding(f"{where}/{MANIFEST}", 1, line) for line in str(error).splitlines()]


def _gated(checkout: Checkout, name: EnvironmentName, policy: Policy) -> Sequence[Finding]:
    try:
        code = checkout.code(name)
    except UserError as error:
        return [Finding(checkout.roots.environment(name), 1, line) for line in str(error).splitlines()]
    side = CodeSide(read_manifest(code, checkout.roots.environment(name)), code)
    return code_findings(side, CheckRules(policy, FACTS, JUDGES))


@dataclass(frozen=True, slots=True)
class _Touched:
    """What a span touches. `by_module` are those of which only a module outside their directory changed."""

    changes: Sequence[MatrixChange]
    by_module: frozenset[str] = frozenset()

    @property
    def held(self) -> tuple[EnvironmentName, ...]:
        """Those that a rollout can apply: of what can't be read there is a complaint."""
        named = (each.after for each in self.changes if each.name in self.by_module)
        return tuple(sorted(manifest.name for manifest in named if isinstance(manifest, Manifest)))


def _touched(checkout: Checkout, span: Span, phase: Phase, only: str | None) -> _Touched:
    manifests = Manifests(checkout)
    if only and phase != "drift":
        return _Touched([_only(checkout, span, only, manifests)])
    own, by_module = (
        _changed(checkout, span) if phase != "drift" else ([only] if only else _all(checkout, span.head), [])
    )
    names = sorted({*own, *by_module})
    for commit in dict.fromkeys((span.base, span.head)):
        manifests.read(commit, names)
    changes = [_change(checkout, span, name, manifests) for name in names]
    present = changes if only else [each for each in changes if each.before is not None or each.after is not None]
    return _Touched(present, frozenset(by_module) - frozenset(own))


def _all(checkout: Checkout, commit: str) -> Sequence[str]:
    roots = [f"{root}/" for root in checkout.roots.of_environments]
    paths = git_of(checkout, "ls-tree", "-d", "--name-only", "-z", commit, *roots).split("\0")
    return [name for path in paths if (name := checkout.roots.environment_in(path)) is not None]


def _changed(checkout: Checkout, span: Span) -> tuple[Sequence[str], Sequence[str]]:
    """Return the environments whose directories a span changes, and those that call a module which it changes."""
    if span.base == NO_COMMIT:
        return [], []  # the first push of a branch changes nothing that was there
    start = git_of(checkout, "merge-base", span.base, span.head).strip()
    changed = git_of(checkout, "diff", "--name-only", "-z", "--no-renames", start, span.head)
    paths = [path for path in changed.split("\0") if path]
    own = {name for path in paths if (name := checkout.roots.environment_in(path)) is not None}
    return sorted(own), calling(checkout, span.head, paths)


def _only(checkout: Checkout, span: Span, name: str, manifests: Manifests) -> MatrixChange:
    """Return the environment of a run by hand; one whose directory is gone stands for the destroy that took it."""
    change = _change(checkout, span, name, manifests)
    if change.before is not None or change.after is not None:
        return change
    try:
        removal = change_of(checkout.root, checkout.roots.environment(EnvironmentName(name)))
    except InvalidInput:
        return change
    before = manifests.at(removal.parents[0], name) if removal and removal.parents else None
    return MatrixChange(name, before, None)


def _change(checkout: Checkout, span: Span, name: str, manifests: Manifests) -> MatrixChange:
    before, after = manifests.at(span.base, name), manifests.at(span.head, name)
    where = checkout.roots.environment(name)
    if after is None and before is not None and git_of(checkout, "ls-tree", span.head, where):
        after = f"{where}/{MANIFEST} is gone and the directory is not: remove both, or neither."
    source = after.source if isinstance(after, Manifest) else None
    found = manifests.at(span.base, source) if source else None
    sources = tuple(_sources(manifests, span.head, source)) if source else ()
    return MatrixChange(name, before, after, found if isinstance(found, Manifest) else None, sources)


def _sources(manifests: Manifests, commit: str, name: EnvironmentName | None) -> Sequence[EnvironmentName]:
    """Return an environment, what it was cloned from, and so on, until one was not or stands there already."""
    found: list[EnvironmentName] = []
    while name is not None and name not in found:
        found.append(name)
        manifest = manifests.at(commit, name)
        name = manifest.source if isinstance(manifest, Manifest) else None
    return found

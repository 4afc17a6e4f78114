"""An environment as it was at an earlier commit: its files as they were, to the byte, and its values; its life stays as it is now.

It must have been the same environment then: the name alone may have been another's, which is destroyed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.core.markdown import code
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import TemplateAt, manifest_file
from bot.core.rendering.inventory import Claim, Inventory, claims, clash, renamed
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.preflight import NOBODY, CheckRules, Judges, refusals
from bot.core.requests.refusal import Refused
from bot.core.tree import File, Tree
from bot.errors import UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import Policy


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """An environment as it was at a commit of the default branch, with the template that it was rendered from."""

    commit: str
    manifest: Manifest
    files: Tree
    template: TemplateAt


@dataclass(frozen=True, slots=True)
class RollbackSubject:
    """An environment as it is where it is changed, its template, and what the earlier version is held against."""

    manifest: Manifest
    files: Tree
    template: TemplateAt
    policy: Policy
    estate: Inventory
    source: CodeSide | None = None
    judges: Judges = NOBODY


RollbackDraft: TypeAlias = Changed | Unchanged | Refused


def draft_rollback(subject: RollbackSubject, earlier: EarlierVersion, now: datetime) -> RollbackDraft:
    """Return the environment as it was, that it is so already, or why it can't be again."""
    manifest = subject.manifest
    try:
        _refuse_another(subject, earlier)
        files = restored(earlier, manifest)
        if files == dict(subject.files):
            return Unchanged(f"No change: {code(manifest.name)} is as it was at {code(earlier.commit[:12])}.")
        becomes = restored_manifest(earlier.manifest, manifest)
        new = _new_claims(subject, earlier)
        side = CodeSide(becomes, {**files, **earlier.template.modules})
        found = compare(subject.source, side, earlier.template, now) if subject.source is not None else None
        rules = CheckRules(subject.policy, earlier.template.cloud, subject.judges)
        if refused := refusals(side, found, rules, now):
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            raise UserError(
                f"What {code(manifest.name)} was at {code(earlier.commit[:12])} would not pass the pull request's check now: "
                f"{refused[0]}{more}"
            )
    except UserError as error:
        return Refused(str(error))
    return Changed(becomes, files, new)


def restored_manifest(earlier: Manifest, now: Manifest) -> Manifest:
    """Return the earlier manifest with the owner and the life that the environment has now, and waivers as they were renewed since.

    A repair is part of that life: what it was before differs from it in nothing else.
    """
    renewed = {each.what: each for each in now.waivers}
    waivers = tuple(renewed.get(each.what, each) for each in earlier.waivers)
    life = {
        "owner": now.owner,
        "expires_at": now.expires_at,
        "ends_with": now.ends_with,
        "repaired_at": now.repaired_at,
    }
    return earlier.model_copy(update={**life, "waivers": waivers})


def restored(earlier: EarlierVersion, now: Manifest) -> Mapping[str, File]:
    """Return the files of the environment as it was, in its present life."""
    return {**earlier.files, MANIFEST: manifest_file(restored_manifest(earlier.manifest, now), earlier.template.roots)}


def _refuse_another(subject: RollbackSubject, earlier: EarlierVersion) -> None:
    then, now, at = earlier.manifest, subject.manifest, code(earlier.commit[:12])
    name = code(now.name)
    if (then.template, then.source, then.request) != (now.template, now.source, now.request):
        raise UserError(f"At {at}, {name} was another environment of that name. Name a later commit.")
    if then.state != now.state:
        raise UserError(
            f"The state of {name} lies elsewhere since {at}. Name a later commit, or bring the values back with `/set`."
        )
    present = subject.template.declaration.parameters
    declared, later = {**earlier.template.declaration.parameters, **present}, renamed(present)
    for parameter, value in then.parameters.items():
        names = {parameter, *later.get(parameter, ())}
        held = [now.parameters[each] for each in names if each in now.parameters]
        is_identity = any(declared[each].identity for each in names if each in declared)
        if is_identity and held and value not in held:
            raise UserError(
                f"At {at}, {code(parameter)} was {code(str(value))}, which identifies {name}: it would become another environment. "
                "Name a later commit."
            )


def _new_claims(subject: RollbackSubject, earlier: EarlierVersion) -> Sequence[Claim]:
    """Return the values that it held alone then and holds no more. Raises `UserError` when another environment has one now."""
    declared = earlier.template.declaration.parameters
    held = claims(subject.template.declaration.parameters, subject.manifest.parameters)
    new = [each for each in claims(declared, earlier.manifest.parameters) if each not in held]
    for each in new:
        others = subject.estate.held(each.parameter, declared[each.parameter], by_others_than=subject.manifest.name)
        holder = next((name for value, name in others if clash(declared[each.parameter], value, each.value)), None)
        if holder is not None:
            raise UserError(
                f"{code(each.parameter)} was {code(each.value)} at {code(earlier.commit[:12])}, and {code(holder)} has that now. "
                "Name a later commit."
            )
    return new

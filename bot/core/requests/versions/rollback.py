"""An environment as it was at an earlier commit: its files as they were, to the byte, and its values; its life stays as it is now.

It must have been the same environment then: the name alone may have been another's, which is destroyed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.core.checks.gate_rules import NOBODY, Judges
from bot.core.markdown import code
from bot.core.parity.base_contract import DEMANDED, held_to
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison, compare
from bot.core.rendering.assemble import TemplateAt, manifest_file
from bot.core.rendering.inventory import Claim, Inventory, allocated, claims, renamed
from bot.core.rendering.verify import contradictions
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.preflight import CheckRules, refusals
from bot.core.requests.refusal import Refused
from bot.core.tree import File, Tree
from bot.errors import Finding, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import Policy
from bot.model.template import Template
from bot.model.yaml_document import line_of


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """An environment as it was at a commit of the default branch, with the template that it was rendered from."""

    commit: str
    manifest: Manifest
    files: Tree
    template: TemplateAt


@dataclass(frozen=True, slots=True)
class RollbackSubject:
    """An environment as it is where it is changed, its template, and what the earlier version is held against.

    `contract` is the template as the default branch has it now: an earlier one may have demanded less.
    """

    manifest: Manifest
    files: Tree
    template: TemplateAt
    policy: Policy
    inventory: Inventory
    source: CodeSide | None = None
    judges: Judges = NOBODY
    contract: Template | None = None


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
        if refused := refused_now(subject, earlier.template, side, now):
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            raise UserError(
                f"What {code(manifest.name)} was at {code(earlier.commit[:12])} would not pass the pull request's check now: "
                f"{refused[0]}{more}"
            )
    except UserError as error:
        return Refused(str(error))
    return Changed(becomes, files, new)


def refused_now(subject: RollbackSubject, template: TemplateAt, side: CodeSide, now: datetime) -> Sequence[Finding]:
    """Return what the pull request's check would refuse, by the contract of the template of then, or of the one of now."""
    rules = CheckRules(subject.policy, template.cloud, subject.judges)
    if subject.source is None:
        return refusals(side, None, rules, now)
    found = compare(subject.source, side, template, now)
    refused = [*refusals(side, found, rules, now), *_broken(template, found, side)]
    if refused or subject.contract is None:
        return refused
    held, where = held_to(template, subject.contract), template.roots.environment(side.manifest.name)
    again = compare(subject.source, side, held, now, evaluated=found.production)
    return [
        *refusals(side, again, rules, now),
        *_broken(template, again, side, DEMANDED),
        *contradictions(where, side.files, side.manifest, held),
    ]


def _broken(template: TemplateAt, compared: CodeComparison, side: CodeSide, form: str = "{said}") -> Iterator[Finding]:
    place = f"{template.roots.environment(side.manifest.name)}/{MANIFEST}"
    line = line_of(side.files[MANIFEST].data.decode(), ["purpose"])
    return (Finding(place, line, f"{form.format(said=breach.message)}.") for breach in compared.parity.breaches)


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
        "data_reset_at": now.data_reset_at,
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
    declared, then = earlier.template.declaration.parameters, earlier.manifest.parameters
    held = claims(subject.template.declaration.parameters, subject.manifest.parameters)
    for name, own in allocated(declared, then).items():
        claim = Claim(name, own)
        holder = None
        if claim not in held:
            holder = subject.inventory.holder(claim, declared[name], by_others_than=subject.manifest.name)
        if holder is not None:
            raise UserError(
                f"{code(name)} was {code(own)} at {code(earlier.commit[:12])}, and {code(holder)} has that now. "
                "Name a later commit."
            )
    return [each for each in claims(declared, then) if each not in held]

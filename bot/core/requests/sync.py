"""Bring an environment to another revision of its template: values are kept, and what was edited by hand is merged.

Three-way, on rendered text: what the old revision renders, what the new one renders, and the directory as it is. Without hand edits the
result is the new rendering byte for byte (law 8). Where hand edits and the template meet, both versions are in the file, and the
check of the pull request fails until somebody has chosen.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias, cast

from bot.commands.grammar import format_command
from bot.commands.model import Set, Sync
from bot.core.checks.gate_rules import NOBODY, Judges
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.rendering.inventory import Claim, Inventory, claims
from bot.core.rendering.merge import FileConflict, TextMerger, conflict_lines, merge, merged_tree
from bot.core.rendering.renamed_stacks import called, renamed, with_new_names
from bot.core.rendering.render import ENDING
from bot.core.rendering.synced_values import answer, asked_for, carried, synced, values_asked_for
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.preflight import CheckRules, refusals
from bot.core.requests.refusal import Refused, with_suggestion
from bot.core.requests.validation import Correctable, check_contract, check_rules, overrides
from bot.core.tree import File, Tree
from bot.errors import UserError
from bot.model.environment import MANIFEST, Awaited, Manifest, Preview
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.names import ParameterName


@dataclass(frozen=True, slots=True)
class SyncSubject:
    """An environment as it is, its template at its own revision and as it is to be, and what it is held against.

    `files` are those of its directory alone. `source` is what it was cloned from, if it was; `inventory` is everything that exists.
    """

    manifest: Manifest
    files: Tree
    before: TemplateAt
    after: TemplateAt
    policy: Policy
    inventory: Inventory
    merge_text: TextMerger
    source: CodeSide | None = None
    judges: Judges = NOBODY
    preview: Preview | None = None
    """What it tries from now on, if the newer template is that of a pull request; `follows` are the source's values that changed there."""
    follows: Mapping[ParameterName, Json] = field(default_factory=dict)

    @property
    def rules(self) -> CheckRules:
        return CheckRules(self.policy, self.after.cloud, self.judges)


@dataclass(frozen=True, slots=True)
class SyncConflict:
    """A file that somebody edited where the template changed it; without `lines` it can't be merged by lines, and is as it was."""

    path: str
    lines: Sequence[tuple[int, int]] = ()

    def __str__(self) -> str:
        if not self.lines:
            return f"{self.path}: it can't be merged by lines, so it was left as it was"
        return "\n".join(f"{self.path}:{first}: lines {first} to {last}" for first, last in self.lines)


@dataclass(frozen=True, slots=True)
class Synced:
    """The environment as it would be: `files` are relative to its directory; `claims` are the values that it is to hold alone from now on."""

    manifest: Manifest
    files: Mapping[str, File]
    conflicts: Sequence[SyncConflict]
    claims: Sequence[Claim]


SyncDraft: TypeAlias = Synced | Unchanged | Refused


def draft_sync(command: Sync, subject: SyncSubject, now: datetime) -> SyncDraft:
    """Return the environment at the other revision, that it is there already, or why it can't be brought there."""
    found = _attempt(command, subject, now)
    if not isinstance(found, Refused):
        return found
    return with_suggestion(found, lambda instead: _attempt(cast(Sync, instead), subject, now))


def draft_asking(command: Sync, subject: SyncSubject, now: datetime) -> SyncDraft | Changed:
    """Return what `draft_sync` does, but where only values are missing the environment as it is, with what it waits for."""
    found = _asking(command, subject, now)
    if not isinstance(found, Refused):
        return found
    return with_suggestion(found, lambda instead: _asking(cast(Sync, instead), subject, now))


def _asking(command: Sync, subject: SyncSubject, now: datetime) -> SyncDraft | Changed:
    manifest = subject.manifest
    try:
        _refuse_unresolved(subject)
        missing = tuple(_missing(_given(command, subject), subject))
    except UserError:
        return _attempt(command, subject, now)  # it says what is wrong
    if not missing:
        return _attempt(command, subject, now)
    awaited = Awaited(revision=subject.after.revision, missing=missing, given=dict(command.set))
    if manifest.awaits == awaited:
        return Unchanged(f"No change: `{manifest.name}` waits for values already. Comment `{answer(manifest)}`.")
    becomes = manifest.model_copy(update={"awaits": awaited})
    return Changed(becomes, {**subject.files, MANIFEST: assemble(subject.before, becomes)[MANIFEST]})


def draft_answer(command: Set, subject: SyncSubject, now: datetime) -> SyncDraft | Changed:
    """Return the environment at the revision that it waits for, with the values that `/set` gives; those given before count too."""
    given = given_before(subject)
    sync = Sync(command.name, set={**given, **command.set})
    found = draft_asking(sync, subject, now)
    if isinstance(found, Refused) and isinstance(found.instead, Sync):
        corrected = {name: text for name, text in found.instead.set.items() if name not in given}
        return replace(found, instead=replace(command, set=corrected))
    return found


def given_before(subject: SyncSubject) -> Mapping[ParameterName, str]:
    """Return the values that were given while others were waited for. A preview's pull request may have been pushed to since, and ask for other ones."""
    manifest = subject.manifest
    if manifest.awaits is None or manifest.purpose not in subject.after.declaration.purposes:
        return {}
    open_to = subject.after.declaration.parameters.keys() - _settled(subject)
    return {name: text for name, text in manifest.awaits.given.items() if name in open_to}


def conflicts_in(files: Tree, template: TemplateAt) -> Sequence[SyncConflict]:
    """Return the conflicts that are in files between markers, other than what their template says itself."""
    found = (
        (path, conflict_lines(_text(file), _text(_origin(path, template)))) for path, file in sorted(files.items())
    )
    return [SyncConflict(path, lines) for path, lines in found if lines]


def _origin(path: str, template: TemplateAt) -> File | None:
    return template.files.get(path) or template.files.get(f"{path}{ENDING}")


def _text(file: File | None) -> str:
    return file.data.decode("utf-8", "replace") if file is not None else ""


def _attempt(command: Sync, subject: SyncSubject, now: datetime) -> SyncDraft:
    try:
        return _drafted(command, subject, now)
    except Correctable as error:
        return Refused(str(error), error.instead)
    except UserError as error:
        return Refused(str(error))


def _drafted(command: Sync, subject: SyncSubject, now: datetime) -> SyncDraft:
    manifest, template = subject.manifest, subject.after
    if manifest.revision == template.revision and not subject.follows and manifest.awaits is None:
        at = f"revision `{template.revision[:12]}` of template `{manifest.template}`"
        return Unchanged(f"No change: `{manifest.name}` is at {at} already.")
    _refuse_unresolved(subject)
    given = _given(command, subject)
    if missing := _missing(given, subject):
        said = "\n".join(f"- {why}" for why in missing.values())
        again = format_command(replace(command, set={**command.set, **dict.fromkeys(missing, "…")}))
        raise UserError(
            f"The newer template asks for values that `{manifest.name}` lacks:\n{said}\n\nComment `{again}`."
        )
    becomes = _manifest(subject, given)
    check_rules(command, template.declaration, becomes.parameters)
    base, theirs = assemble(subject.before, manifest), assemble(template, becomes)
    names = renamed(manifest.stacks, template.declaration.stacks)
    was, ours = (called(_without_manifest(files), names) for files in (base, subject.files))
    merged = merge(was, ours, _without_manifest(theirs), subject.merge_text)
    # The manifest is written anew: it holds all that was in it, and with conflict markers nobody could read what the environment is.
    files = {MANIFEST: theirs[MANIFEST], **merged_tree(merged, subject.policy.roots.environment(manifest.name))}
    conflicts = [SyncConflict(path, each.lines) for path, each in merged.items() if isinstance(each, FileConflict)]
    if not conflicts:
        _check(command, subject, CodeSide(becomes, {**files, **template.modules}), now)
    return Synced(becomes, files, conflicts, _new_claims(subject, becomes))


def _without_manifest(files: Tree) -> Tree:
    return {path: file for path, file in files.items() if path != MANIFEST}


def _refuse_unresolved(subject: SyncSubject) -> None:
    left = conflicts_in(subject.files, subject.before)
    if left:
        where = subject.policy.roots.environment(subject.manifest.name)
        lines = "\n".join(f"{where}/{each}" for each in left)
        raise UserError(f"An earlier sync left conflicts. Resolve them first:\n{lines}")


def _given(command: Sync, subject: SyncSubject) -> Mapping[ParameterName, Json]:
    """Return the values given for what the newer template asks for. Raises `UserError` when some are not asked for."""
    manifest, template = subject.manifest, subject.after.declaration
    name = manifest.name
    if manifest.purpose not in template.purposes:
        known = ", ".join(f"`{purpose}`" for purpose in template.purposes)
        raise UserError(
            f"`{name}` is for `{manifest.purpose}`, and the newer template has no such purpose (it has {known}). Make a new clone instead."
        )
    given = overrides(command, template)
    for other in given.keys() & _settled(subject):
        raise UserError(f"`{other}` has a value already. Sync first, then change it with `/set {name} {other}=…`.")
    return given


def _settled(subject: SyncSubject) -> AbstractSet[ParameterName]:
    """Return the parameters whose values go on from the older template, and that the newer one takes."""
    template = subject.after.declaration
    kept = carried(subject.manifest, subject.before.declaration, template)
    return kept.parameters.keys() - asked_for(kept, template, None).keys()


def _missing(given: Mapping[ParameterName, Json], subject: SyncSubject) -> Mapping[ParameterName, str]:
    """Return the parameters that only people can give a value, and have not, each with why."""
    source = subject.source.manifest if subject.source else None
    asked = values_asked_for(subject.manifest, subject.before.declaration, subject.after.declaration, source)
    return {name: why for name, why in asked.items() if name not in given}


def _manifest(subject: SyncSubject, given: Mapping[ParameterName, Json]) -> Manifest:
    template = subject.after.declaration
    former = subject.before.declaration
    kept, source = carried(subject.manifest, former, template), subject.source.manifest if subject.source else None
    followed = {name: value for name, value in subject.follows.items() if name in kept.parameters}
    kept = kept.model_copy(update={"parameters": {**kept.parameters, **followed}})
    values = synced(kept, template, given, source, subject.inventory)
    by_hand = {*kept.overrides, *(given if kept.source else ())}
    return with_new_names(kept, renamed(kept.stacks, template.stacks)).model_copy(
        update={
            "revision": subject.after.revision,
            "preview": subject.preview,
            "awaits": None,
            "stacks": template.stacks,
            "parameters": values,
            "overrides": tuple(name for name in values if name in by_hand),
        }
    )


def _new_claims(subject: SyncSubject, becomes: Manifest) -> Sequence[Claim]:
    held = claims(subject.before.declaration.parameters, subject.manifest.parameters)
    return [each for each in claims(subject.after.declaration.parameters, becomes.parameters) if each not in held]


def _check(command: Sync, subject: SyncSubject, side: CodeSide, now: datetime) -> None:
    """Refuse what breaks the contract, and what the check of the pull request would refuse. Raises `Correctable`."""
    found = compare(subject.source, side, subject.after, now) if subject.source is not None else None
    check_contract(command, subject.after.declaration, found.parity.breaches if found else ())
    refused = refusals(side, found, subject.rules, now)
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise UserError(f"The pull request's check would fail: {refused[0]}{more}")

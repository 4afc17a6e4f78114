"""Change an environment that is there, or is proposed: `/set` gives parameters other values, `/extend` a longer life.

It is rendered again from the template at the revision that it has, so nothing but what was asked for changes. Who the
environment is stays as it is: with another identity it would be another environment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias, cast

from bot.commands.model import Extend, Set
from bot.core.checks.gate_rules import NOBODY, Judges
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison, compare
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.rendering.inventory import Claim, Inventory
from bot.core.rendering.merge import EditedDirectory, FileConflict, merge, merged_tree
from bot.core.rendering.parameter_types import text
from bot.core.rendering.parameter_values import RequestedEnvironment, references, resolve
from bot.core.requests.preflight import CheckRules, blamed, in_template, refusals
from bot.core.requests.refusal import Refused, with_suggestion
from bot.core.requests.validation import Correctable, check_code, check_contract, check_refusals, check_rules, overrides
from bot.core.tree import File
from bot.errors import Finding, UserError
from bot.model import duration
from bot.model.environment import MANIFEST, Manifest
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.model.template import Template
from bot.names import ParameterName, shown


@dataclass(frozen=True, slots=True)
class ChangeSubject:
    """The environment as it is where it is changed, the template at its revision, and what it was cloned from, if it was."""

    manifest: Manifest
    template: TemplateAt
    policy: Policy
    source: CodeSide | None = None
    judges: Judges = NOBODY
    directory: EditedDirectory | None = None
    """The directory as it is, so that what was edited by hand is kept; None where nobody can have edited it."""

    @property
    def rules(self) -> CheckRules:
        return CheckRules(self.policy, self.template.cloud, self.judges)


@dataclass(frozen=True, slots=True)
class Changed:
    """The environment as it would be: `files` are relative to its directory; `claims` are the values that it is to hold alone from now on.

    `is_codified` says that its code follows what is there, and `notes` what it still does not say, in Markdown.
    """

    manifest: Manifest
    files: Mapping[str, File]
    claims: Sequence[Claim] = ()
    is_codified: bool = False
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """It is as asked for already; `reason` says so."""

    reason: str


ChangeDraft: TypeAlias = Changed | Unchanged | Refused


def draft_change(command: Set | Extend, subject: ChangeSubject, now: datetime) -> ChangeDraft:
    """Return the changed environment, that there is nothing to change, or why it can't be."""
    found = _attempt(command, subject, now)
    if not isinstance(found, Refused):
        return found
    return with_suggestion(found, lambda instead: _attempt(cast(Set | Extend, instead), subject, now))


def _attempt(command: Set | Extend, subject: ChangeSubject, now: datetime) -> ChangeDraft:
    try:
        manifest = _set(command, subject) if isinstance(command, Set) else _extended(command, subject, now)
        if isinstance(manifest, Unchanged):
            return manifest
        files = assemble(subject.template, manifest)
        if isinstance(command, Set):
            _check(command, subject, CodeSide(manifest, {**files, **subject.template.modules}), now)
        return Changed(manifest, _with_hand_edits(subject, files))
    except Correctable as error:
        return Refused(str(error), error.instead)
    except UserError as error:
        return Refused(str(error))


def _with_hand_edits(subject: ChangeSubject, files: Mapping[str, File]) -> Mapping[str, File]:
    """Return the files with what was edited by hand in the directory. Raises `UserError` where the two meet."""
    edited = subject.directory
    if edited is None:
        return files
    merged = merge(assemble(subject.template, subject.manifest), edited.files, files, edited.merge_text)
    where = subject.policy.roots.environment(subject.manifest.name)
    # The manifest holds all that was in it, and is written anew.
    met = [path for path, each in merged.items() if isinstance(each, FileConflict) and path != MANIFEST]
    if met:
        raise UserError(
            f"{', '.join(f'`{where}/{path}`' for path in met)} was edited by hand in the lines that this changes. Revert the edit first, "
            f"or make it in the template: `envclone verify {subject.manifest.name}` names it."
        )
    return {**merged_tree(merged, where), MANIFEST: files[MANIFEST]}


def _check(command: Set, subject: ChangeSubject, side: CodeSide, now: datetime) -> None:
    """Refuse what breaks the contract, and what the check of the pull request would refuse. Raises `Correctable`."""
    template = subject.template.declaration
    found = _compared(subject, side, now)
    check_contract(command, template, found.parity.breaches if found else ())
    check_rules(command, template, side.manifest.parameters)
    given = overrides(command, template)

    def found_without(name: ParameterName) -> Sequence[Finding]:
        rest = {key: value for key, value in given.items() if key != name}
        manifest = side.manifest.model_copy(update={"parameters": _values(subject.manifest, template, rest)})
        less = CodeSide(manifest, {**assemble(subject.template, manifest), **subject.template.modules})
        return refusals(less, _compared(subject, less, now), subject.rules, now)

    refused = refusals(side, found, subject.rules, now)
    check_refusals(command, refused, blamed(refused, given, found_without) if refused else ())
    check_code(in_template(subject.template, side, refused), side.manifest.purpose)


def _compared(subject: ChangeSubject, side: CodeSide, now: datetime) -> CodeComparison | None:
    return compare(subject.source, side, subject.template, now) if subject.source is not None else None


def followers(template: Template, manifest: Manifest, names: Sequence[ParameterName]) -> Sequence[ParameterName]:
    """Return the parameters whose values are made from those of `names`, directly or not, in the template's order."""
    purpose, found = template.purposes[manifest.purpose], set(names)
    while True:
        more = {
            name
            for name, parameter in template.parameters.items()
            if name not in found and name not in manifest.overrides
            for derived in [purpose.set.get(name, parameter.derive)]
            if isinstance(derived, str) and found & set(references(derived))
        }
        if not more:
            return [name for name in template.parameters if name in found and name not in names]
        found |= more


def _set(command: Set, subject: ChangeSubject) -> Manifest | Unchanged:
    manifest, template = subject.manifest, subject.template.declaration
    _refuse_fixed(command, template)
    given = overrides(command, template)
    values = _values(manifest, template, given)
    if values == manifest.parameters:
        said = ", ".join(f"`{name}` is {shown(text(values[name]))}" for name in given)
        return Unchanged(f"No change: in `{command.name}`, {said} already.")
    _refuse_another_identity(command, manifest, template, values)
    # A source has no purpose's or source's choice that could be overridden: all values are its own.
    by_hand = {*manifest.overrides, *given} if manifest.source else set(manifest.overrides)
    names = tuple(name for name in values if name in by_hand)
    return manifest.model_copy(update={"parameters": values, "overrides": names})


def _values(manifest: Manifest, template: Template, given: Mapping[ParameterName, Json]) -> dict[ParameterName, Json]:
    """Return all values: those given, those made from them, and the others as they are, allocated ones too."""
    moving = followers(template, manifest, list(given))
    kept = {name: value for name, value in manifest.parameters.items() if name not in moving}
    return resolve(
        template, RequestedEnvironment(manifest.name, manifest.purpose, {**kept, **given}, None), Inventory({})
    )


def _refuse_fixed(command: Set, template: Template) -> None:
    for name in command.set:
        parameter = template.parameters.get(name)
        if parameter is None:
            continue
        if parameter.identity:
            why = f"it identifies `{command.name}`, so another value would make it another environment"
        elif parameter.allocate is not None:
            why = f"it was allocated to `{command.name}`"
        elif parameter.derive is not None:
            why = f"it is derived from other parameters ({shown(parameter.derive)})"
        else:
            continue
        rest = {key: text for key, text in command.set.items() if key != name}
        message = (
            f"`{name}` can't be set: {why}. To use another value, make a new clone with `/clone … --set {name}=…`."
        )
        raise Correctable(message, replace(command, set=rest) if rest else None)


def _refuse_another_identity(
    command: Set, manifest: Manifest, template: Template, values: Mapping[ParameterName, Json]
) -> None:
    for name, value in values.items():
        if template.parameters[name].identity and value != manifest.parameters.get(name):
            raise Correctable(
                f"This would change `{name}` to {shown(str(value))}, which identifies `{command.name}`: it would "
                "become another environment."
            )


def _extended(command: Extend, subject: ChangeSubject, now: datetime) -> Manifest:
    manifest, latest = subject.manifest, now + subject.policy.ttl.max
    if manifest.expires_at is None:
        raise UserError(f"`{manifest.name}` does not expire, so there is nothing to extend.")
    begins = max(manifest.expires_at, now)
    until = begins + command.by
    if until > latest:
        longest = duration.text(subject.policy.ttl.max)
        most = _whole(latest - begins)
        message = (
            f"`{manifest.name}` expires on {manifest.expires_at:%Y-%m-%d %H:%M} UTC, and the policy allows at "
            f"most {longest} from now, so it can't be extended by {duration.text(command.by)}."
        )
        if most <= timedelta():
            raise Correctable(f"{message} The expiry is already at the policy's maximum ({longest}).")
        raise Correctable(message, replace(command, by=most))
    return manifest.model_copy(update={"expires_at": until.replace(microsecond=0)})


def _whole(left: timedelta) -> timedelta:
    """Return the longest duration of whole days within `left`; of whole hours or minutes if that is none."""
    for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
        if left >= unit:
            return left // unit * unit
    return timedelta()

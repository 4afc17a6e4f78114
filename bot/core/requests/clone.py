"""Draft a clone: from a request and what exists to a directory of files, or to a refusal that says what to type instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from bot.commands.model import Clone
from bot.core.checks.gate_rules import NOBODY, Judges
from bot.core.parity.base_contract import DEMANDED, held_to
from bot.core.parity.by_code.apart import unread
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison, compare
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.rendering.inventory import Claim, Inventory, claims
from bot.core.rendering.parameter_values import NotApart, RequestedEnvironment, resolve
from bot.core.requests.new_name import check_name, check_pair
from bot.core.requests.preflight import CheckRules, blamed, in_template, refusals
from bot.core.requests.refusal import Refused, with_suggestion
from bot.core.requests.validation import (
    Correctable,
    Unplannable,
    admitted_purpose,
    admitted_ttl,
    check_code,
    check_contract,
    check_free,
    check_purpose,
    check_quota,
    check_refusals,
    check_rules,
    overrides,
    without,
)
from bot.core.tree import File, Tree
from bot.errors import Finding, UserError
from bot.model.environment import Manifest, Preview, Request
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.model.template import Template
from bot.names import Login, ParameterName, PurposeName


@dataclass(frozen=True, slots=True)
class PastSource:
    """What is cloned, as it was at a commit of the default branch; with `pull`, as it would be with the commit of that pull request."""

    commit: str
    side: CodeSide
    pull: int | None = None

    @property
    def preview(self) -> Preview | None:
        return Preview(pull_request=self.pull, commit=self.commit) if self.pull is not None else None


@dataclass(frozen=True, slots=True)
class Base:
    """What a clone is drafted from: the template, the source environment, everything that exists, the policy, and who is asked.

    With a `past` the values are those of then, and the template is that of then; the clone is held against the source as it is now, too,
    and to the contract of the template as it is now (`contract`), for what is known today was not known then.
    """

    template: TemplateAt
    source: Manifest
    source_files: Tree
    inventory: Inventory
    policy: Policy
    judges: Judges = NOBODY
    past: PastSource | None = None
    contract: Template | None = None

    @property
    def rules(self) -> CheckRules:
        return CheckRules(self.policy, self.template.cloud, self.judges)

    @property
    def copied(self) -> Manifest:
        """The manifest whose values are copied."""
        return self.past.side.manifest if self.past else self.source


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """A `/clone` command with who asked where and when; `request` is absent on the command line."""

    command: Clone
    request: Request | None
    by: Login
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A clone that could be published: `files` are relative to its directory, `comparison` is that with its source."""

    manifest: Manifest
    files: Mapping[str, File]
    claims: tuple[Claim, ...]
    comparison: CodeComparison
    code: Tree
    """The files with those of the modules outside that they call."""
    directory: str
    past: PastSource | None = None


def draft_clone(asked: CloneRequest, base: Base) -> Draft | Refused:
    """Return the clone that was asked for, or why not."""
    found = _attempt(asked, base)
    if not isinstance(found, Refused):
        return found
    return with_suggestion(found, lambda instead: _attempt(replace(asked, command=cast(Clone, instead)), base))


def _attempt(asked: CloneRequest, base: Base) -> Draft | Refused:
    try:
        return _drafted(asked, base)
    except Correctable as error:
        return Refused(str(error), error.instead)
    except Unplannable as error:
        return Refused(str(error), findings=error.findings)
    except UserError as error:
        return Refused(str(error))


def _drafted(asked: CloneRequest, base: Base) -> Draft:
    command, template = asked.command, base.template.declaration
    check_pair(command, base.source.template, base.template.roots)
    check_name(command, base.inventory, base.policy, template)
    purpose = admitted_purpose(command, template)
    check_purpose(command, purpose, template, base.source)
    given = overrides(command, template)
    lives = admitted_ttl(command, base.policy)
    owner = command.owner or asked.by
    check_quota(base.inventory, base.policy, owner, purpose)
    terms = _Terms(asked, purpose, owner, (asked.at + lives).replace(microsecond=0))
    try:
        manifest = _manifest(terms, given, base)
    except NotApart as error:
        raise Correctable(
            str(error), without(command, [error.parameter]) if error.parameter in given else None
        ) from error
    check_free(command, template, manifest.parameters, base.inventory)
    files = assemble(base.template, manifest)
    side = CodeSide(manifest, {**files, **base.template.modules})
    found = compare(CodeSide(base.source, base.source_files), side, base.template, asked.at)
    check_contract(command, template, found.parity.breaches)
    check_rules(command, template, manifest.parameters)
    check_code(unread(base.template, base.copied, manifest), purpose)
    _check_refusals(terms, given, base, side, refusals(side, found, base.rules, asked.at))
    if base.past is not None:
        _check_past(command, base, side, base.past.side, asked.at)
    where = base.template.roots.environment(manifest.name)
    return Draft(manifest, files, claims(template.parameters, manifest.parameters), found, side.files, where, base.past)


def _check_past(command: Clone, base: Base, side: CodeSide, source: CodeSide, now: datetime) -> None:
    """Refuse a clone of the past that is not apart from its source as that was then, or breaks a contract of now. Raises `UserError`."""
    then = refusals(side, compare(source, side, base.template, now), base.rules, now)
    check_code(in_template(base.template, side, then), side.manifest.purpose)
    if base.contract is None:
        return
    found = compare(CodeSide(base.source, base.source_files), side, held_to(base.template, base.contract), now)
    if breaches := found.parity.breaches:
        said = " ".join(f"{DEMANDED.format(said=breach.message)}." for breach in breaches)
        name = next((name for breach in breaches for name in breach.parameters), None)
        given = f"Give another value (`--set {name}=…`), or " if name is not None else ""
        other = (
            "name a later commit or date" if base.past is None or base.past.pull is None else "change the pull request"
        )
        advice = f"{given}{other}."
        raise UserError(f"{said} {advice[0].upper()}{advice[1:]}")
    check_code(in_template(base.template, side, refusals(side, found, base.rules, now)), side.manifest.purpose)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What was asked for, and what was admitted of it."""

    asked: CloneRequest
    purpose: PurposeName
    owner: Login
    until: datetime


def _manifest(terms: _Terms, given: Mapping[ParameterName, Json], base: Base) -> Manifest:
    asked, template = terms.asked, base.template.declaration
    values = resolve(
        template, RequestedEnvironment(asked.command.name, terms.purpose, given, base.copied), base.inventory
    )
    return Manifest(
        name=asked.command.name,
        template=template.name,
        revision=base.template.revision,
        source=base.source.name,
        purpose=terms.purpose,
        owner=terms.owner,
        expires_at=terms.until,
        request=asked.request,
        ends_with=asked.command.ends_with or (base.past.pull if base.past is not None else None),
        preview=base.past.preview if base.past is not None else None,
        overrides=tuple(name for name in values if name in given),
        parameters=values,
        stacks=template.stacks,
    )


def _check_refusals(
    terms: _Terms, given: Mapping[ParameterName, Json], base: Base, side: CodeSide, found: Sequence[Finding]
) -> None:
    """Refuse what the check of the pull request would. Raises `Correctable` without the values that cause it, `UserError`."""

    def found_without(name: ParameterName) -> Sequence[Finding]:
        manifest = _manifest(terms, {key: value for key, value in given.items() if key != name}, base)
        side = CodeSide(manifest, {**assemble(base.template, manifest), **base.template.modules})
        compared = compare(CodeSide(base.source, base.source_files), side, base.template, terms.asked.at)
        return refusals(side, compared, base.rules, terms.asked.at)

    check_refusals(terms.asked.command, found, blamed(found, given, found_without) if found else ())
    check_code(in_template(base.template, side, found), side.manifest.purpose)

"""Draft a clone: from a request and what exists to a directory of files, or to a refusal that says what to type instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.commands.model import Clone, Command
from bot.core.admission import (
    Correctable,
    admitted_purpose,
    admitted_ttl,
    check_contract,
    check_free,
    check_name,
    check_purpose,
    check_quota,
    overrides,
)
from bot.core.assemble import TemplateAt, assemble
from bot.core.estate import Claim, Estate, claims
from bot.core.parity.code import Side, compare
from bot.core.resolve import Wish, resolve
from bot.core.tree import File, Tree
from bot.environment import Manifest, Request
from bot.errors import UserError
from bot.names import Login
from bot.policy import Policy


@dataclass(frozen=True, slots=True)
class Base:
    """What a clone is drafted from: the template, the source environment, everything that exists, and the policy."""

    template: TemplateAt
    source: Manifest
    source_files: Tree
    estate: Estate
    policy: Policy


@dataclass(frozen=True, slots=True)
class Asked:
    """A `/clone` command with who asked where and when; `request` is absent on the command line."""

    command: Clone
    request: Request | None
    by: Login
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A clone that could be published: `files` are relative to `envs/<name>/`."""

    manifest: Manifest
    files: Mapping[str, File]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a command is not carried out; `instead` is the corrected command when there is one to paste."""

    reason: str
    instead: Command | None = None


def draft_clone(asked: Asked, base: Base) -> Draft | Refused:
    """Return the clone that was asked for, or why not."""
    try:
        return _drafted(asked, base)
    except Correctable as error:
        return Refused(str(error), error.instead)
    except UserError as error:
        return Refused(str(error))


def _drafted(asked: Asked, base: Base) -> Draft:
    command, template = asked.command, base.template.declaration
    check_name(command, base.estate, base.policy)
    purpose = admitted_purpose(command, template)
    check_purpose(command, purpose, template, base.source)
    given = overrides(command, template)
    lives = admitted_ttl(command, base.policy)
    owner = command.owner or asked.by
    check_quota(base.estate, base.policy, owner, purpose)
    values = resolve(template, Wish(command.name, purpose, given, base.source), base.estate)
    check_free(command, template, values, base.estate)
    manifest = Manifest(
        name=command.name,
        template=template.name,
        revision=base.template.revision,
        source=base.source.name,
        purpose=purpose,
        owner=owner,
        expires_at=(asked.at + lives).replace(microsecond=0),
        request=asked.request,
        overrides=tuple(name for name in values if name in given),
        parameters=values,
        stacks=template.stacks,
    )
    files = assemble(base.template, manifest)
    sides = Side(base.source, base.source_files), Side(manifest, files)
    check_contract(command, template, compare(*sides, base.template, asked.at).parity.breaches)
    return Draft(manifest, files, claims(template.parameters, values))

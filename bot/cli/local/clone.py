"""`envclone clone`: write the directory of a clone into this checkout."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

import typer

from bot.cli.console import edge, say, width
from bot.cli.local.options import AsJson, Root, me
from bot.cli.local.sentence import refused, sentence
from bot.cli.options import completed
from bot.cli.terminal import plain
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.git.commits import commit_of
from bot.clients.git.history.past import commit_at
from bot.commands.model import Clone
from bot.core.messages import replies
from bot.core.parity.by_code.code_side import CodeSide, read_side
from bot.core.parity.by_code.compare import compare
from bot.core.parity.by_code.external_references import external_references, outbound_alike
from bot.core.parity.output.markdown import outside
from bot.core.plural import counted
from bot.core.rendering.assemble import read_hooks
from bot.core.rendering.inventory import renamed
from bot.core.requests.clone import Base, CloneRequest, Draft, PastSource, draft_clone
from bot.core.requests.refusal import Refused, unknown_source, with_suggestion
from bot.errors import UserError
from bot.hooks.validate import JUDGES
from bot.model.pipeline import Pipeline


def clone(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE as NAME [for PURPOSE]",
            help="As in a comment: production as demo-x for demo --ttl 14d",
            autocompletion=completed("environments"),
        ),
    ],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the directory of a clone into this checkout, as `/clone` would propose it."""
    with edge():
        checkout = own_checkout(root)
        command = sentence(Clone, "clone", words, lambda meant: _attempt(checkout, _asked(meant)))
        asked = _asked(command)
        base = _base(checkout, asked)
        drafted = draft_clone(asked, base) if isinstance(base, Base) else base
        if isinstance(drafted, Refused):
            raise refused(drafted)
        assert isinstance(base, Base)
        where = drafted.directory
        if command.dry_run:
            sides = CodeSide(base.source, base.source_files), CodeSide(drafted.manifest, drafted.code)
            compared = compare(*sides, base.template, asked.at)
            declared = base.template.declaration
            external = external_references(compared, sides[1], declared)
            alike = outbound_alike(drafted.manifest, base.source, base.template)
            pipeline = Pipeline(stacks=drafted.manifest.stacks, hooks=read_hooks(drafted.files, where).hooks)
            say(
                plain(
                    replies.preview(drafted, compared.parity, pipeline, outside(external, alike, base.source.name)),
                    width(),
                ),
                lambda: {
                    "files": sorted(drafted.files),
                    "parameters": drafted.manifest.parameters,
                    "external": list(map(str, external)),
                    "outbound_alike": alike,
                },
                as_json,
            )
            return
        checkout.write_environment(drafted.manifest.name, drafted.files)
        say(
            f"Wrote {where}/ ({counted(len(drafted.files), 'file')}). Commit it and open a pull request.",
            lambda: {"directory": where, "files": sorted(drafted.files)},
            as_json,
        )


def _base(checkout: Checkout, asked: CloneRequest) -> Base | Refused:
    """Return what is cloned; an unknown source is refused with the closest name and everything else corrected."""
    name = asked.command.source
    files = checkout.code(name)
    if not files:
        refusal = unknown_source(asked.command, checkout.environments(), checkout.templates())
        return with_suggestion(
            refusal, lambda instead: _attempt(checkout, replace(asked, command=cast(Clone, instead)))
        )
    source = read_side(files, checkout.roots.environment(name)).manifest
    past = _past(checkout, asked.command)
    wanted = past.side.manifest.template if past else source.template
    found = (
        checkout.template(wanted)
        if past is None
        else checkout.template_at(wanted, f"{past.commit}:{checkout.roots.template(wanted)}") or {}
    )
    template = checkout.read_template(wanted, found)
    inventory, now = checkout.read_inventory().whole(), checkout.template(wanted)
    if past is None or not now:
        return Base(template, source, files, inventory, checkout.policy(), JUDGES, past)
    contract = checkout.read_template(wanted, now).declaration
    inventory = replace(inventory, renamed=renamed(contract.parameters))
    return Base(template, source, files, inventory, checkout.policy(), JUDGES, past, contract)


def _past(checkout: Checkout, command: Clone) -> PastSource | None:
    """Return the source as it was when the command says; None when it says nothing. Raises `UserError`, `Unverifiable`."""
    if command.at is None:
        return None
    commit = commit_at(checkout.root, commit_of(checkout.root), command.at)
    files = checkout.code_at(command.source, commit) if commit is not None else None
    if commit is None or files is None:
        raise UserError(
            f"The branch that is checked out had no `{command.source}` at `{command.at}`. Name one of its commits, a tag on it, or a date: "
            "`production@2026-10-01`."
        )
    return PastSource(commit, read_side(files, checkout.roots.environment(command.source)))


def _asked(command: Clone) -> CloneRequest:
    return CloneRequest(command, None, command.owner or me(), datetime.now(UTC))


def _attempt(checkout: Checkout, asked: CloneRequest) -> Draft | Refused:
    base = _base(checkout, asked)
    return draft_clone(asked, base) if isinstance(base, Base) else base

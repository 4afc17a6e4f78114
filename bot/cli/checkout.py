"""The commands that work in a checkout of the monorepo, with no account and no service: clone, render, verify, template check."""

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, say
from bot.clients.checkout import Checkout
from bot.commands.grammar import Mistake, format_command, parse_words
from bot.commands.model import Clone
from bot.core import replies
from bot.core.assemble import assemble, read_hooks, read_manifest, read_template
from bot.core.consistency import a_clone, check_template
from bot.core.draft import Asked, Base, Refused, draft_clone
from bot.core.estate import Estate
from bot.core.parity.code import Side, compare, read_side
from bot.environment import Manifest, directory
from bot.errors import InvalidInput, UserError
from bot.flows.verify import Verified, verify_environments
from bot.hooks.declared import template_findings
from bot.names import EnvironmentName, Login, TemplateName
from bot.pipeline import Pipeline
from bot.suggest import closest

Root = Annotated[Path, typer.Option("--root", help="The checkout of the monorepo.", file_okay=False, exists=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]

templates = typer.Typer(no_args_is_help=True, help="Prove templates.")


def clone(
    words: Annotated[
        list[str], typer.Argument(help="The sentence of a comment: production as demo-x for demo --ttl 14d")
    ],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the directory of a clone into this checkout, as `/clone` would propose it."""
    with edge():
        command = parse_words(["clone", *words])
        if isinstance(command, Mistake):
            raise UserError(command.message + (f"\n\n    envclone {command.instead[1:]}" if command.instead else ""))
        assert isinstance(command, Clone)
        checkout = Checkout(root)
        asked = Asked(command, None, command.owner or _me(), datetime.now(UTC))
        base = _base(checkout, command.source)
        drafted = draft_clone(asked, base)
        if isinstance(drafted, Refused):
            raise UserError(
                drafted.reason + (f"\n\n    envclone {format_command(drafted.instead)[1:]}" if drafted.instead else "")
            )
        where = directory(drafted.manifest.name)
        if command.dry_run:
            sides = Side(base.source, base.source_files), Side(drafted.manifest, drafted.files)
            found = compare(*sides, base.template, asked.at).parity
            pipeline = Pipeline(stacks=drafted.manifest.stacks, hooks=read_hooks(drafted.files, where).hooks)
            say(
                replies.preview(drafted, found, pipeline),
                lambda: {"files": sorted(drafted.files), "parameters": drafted.manifest.parameters},
                as_json,
            )
            return
        checkout.write_environment(drafted.manifest.name, drafted.files)
        say(
            f"Wrote {where}/ ({len(drafted.files)} files). Commit it and open a pull request.",
            lambda: {"directory": where, "files": sorted(drafted.files)},
            as_json,
        )


def render(
    names: Annotated[
        list[str], typer.Argument(help="Environments to render again from the template as it stands in this checkout.")
    ],
    root: Root = Path(),
) -> None:
    """Render environments again from their manifests and the template in this checkout, and set their revision."""
    with edge():
        checkout = Checkout(root)
        for name in map(EnvironmentName, names):
            manifest = read_manifest(checkout.environment(name), directory(name))
            template = read_template(manifest.template, checkout.template(manifest.template))
            current = manifest.model_copy(update={"revision": template.revision, "stacks": template.declaration.stacks})
            checkout.write_environment(name, assemble(template, current))
            typer.echo(f"Rendered {directory(name)}/ from template {manifest.template} at {template.revision}.")


def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Environments to verify; all when none is named.")] = None,
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Prove that environments are exactly what their template renders. Exits with 0 (holds), 1 (does not) or 2 (not checked)."""
    with edge():
        verified = verify_environments(Checkout(root), names or ())
        say(_verdict(verified), lambda: _as_data(verified), as_json)
        if not verified.holds:
            raise typer.Exit(NOT_CHECKED if verified.unreadable else DOES_NOT_HOLD)


def _verdict(verified: Verified) -> str:
    if not verified.holds:
        return "\n".join(map(str, (*verified.unreadable, *verified.findings)))
    count = len(verified.environments)
    return (
        f"{count} environments are what their templates render."
        if count > 1
        else "1 environment is what its template renders."
    )


def _as_data(verified: Verified) -> dict[str, object]:
    found = {"findings": verified.findings, "unreadable": verified.unreadable}
    return {
        "holds": verified.holds,
        "environments": verified.environments,
        **{k: list(map(asdict, v)) for k, v in found.items()},
    }


def list_environments(root: Root = Path(), as_json: AsJson = False) -> None:
    """List the environments of this checkout with purpose, owner and expiry."""
    with edge():
        estate = Estate(_manifests(Checkout(root)))
        manifests = sorted(estate.manifests(), key=lambda m: m.name)
        lines = [f"{m.name:26} {m.purpose:12} {m.owner:20} {m.expires_at or 'never'}" for m in manifests]
        say("\n".join(lines), lambda: [m.model_dump(mode="json", exclude={"stacks"}) for m in manifests], as_json)


def status(
    name: Annotated[str, typer.Argument(help="The environment's name.")], root: Root = Path(), as_json: AsJson = False
) -> None:
    """Show one environment of this checkout: who asked, for what, until when, with which values."""
    with edge():
        manifests = _manifests(Checkout(root))
        found = manifests.get(EnvironmentName(name))
        if found is None:
            near = closest(name, manifests)
            raise UserError(f"There is no environment `{name}`." + (f" Did you mean `{near}`?" if near else ""))
        facts = found.model_dump(mode="json", exclude={"stacks"}, exclude_none=True)
        say("\n".join(f"{key:12} {value}" for key, value in facts.items()), lambda: facts, as_json)


@templates.command("check")
def template_check(
    names: Annotated[list[str] | None, typer.Argument(help="Templates to prove; all when none is named.")] = None,
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Prove that a template is consistent, parses, and renders for each of its purposes."""
    with edge():
        checkout, data, wrong = Checkout(root), {}, False
        for name in map(TemplateName, names or checkout.templates()):
            template = read_template(name, checkout.template(name))
            source = _source_of(checkout, name)
            asked = Asked(
                a_clone(source.name if source else EnvironmentName("production"), _me()), None, _me(), datetime.now(UTC)
            )
            proof = check_template(template, source, asked)
            findings = proof.findings or template_findings(template, source)
            wrong = wrong or bool(findings)
            data[name] = {"proved": proof.proved, "findings": [str(finding) for finding in findings]}
        lines = [f"{name}: {line}" for name, found in data.items() for line in (*found["proved"], *found["findings"])]
        say("\n".join(lines), lambda: data, as_json)
        if wrong:
            raise typer.Exit(DOES_NOT_HOLD)


def _base(checkout: Checkout, name: EnvironmentName) -> Base:
    files = checkout.environment(name)
    if not files:
        known = ", ".join(checkout.environments()) or "none"
        raise UserError(f"There is no environment `{name}` in {checkout.root / 'envs'}; there are: {known}.")
    source = read_side(files, directory(name)).manifest
    template = read_template(source.template, checkout.template(source.template))
    return Base(template, source, files, Estate(_manifests(checkout)), checkout.policy())


def _manifests(checkout: Checkout) -> dict[EnvironmentName, Manifest]:
    return {
        (name := EnvironmentName(text)): read_manifest(checkout.environment(name), directory(name))
        for text in checkout.environments()
    }


def _source_of(checkout: Checkout, template: TemplateName) -> Manifest | None:
    """Return the environment that others of this template are cloned from: the protected one."""
    found = (
        m for m in _manifests(checkout).values() if m.template == template and m.request is None and m.source is None
    )
    return next(found, None)


def _me() -> Login:
    try:
        return Login(getpass.getuser())
    except (InvalidInput, OSError, KeyError):
        return Login("somebody")

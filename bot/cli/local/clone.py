"""The commands that work in a checkout of the monorepo, with no account and no service: clone, render, verify, template check."""

import getpass
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

import typer

from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, say, width
from bot.cli.local.sentence import refused, sentence
from bot.cli.terminal import plain
from bot.clients.git.checkout import Checkout
from bot.clouds.registry import FACTS
from bot.commands.model import Clone
from bot.core.messages import replies
from bot.core.parity.by_code.code_side import CodeSide, read_side
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import TemplateAt, assemble, read_hooks, read_manifest, read_template
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.preflight import CheckRules, in_template, refusals
from bot.core.requests.refusal import Refused, unknown_source, with_suggestion
from bot.core.requests.template_check import a_clone, check_template
from bot.errors import InvalidInput, UserError
from bot.hooks.validate import JUDGES, template_findings
from bot.model.environment import Manifest, directory
from bot.model.pipeline import Pipeline
from bot.names import EnvironmentName, Login, TemplateName
from bot.runs.plan.verify import Verified, verify_environments

Root = Annotated[Path, typer.Option("--root", help="The checkout of the monorepo.", file_okay=False, exists=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

templates = typer.Typer(no_args_is_help=True, help="Check templates.")


def clone(
    words: Annotated[list[str], typer.Argument(help="As in a comment: production as demo-x for demo --ttl 14d")],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the directory of a clone into this checkout, as `/clone` would propose it."""
    with edge():
        checkout = Checkout(root)
        command = sentence(Clone, "clone", words, lambda meant: _attempt(checkout, _asked(meant)))
        asked = _asked(command)
        base = _base(checkout, asked)
        drafted = draft_clone(asked, base) if isinstance(base, Base) else base
        if isinstance(drafted, Refused):
            raise refused(drafted)
        assert isinstance(base, Base)
        where = directory(drafted.manifest.name)
        if command.dry_run:
            sides = CodeSide(base.source, base.source_files), CodeSide(drafted.manifest, drafted.code)
            found = compare(*sides, base.template, asked.at).parity
            pipeline = Pipeline(stacks=drafted.manifest.stacks, hooks=read_hooks(drafted.files, where).hooks)
            say(
                plain(replies.preview(drafted, found, pipeline), width()),
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
        list[str], typer.Argument(help="Environments to render again from the templates of this checkout.")
    ],
    root: Root = Path(),
) -> None:
    """Render environments again from their manifests and the template in this checkout, and set their revision."""
    with edge():
        checkout = Checkout(root)
        for name in map(EnvironmentName, names):
            manifest = read_manifest(checkout.environment(name), directory(name))
            template = read_template(manifest.template, checkout.template(manifest.template), FACTS, checkout.module)
            current = manifest.model_copy(update={"revision": template.revision, "stacks": template.declaration.stacks})
            files = assemble(template, current)
            _check(checkout, template, CodeSide(current, {**files, **template.modules}))
            checkout.write_environment(name, files)
            typer.echo(f"Rendered {directory(name)}/ from template {manifest.template} at {template.revision}.")


def _check(checkout: Checkout, template: TemplateAt, side: CodeSide) -> None:
    """Refuse what the check of a pull request would. Raises `UserError`."""
    now, source = datetime.now(UTC), side.manifest.source
    theirs = checkout.code(source) if source is not None else {}
    found = (
        compare(read_side(theirs, directory(source)), side, template, now) if source is not None and theirs else None
    )
    refused = refusals(side, found, CheckRules(checkout.policy(), FACTS, JUDGES), now)
    if refused:
        lines = "\n".join(map(str, in_template(template, side, refused)))
        raise UserError(f"The pull request's check would refuse {directory(side.manifest.name)}:\n{lines}")


def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Environments to verify; by default, all.")] = None,
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
        f"{count} environments match what their templates render."
        if count > 1
        else "1 environment matches what its template renders."
    )


def _as_data(verified: Verified) -> dict[str, object]:
    found = {"findings": verified.findings, "unreadable": verified.unreadable}
    return {
        "holds": verified.holds,
        "environments": verified.environments,
        **{k: list(map(asdict, v)) for k, v in found.items()},
    }


@templates.command("check")
def template_check(
    names: Annotated[list[str] | None, typer.Argument(help="Templates to check; by default, all.")] = None,
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Prove that a template is consistent, parses, and renders for each of its purposes."""
    with edge():
        checkout, data, wrong = Checkout(root), {}, False
        for name in map(TemplateName, names or checkout.templates()):
            template = read_template(name, checkout.template(name), FACTS, checkout.module)
            source = _source_of(checkout, name)
            asked = CloneRequest(
                a_clone(source.name if source else EnvironmentName("production"), _me()), None, _me(), datetime.now(UTC)
            )
            proof = check_template(template, source, asked, CheckRules(checkout.policy(), FACTS, JUDGES))
            findings = template_findings(template, source) or proof.findings
            wrong = wrong or bool(findings)
            data[name] = {"proved": proof.proved, "findings": [str(finding) for finding in findings]}
        lines = [f"{name}: {line}" for name, found in data.items() for line in (*found["proved"], *found["findings"])]
        say("\n".join(lines), lambda: data, as_json)
        if wrong:
            raise typer.Exit(DOES_NOT_HOLD)


def _base(checkout: Checkout, asked: CloneRequest) -> Base | Refused:
    """Return what is cloned; an unknown source is refused with the closest name and everything else corrected."""
    name = asked.command.source
    files = checkout.code(name)
    if not files:
        refusal = unknown_source(asked.command, checkout.environments(), checkout.templates())
        return with_suggestion(
            refusal, lambda instead: _attempt(checkout, replace(asked, command=cast(Clone, instead)))
        )
    source = read_side(files, directory(name)).manifest
    template = read_template(source.template, checkout.template(source.template), FACTS, checkout.module)
    return Base(template, source, files, checkout.survey().whole(), checkout.policy(), JUDGES)


def _asked(command: Clone) -> CloneRequest:
    return CloneRequest(command, None, command.owner or _me(), datetime.now(UTC))


def _attempt(checkout: Checkout, asked: CloneRequest) -> Draft | Refused:
    base = _base(checkout, asked)
    return draft_clone(asked, base) if isinstance(base, Base) else base


def _source_of(checkout: Checkout, template: TemplateName) -> Manifest | None:
    """Return the environment that others of this template are cloned from: the protected one."""
    found = (
        m
        for m in checkout.survey().whole().live.values()
        if m.template == template and m.request is None and m.source is None
    )
    return next(found, None)


def _me() -> Login:
    try:
        return Login(getpass.getuser())
    except (InvalidInput, OSError, KeyError):
        return Login("somebody")

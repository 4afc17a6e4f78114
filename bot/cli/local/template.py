"""`envclone template check`: the proof of a template for each of its purposes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, edge, say
from bot.cli.local.options import AsJson, Root, me
from bot.cli.options import completed
from bot.cli.plain_help import PlainCommand, PlainGroup
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clouds.registry import FACTS
from bot.core.parity.by_code.external_references import reached
from bot.core.requests.clone import CloneRequest
from bot.core.requests.preflight import CheckRules
from bot.core.requests.template_check.proof import a_clone, check_template
from bot.hooks.validate import JUDGES, template_findings
from bot.model.environment import Manifest
from bot.names import EnvironmentName, TemplateName

templates = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode=None, help="Check templates.")


@templates.command("check", cls=PlainCommand)
def template_check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="By default, all.", show_default=False, autocompletion=completed("templates")
        ),
    ] = None,
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Prove that a template is consistent, parses, and renders for each of its purposes."""
    with edge():
        checkout, data, wrong = own_checkout(root), {}, False
        for name in map(TemplateName, names or checkout.templates()):
            template = checkout.read_template(name, checkout.template(name))
            source = _source_of(checkout, name)
            asked = CloneRequest(
                a_clone(source.name if source else EnvironmentName("production"), me(), checkout.roots),
                None,
                me(),
                datetime.now(UTC),
            )
            proof = check_template(template, source, asked, CheckRules(checkout.policy(), FACTS, JUDGES))
            of_hooks = template_findings(template, source)
            findings = [*of_hooks, *(each for each in proof.findings if each not in of_hooks)]
            wrong = wrong or bool(findings)
            data[name] = {
                "proved": proof.proved,
                "findings": [str(finding) for finding in findings],
                "external": [str(each) for each in proof.external],
                "doubts": list(proof.doubts),
            }
        lines = [f"{name}: {line}" for name, found in data.items() for line in _told(found)]
        none = f"There are no templates in {' or '.join(checkout.roots.of_templates)}. `envclone adopt PATH` makes one (docs/adopt.md)."
        say("\n".join(lines) or none, lambda: data, as_json)
        if wrong:
            raise typer.Exit(DOES_NOT_HOLD)


def _told(found: Mapping[str, Sequence[str]]) -> Sequence[str]:
    lines = [*found["proved"], *found["findings"], *found["doubts"]]
    if found["external"]:
        lines.append(reached(found["external"]))
    return lines


def _source_of(checkout: Checkout, template: TemplateName) -> Manifest | None:
    """Return the environment that others of this template are cloned from: the protected one."""
    found = (
        m
        for m in checkout.read_inventory().whole().live.values()
        if m.template == template and m.request is None and m.source is None
    )
    return next(found, None)

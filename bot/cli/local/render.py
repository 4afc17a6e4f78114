"""`envclone render`: environments again, from the template in this checkout."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import edge
from bot.cli.local.options import Root
from bot.clients.git.checkout import Checkout
from bot.clouds.registry import FACTS
from bot.core.parity.by_code.code_side import CodeSide, read_side
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import TemplateAt, assemble, read_manifest, read_template
from bot.core.requests.preflight import CheckRules, in_template, refusals
from bot.errors import UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import directory
from bot.names import EnvironmentName


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

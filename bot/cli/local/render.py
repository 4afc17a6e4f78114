"""`envclone render`: environments again, from the template in this checkout."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import edge, environment_name, say
from bot.cli.local.options import AsJson, Root
from bot.cli.options import completed
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clouds.registry import FACTS
from bot.core.parity.by_code.code_side import CodeSide, read_side
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import TemplateAt, assemble, own_manifest, read_manifest
from bot.core.rendering.hand_edits import Before, undone
from bot.core.rendering.migrations import migrated
from bot.core.requests.preflight import CheckRules, in_template, refusals
from bot.core.tree import Tree
from bot.errors import Unverifiable, UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.runs.plan.verify import Templates

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Discard hand edits.")]


@dataclass(frozen=True, slots=True)
class _Rendered:
    """An environment that may be written, and the template that it comes from."""

    manifest: Manifest
    template: TemplateAt
    files: Tree


def render(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="The environments.", autocompletion=completed("environments")),
    ],
    root: Root = Path(),
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Render environments again from their manifests and the template in this checkout, and set their revision."""
    with edge():
        checkout, done = own_checkout(root), []
        # All are rendered before the first is written, so that a refusal leaves everything as it is.
        for found in [_rendered(checkout, environment_name(name), overwrite) for name in names]:
            manifest = found.manifest
            checkout.keep_template(found.template.files)  # first: what is written refers to it
            checkout.write_environment(manifest.name, found.files)
            done.append(
                {
                    "directory": checkout.roots.environment(manifest.name),
                    "template": manifest.template,
                    "revision": manifest.revision,
                }
            )
        lines = (
            f"Rendered {each['directory']}/ from template {each['template']} at {each['revision']}." for each in done
        )
        say("\n".join(lines), lambda: done, as_json)


def _rendered(checkout: Checkout, name: EnvironmentName, overwrite: bool) -> _Rendered:
    """Return an environment as it is rendered now. Raises `UserError` if that may not be written."""
    ours, where = checkout.environment(name), checkout.roots.environment(name)
    manifest = own_manifest(ours, name, checkout.roots)
    template = checkout.read_template(manifest.template, checkout.template(manifest.template))
    then = _committed(checkout, name)
    update = {"revision": template.revision, "stacks": template.declaration.stacks}
    current = _migrated(checkout, manifest, then, template).model_copy(update=update)
    files = assemble(template, current)
    _check(checkout, template, CodeSide(current, {**files, **template.modules}))
    edits = undone(where, ours, files, _before(checkout, manifest, then)) if not overwrite else ()
    if edits:
        lines = "\n".join(map(str, edits))
        raise UserError(
            f"Rendering {where} would undo what was edited by hand:\n{lines}\n"
            f"Make the change in the template, keep it with `envclone sync {name}`, or undo it with `envclone render {name} --overwrite`."
        )
    return _Rendered(current, template, files)


def _committed(checkout: Checkout, name: EnvironmentName) -> Manifest | None:
    """Return the manifest as it is committed, if it is and can be read."""
    try:
        files = checkout.environment_at(name, "HEAD")
        return read_manifest(files, checkout.roots.environment(name)) if files else None
    except UserError:
        return None


def _migrated(checkout: Checkout, manifest: Manifest, then: Manifest | None, template: TemplateAt) -> Manifest:
    """Return the manifest with the migrations whose blocks it gets: whoever writes one renders often, so what is committed counts too."""
    templates = Templates(checkout)
    for each in filter(None, (manifest, then)):
        try:
            former = templates.at(each).declaration
        except (UserError, Unverifiable):
            continue
        manifest = manifest.model_copy(update={"migrated": migrated(manifest, former, template.declaration)})
    return manifest


def _before(checkout: Checkout, manifest: Manifest, then: Manifest | None) -> Before:
    """Return what the environment was rendered as: from its manifest as it is here, and as it is committed."""
    committed = checkout.environment_at(manifest.name, "HEAD") if then else None
    return Before(list(_renderings(checkout, manifest, then)), committed)


def _renderings(checkout: Checkout, *manifests: Manifest | None) -> Iterator[Tree]:
    templates = Templates(checkout)
    for manifest in filter(None, manifests):
        try:
            yield assemble(templates.at(manifest), manifest)
        except (UserError, Unverifiable):
            continue  # nothing is known of it then


def _check(checkout: Checkout, template: TemplateAt, side: CodeSide) -> None:
    """Refuse what the check of a pull request would. Raises `UserError`."""
    now, source = datetime.now(UTC), side.manifest.source
    theirs = checkout.code(source) if source is not None else {}
    found = (
        compare(read_side(theirs, checkout.roots.environment(source)), side, template, now)
        if source is not None and theirs
        else None
    )
    refused = refusals(side, found, CheckRules(checkout.policy(), FACTS, JUDGES), now)
    if refused:
        lines = "\n".join(map(str, in_template(template, side, refused)))
        raise UserError(
            f"The pull request's check would refuse {checkout.roots.environment(side.manifest.name)}:\n{lines}"
        )

"""`envclone adopt`: a production directory becomes a template that production is rendered from as it is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, WrongUsage, edge, environment_name, say
from bot.cli.local.options import AnyRoot, AsJson, me
from bot.clients.git.new_branch import OwnBranch
from bot.core.adoption.hooks import ProposedHook
from bot.core.messages.generated_docs import SCHEMAS
from bot.core.plural import counted
from bot.errors import InvalidInput
from bot.model.environment import HOOKS
from bot.model.policy import PATH as POLICY
from bot.runs.adoption import AdoptedProduction, AdoptionRequest, adopt_directory

_SHOWN = 3


def adopt(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    path: Annotated[str, typer.Argument(metavar="PATH", help="The directory of production.", show_default=False)],
    other: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="PATH",
            help="The directory of another environment: what differs becomes a parameter. Without one, names, accounts, networks and "
            "hosts are searched for.",
            show_default=False,
        ),
    ] = "",
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="What production and its template are called.")
    ] = "production",
    branch: Annotated[
        str,
        typer.Option(
            "--branch",
            metavar="NAME",
            help="Commit it on this branch, which is made if it isn't there.",
            show_default=False,
        ),
    ] = "",
    root: AnyRoot = Path(),
    as_json: AsJson = False,
) -> None:
    """Take over a production directory: template, manifest and policy, with the proof that it is rendered as it was."""
    with edge():
        asked = AdoptionRequest(path, other, environment_name(name), me(), datetime.now(UTC))
        own = _branch(root, branch)
        found = adopt_directory(root, asked)
        is_committed = own is not None and not found.changed and own.commit(_written(found), f"Adopt {path}")
        said = [*_lines(found, path), *([f"Committed on the branch {branch}."] if is_committed else [])]
        say("\n".join(said), lambda: {**_data(found), "committed": is_committed}, as_json)
        if found.changed or _left(found):
            raise typer.Exit(DOES_NOT_HOLD)


def _branch(root: Path, name: str) -> OwnBranch | None:
    """Return the branch that was asked for. What is wrong with it is said before the first file is written."""
    try:
        return OwnBranch.at(root, name) if name else None
    except InvalidInput as error:
        raise WrongUsage(str(error)) from error


def _written(found: AdoptedProduction) -> list[str]:
    return [found.template.where, found.where, POLICY, SCHEMAS]


def _lines(found: AdoptedProduction, path: str) -> Iterator[str]:
    adoption, name = found.adoption, found.manifest.name
    where = found.template.where
    spliced = sum(path.endswith(".j2") for path in found.template.files)
    if found.is_again:
        yield f"{where} exists and was left as it is; {found.where} was rendered from it again."
    else:
        yield f"Wrote {where} ({counted(len(found.template.files), 'file')}, {spliced} with parameters) and {found.where}."
    if found.policy_is_new:
        yield f"Wrote {POLICY}, which protects {name}."
    yield ""
    yield f"Parameters: {len(adoption.parameters)}"
    for each in adoption.parameters:
        yield f"  {each.name}: {each.theirs}{f' → {each.ours}' if each.ours is not None else ''}{'  [identity]' if each.is_identity else ''}  {each.description}"
    yield ""
    if found.changed:
        yield f"Not proved: {', '.join(found.changed)} would change."
        yield (
            f"Make {where} render what {path} has (a line for clones alone belongs in `{{% if … %}}`), or change {path} in the same way, "
            "and run this again."
        )
    else:
        yield f"Proved: {counted(len(adoption.written), 'file')} of production rendered byte for byte as before."
    if adoption.moved:
        yield "Except for the paths of modules beside them, which follow from the new directory:"
        yield from (f"  {each}" for each in adoption.moved)
    if found.hooks:
        yield from (
            "",
            f"Terraform doesn't do this, so a clone may need a hook for it: declare it in {where}/{HOOKS} (docs/hooks.md).",
        )
        yield from (f"  {each.kind}: {_blocks(each)} {each.why}" for each in found.hooks)
    left = _left(found)
    if left or found.undecided:
        yield from ("", "Left to decide:", *(f"  {each}" for each in [*left, *map(str, found.undecided)]))
    if left:
        yield from ("", f"Edit {where}, then run the same command again.")
    else:
        next_step = "" if found.changed else f" Next: `envclone clone {name} as demo-x --dry-run`."
        yield from ("", f"`envclone template check` passes.{next_step}")


def _blocks(hook: ProposedHook) -> str:
    more = f" and {len(hook.blocks) - _SHOWN} more: each" if len(hook.blocks) > _SHOWN else ""
    return f"{', '.join(hook.blocks[:_SHOWN])}{more}"


def _left(found: AdoptedProduction) -> list[str]:
    """Return what the template's check asks for."""
    return list(map(str, found.proof.findings))


def _data(found: AdoptedProduction) -> dict[str, object]:
    return {
        "template": found.manifest.template,
        "again": found.is_again,
        "proved": not found.changed,
        "changed": list(found.changed),
        "moved": list(found.adoption.moved),
        "parameters": [
            {
                "name": each.name,
                "production": each.value,
                "other": each.other,
                "identity": each.is_identity,
                "description": each.description,
            }
            for each in found.adoption.parameters
        ],
        "hooks": [{"kind": each.kind, "blocks": list(each.blocks), "why": each.why} for each in found.hooks],
        "check": _left(found),
        "undecided": [str(each) for each in found.undecided],
    }

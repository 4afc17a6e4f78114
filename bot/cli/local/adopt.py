"""`envclone adopt`: a production directory becomes a template that production is rendered from as it is."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, WrongUsage, edge, environment_name, say
from bot.cli.local.adopted_text import adopted_text, commit_title
from bot.cli.local.options import AnyRoot, AsJson, me
from bot.clients.cage import Cage
from bot.clients.git.new_branch import OwnBranch, has_uncommitted
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.program import find_terraform
from bot.clients.terraform.terraform import Terraform
from bot.core.messages.reference.generated_docs import SCHEMAS
from bot.errors import InvalidInput, Unverifiable
from bot.model.policy import PATH as POLICY
from bot.runs.adoption import AdoptedProduction, AdoptionRequest, adopt_directory
from bot.runs.state_adoption import ADOPTED, CodeFromState, out_of_reach, write_code_from_state

_COMMIT = "Commit them: `git rm -r` refuses to remove the directory until then."
_CREDENTIALS = (".aws", ".config/gcloud", ".azure")
"""Below the home directory: where providers and backends look for a person's credentials."""


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
    from_state: Annotated[
        bool,
        typer.Option(
            "--from-state",
            help="First write code for what the state holds and the code lacks, with Terraform and this machine's credentials.",
        ),
    ] = False,
    branch: Annotated[
        str,
        typer.Option(
            "--branch",
            metavar="NAME",
            help="Commit it on this branch, which is created if it doesn't exist.",
            show_default=False,
        ),
    ] = "",
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Find the parameters again, and replace the code and template.yaml that an earlier run wrote; hooks and lock files stay.",
        ),
    ] = False,
    workspace: Annotated[
        str,
        typer.Option(
            "--workspace",
            metavar="NAME",
            help="The workspace in which production's state lies, if the code reads `terraform.workspace`.",
            show_default=False,
        ),
    ] = "",
    root: AnyRoot = Path(),
    as_json: AsJson = False,
) -> None:
    """Adopt a production directory: write its template, manifest and policy, and prove that it is rendered as it was."""
    with edge():
        asked = AdoptionRequest(path, other, environment_name(name), me(), datetime.now(UTC), anew, workspace)
        own = _branch(root, branch)
        written = _code_from_state(root, path) if from_state else []
        found = adopt_directory(root, asked)
        is_committed = own is not None and not found.changed and _commit(own, found, path, written)
        said = [
            *_of_state(written),
            *adopted_text(found, path),
            *(
                [f"\n{path} has changes that aren't committed, and the proof is of them, too. {_COMMIT}"]
                if has_uncommitted(root, path)
                else []
            ),
            *([f"Committed on the branch {branch}."] if is_committed else []),
        ]
        say(
            "\n".join(said),
            lambda: {**_data(found), "committed": is_committed, "from_state": list(map(asdict, written))},
            as_json,
        )
        if found.changed or found.proof.findings or not all(each.is_proved for each in written):
            raise typer.Exit(DOES_NOT_HOLD)


def _code_from_state(root: Path, path: str) -> list[CodeFromState]:
    """Write what is missing; the state is only read, with what this machine's person may."""
    home = Path.home()
    reach = Cage(reads=(root.resolve(), *(home / each for each in _CREDENTIALS)))
    try:
        return write_code_from_state(root, path, Terraform(find_terraform(os.environ), os.environ, reach=reach))
    except TerraformFailed as error:
        raise Unverifiable(out_of_reach(error) or str(error)) from error


def _of_state(written: Sequence[CodeFromState]) -> Iterator[str]:
    for each in written:
        if each.resources:
            file = f"{each.directory}/{ADOPTED}"
            yield f"Wrote {file} for what the state holds and the code lacked: {', '.join(each.resources)}."
            yield from (
                f"  {name} is a secret, so it is not in the code: give it a value from a secret store."
                for name in each.secret
            )
            yield (
                "  A plan would change nothing."
                if not each.changed
                else f"  A plan would still change it: {', '.join(each.changed)}."
            )
        elif not each.others:
            yield f"{each.directory}: the code has all that the state holds."
        yield from (
            f"  {name} is only in the state, in a module or as one of several instances: write its code by hand."
            for name in each.others
        )
    if written:
        yield ""


def _branch(root: Path, name: str) -> OwnBranch | None:
    """Return the branch that was asked for. What is wrong with it is said before the first file is written."""
    try:
        return OwnBranch.at(root, name) if name else None
    except InvalidInput as error:
        raise WrongUsage(str(error)) from error


def _commit(own: OwnBranch, found: AdoptedProduction, path: str, written: Sequence[CodeFromState]) -> bool:
    paths = [*_written(found), *_code_files(own.top, written)]
    return own.commit(paths, commit_title(found, path, own.changed(paths)))


def _written(found: AdoptedProduction) -> list[str]:
    return [found.template.where, found.where, POLICY, SCHEMAS]


def _code_files(top: Path, written: Sequence[CodeFromState]) -> list[str]:
    """Return what was written for states, also by an earlier run that committed nothing."""
    return [file for each in written if (top / (file := f"{each.directory}/{ADOPTED}")).exists()]


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
        "check": list(map(str, found.proof.findings)),
        "doubts": list(found.proof.doubts),
        "external": list(map(str, found.proof.external)),
        "undecided": [str(each) for each in found.undecided],
        "as_in_production": [str(each) for each in found.as_in_production],
    }

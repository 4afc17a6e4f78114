"""`envclone adopt`: a production directory becomes a template that production is rendered from as it is."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, WrongUsage, edge, environment_name, say
from bot.cli.local.options import AnyRoot, AsJson, me
from bot.clients.cage import Cage
from bot.clients.git.new_branch import OwnBranch, has_uncommitted
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.program import find_terraform
from bot.clients.terraform.terraform import Terraform
from bot.core.adoption.hooks import ProposedHook
from bot.core.messages.reference.generated_docs import SCHEMAS
from bot.core.parity.by_code.external_references import reached
from bot.core.plural import counted
from bot.errors import Finding, InvalidInput, Unverifiable
from bot.model.environment import HOOKS
from bot.model.policy import PATH as POLICY
from bot.runs.adoption import AdoptedProduction, AdoptionRequest, adopt_directory
from bot.runs.state_adoption import ADOPTED, CodeFromState, out_of_reach, write_code_from_state

_SHOWN = 3
_CODE = re.compile(r"`[^`]*`")
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
        is_committed = (
            own is not None
            and not found.changed
            and own.commit([*_written(found), *_code_files(own.top, written)], f"Adopt {path}")
        )
        said = [
            *_of_state(written),
            *_lines(found, path),
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
        if found.changed or _left(found) or not all(each.is_proved for each in written):
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


def _written(found: AdoptedProduction) -> list[str]:
    return [found.template.where, found.where, POLICY, SCHEMAS]


def _code_files(top: Path, written: Sequence[CodeFromState]) -> list[str]:
    """Return what was written for states, also by an earlier run that committed nothing."""
    return [file for each in written if (top / (file := f"{each.directory}/{ADOPTED}")).exists()]


def _lines(found: AdoptedProduction, path: str) -> Iterator[str]:
    adoption, name = found.adoption, found.manifest.name
    where = found.template.where
    yield from _wrote(found, where)
    yield ""
    yield f"Parameters: {len(adoption.parameters)}"
    for each in adoption.parameters:
        yield f"  {each.name}: {each.theirs}{f' → {each.ours}' if each.ours is not None else ''}{'  [identity]' if each.is_identity else ''}  {each.description}"
    yield ""
    if found.changed:
        yield f"Not proved: {', '.join(found.changed)} would change."
        yield from (f"  {each}: {how}." for each, how in found.changed.items())
        yield (
            f"Make {where} render what {path} has (a line for clones alone belongs in `{{% if … %}}`), or change {path} in the same way, "
            f"and run this again. If {path} has changed, `--anew` writes the template from it again."
        )
    else:
        yield f"Proved: {counted(len(adoption.written), 'file')} of production rendered byte for byte as before."
    if adoption.moved:
        yield "Except for the paths of modules and files elsewhere, which follow from the new directory:"
        yield from (f"  {each}" for each in adoption.moved)
    if found.hooks:
        yield from (
            "",
            f"Terraform doesn't do this, so a clone may need a hook for it: declare it in {where}/{HOOKS} (docs/hooks.md).",
        )
        yield from (f"  {each.kind}: {_blocks(each)} {each.why}" for each in found.hooks)
    left = _left(found)
    if left or found.undecided:
        yield from (
            "",
            "Left to decide:",
            *(f"  {each}" for each in _once(tuple(dict.fromkeys((*found.proof.findings, *found.undecided))))),
        )
    if found.as_in_production:
        yield from (
            "",
            "In every clone as in production; nothing to do if that is meant:",
            *(f"  {each}" for each in _once(found.as_in_production)),
        )
    if found.proof.external:
        yield from ("", f"Before the first clone, look at this: {reached(found.proof.external)}")
    if left:
        yield from ("", f"Edit {where}, then run the same command again.")
    else:
        next_step = (
            ""
            if found.changed
            else f" Next: `envclone clone {name} as {found.template.roots.named('demo-x', name)} --dry-run`."
        )
        yield from ("", f"`envclone template check` passes.{next_step}")
    if found.proof.doubts:
        yield from ("", "Before the first plan of a clone:", *(f"  {each}" for each in found.proof.doubts))


def _wrote(found: AdoptedProduction, where: str) -> Iterator[str]:
    name = found.manifest.name
    spliced = sum(path.endswith(".j2") for path in found.template.files)
    if found.is_again:
        yield f"{where} exists and was left as it is; {found.where} was rendered from it again."
    else:
        yield f"Wrote {where} ({counted(len(found.template.files), 'file')}, {spliced} with parameters) and {found.where}."
    if found.policy_is_new:
        yield f"Wrote {POLICY}, which protects {name}."
    if not found.is_protected:
        yield f"Add `{name}` to `protected` in {POLICY}: without that it is taken for a clone, and its pull request's check fails."


def _blocks(hook: ProposedHook) -> str:
    more = f" and {len(hook.blocks) - _SHOWN} more: each" if len(hook.blocks) > _SHOWN else ""
    return f"{', '.join(hook.blocks[:_SHOWN])}{more}"


def _once(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield each kind of thing to decide once, with the other places where it is to be decided.

    Two are of one kind if only the code that they name is another.
    """
    kinds: dict[str, list[Finding]] = {}
    for each in findings:
        kinds.setdefault(_CODE.sub("``", each.message), []).append(each)
    for first, *others in kinds.values():
        shown = ", ".join(_as_well(first, each) for each in others[:_SHOWN])
        yield f"{first}{f' Also {shown}{_more(others[_SHOWN:])}.' if others else ''}"


def _as_well(first: Finding, other: Finding) -> str:
    """Return where the same is to be decided, and of what, if that is something else there."""
    named = zip(_CODE.findall(first.message), _CODE.findall(other.message), strict=True)
    of = ", ".join(dict.fromkeys(there for here, there in named if there != here))
    return f"{other.path}:{other.line}{f' ({of})' if of else ''}"


def _more(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    files = Counter(each.path for each in findings)
    where = ", ".join(f"{count} in {path}" for path, count in files.most_common(_SHOWN))
    others = f", {len(files) - _SHOWN} more files" if len(files) > _SHOWN else ""
    return f", and {len(findings)} more ({where}{others}; `--json` has every one)"


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
        "doubts": list(found.proof.doubts),
        "external": list(map(str, found.proof.external)),
        "undecided": [str(each) for each in found.undecided],
        "as_in_production": [str(each) for each in found.as_in_production],
    }

"""`envclone init`: what a monorepo needs of envclone, written into a checkout; and the same, brought up to date.

At a terminal it asks for what the repository does not say.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, WrongUsage, edge, say
from bot.cli.local.installing.accounts import FORM, SaidAccount, by_id
from bot.cli.local.installing.answers import Answers, answers, first_policy, knows_tool, rights
from bot.cli.local.installing.installation import Installation
from bot.cli.local.installing.questions import is_asked
from bot.cli.local.installing.roles import Cloud, bring_roles, names_accounts, roles_left, unread
from bot.cli.local.options import AsJson
from bot.cli.own_github import own_github
from bot.cli.proposal import BRANCH, Proposal
from bot.clients.git.checkout import own_checkout
from bot.clients.shipped import shipped
from bot.clouds.registry import FACTS
from bot.core.installation.files import (
    CODE_OWNERS,
    HANDLE,
    NO_SERVER,
    PRISTINE,
    fitted,
    owning,
    unguarded,
    with_owners,
)
from bot.core.installation.renovate import PLACES, RenovateConfiguration, kept_paths, rule
from bot.core.installation.tool_source import ToolSource
from bot.core.messages.reference.generated_docs import schema_files
from bot.errors import InvalidInput, UserError
from bot.model.policy import PATH as POLICY_PATH
from bot.model.roots import Roots

SAID = {
    "written": "wrote      {}",
    "merged": "merged     {}: your edits and the newer version",
    "conflict": "CONFLICT   {}: resolve it between the markers, as after `git merge`",
    "edited": "kept       {}: edited here, and not changed by this version",
    "removed": "left out   {}: you removed it",
    "theirs": "NOT OURS   {}: it was there before. Move it away and run this again",
    "unchanged": "unchanged  {}",
}


def init(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    tool: Annotated[
        str,
        typer.Option(
            "--tool",
            metavar="OWNER/NAME@COMMIT",
            help="The repository of envclone that workflows take the tool from, at the commit of a release.",
            show_default=False,
        ),
    ] = "",
    root: Annotated[
        Path, typer.Option("--root", metavar="PATH", help="The checkout.", file_okay=False, exists=True)
    ] = Path(),
    branch: Annotated[
        str,
        typer.Option(
            "--branch",
            metavar="NAME",
            help="The default branch; by default, the one given before, or main.",
            show_default=False,
        ),
    ] = "",
    owner: Annotated[
        str,
        typer.Option(
            "--owner",
            metavar="@TEAM",
            help="Who must review changes of workflows, policy and templates.",
            show_default=False,
        ),
    ] = "",
    no_server: Annotated[
        bool,
        typer.Option(
            "--no-server", help="Carry out comments in a workflow as well, instead of in a service that you run."
        ),
    ] = False,
    cloud: Annotated[
        list[Cloud],
        typer.Option(
            "--cloud",
            metavar="CLOUD",
            help="Write the code that creates the roles in this cloud (aws, gcp, azure); by default, in the clouds that the policy or the code names.",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    account: Annotated[
        list[str],
        typer.Option(
            "--account",
            metavar="ID[,KEY=VALUE]...",
            help="An account for a policy without any, with its properties: 222222222222,region=eu-central-1,state_bucket=acme-state. At a terminal, "
            "you are asked for what is missing.",
        ),
    ] = [],  # noqa: B006 (see above)
    allow: Annotated[
        list[str],
        typer.Option(
            "--allow",
            metavar="WHAT=ROLE",
            help="Who may do what, in a new policy: destroy=admin. At a terminal, you are asked for it.",
        ),
    ] = [],  # noqa: B006 (see above)
    upgrade: Annotated[
        bool,
        typer.Option(
            "--upgrade",
            help="Only update what is there, and ask no questions; without it, running this again does the same.",
        ),
    ] = False,
    pull_request: Annotated[
        bool,
        typer.Option(
            "--pull-request",
            help=f"Commit it on the branch {BRANCH}, push that and open the pull request, with GH_TOKEN or GITHUB_TOKEN; run it again to update the pull request.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write workflows, roles, a first policy and code owners into a checkout; run it again to update them and keep your edits."""
    with edge():
        if not (root / ".git").exists():
            raise UserError(
                f"{root.resolve()} is not the top of a git repository. Change to it, or name it with `--root PATH`."
            )
        if upgrade and not (root / PRISTINE).is_dir():
            raise UserError(
                f"envclone is not installed in {root.resolve()}, so there is nothing to bring up to date. Leave out `--upgrade`."
            )
        proposal = Proposal.begun(root) if pull_request else None
        place, roots = Installation(root), own_checkout(root).roots
        with _as_wrong_usage():
            given = Answers(tool, branch, owner, tuple(cloud), by_id(map(SaidAccount.parsed, account)), rights(allow))
            found = answers(place, given, roots, is_asked=not upgrade and is_asked(as_json=as_json))
            files, source = fitted(shipped(), found.branch, roots), _source(place, found.tool)
            if not no_server and place.read(f"{PRISTINE}/{HANDLE}") is None:
                files = {path: data for path, data in files.items() if path not in NO_SERVER}
            team = owning(found.owner) if found.owner else ""
            policy = first_policy(place, found)
        place.bring_tool(source)
        for path, newer in files.items():
            place.bring(path, newer)
        if policy is not None:
            place.put(POLICY_PATH, policy)
        for path, text in schema_files(FACTS).items():
            place.put(path, text.encode())
        bring_roles(place, found.clouds, found.accounts)
        left = [
            *unread(place),
            *_owners(place, team, roots),
            *_renovate(place, roots),
            *roles_left(place, found.clouds, found.accounts, found.branch),
            *_next(place, found.clouds, has_server=HANDLE not in files),
        ]
        is_whole = not {"conflict", "theirs"} & set(place.done.values())
        pull = proposal.made(place.done, left) if proposal and is_whole else None
        if pull is None:
            left.append(_commit(root))
        lines = [SAID[outcome].format(path) for path, outcome in place.done.items()]
        lines += ["", f"Open: {pull}"] if pull else []
        then = "\n".join(f"- {step}" for step in left)
        data = {"files": place.done, "then": left, "pull_request": pull}
        say("\n".join([*lines, "", "Then:", then]), lambda: data, as_json)
        if not is_whole:
            raise typer.Exit(DOES_NOT_HOLD)


@contextmanager
def _as_wrong_usage() -> Iterator[None]:
    """What is typed is looked at before the first file is written."""
    try:
        yield
    except InvalidInput as error:
        raise WrongUsage(str(error)) from error


def _source(place: Installation, tool: str) -> ToolSource:
    """Return where workflows take the tool from: as it is said, or as it stands there, if that is of this version."""
    ours = version("envclone")
    if tool:
        return ToolSource.parsed(tool, ours)
    found = knows_tool(place)
    if found is None:
        raise WrongUsage(
            f"These are the workflows of envclone {ours}, so they need that version of the tool. Name the commit of its release: "
            "`--tool OWNER/NAME@COMMIT`."
        )
    return found


def _owners(place: Installation, owner: str, roots: Roots) -> Iterator[str]:
    """Add the lines of code owners that are missing, or yield what a person has to add."""
    path = next((each for each in CODE_OWNERS if place.read(each) is not None), CODE_OWNERS[0])
    there = (place.read(path) or b"").decode()
    if not unguarded(there, roots):
        return
    if not owner:
        yield f"name the owners of {' and '.join(unguarded(there, roots))} in {path}: run this again with `--owner @TEAM`"
        return
    place.put(path, with_owners(there, owner, roots).encode())


def _renovate(place: Installation, roots: Roots) -> Iterator[str]:
    """Keep Renovate, where it is used, from what is rendered, or yield what a person has to add."""
    path = next((each for each in PLACES if place.read(each) is not None), None)
    if path is None:
        return
    found = RenovateConfiguration.of((place.read(path) or b"").decode())
    if found is None:
        yield f"keep Renovate from what envclone writes, if {path} does not yet: add {rule(kept_paths(roots))} to its `packageRules`"
    elif left := found.left_open(roots):
        place.put(path, found.excepting(left).encode())


def _next(place: Installation, clouds: Sequence[Cloud], *, has_server: bool) -> Iterator[str]:
    if not clouds and not names_accounts(place):
        yield f"name your accounts, their roles and where state lies in {POLICY_PATH}, or run this again with `{FORM}` for each"
    yield "create the GitHub environments `envclone-plan` and `envclone-apply`, with the default branch as their only deployment branch"
    yield "protect the default branch, with a code owner's review and the required check `envclone`"
    if not has_server:
        yield (
            "create the GitHub environment `envclone-expire`, with the default branch as its only deployment branch and the App's key as "
            "its secret `ENVCLONE_GITHUB_PRIVATE_KEY`, and the variable `ENVCLONE_GITHUB_APP_ID`"
        )


def _commit(root: Path) -> str:
    github = own_github(root, os.environ)
    offer = "; `--pull-request` does that" if github is not None and github.token else ""
    return f"commit this in a pull request of its own{offer}"

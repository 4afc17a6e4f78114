"""What `envclone init` asks a person at a terminal: what the repository does not say and nobody gave as an option."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar, cast, get_args

import typer

from bot.cli import console
from bot.cli.local.installing.accounts import SaidAccount, by_id
from bot.cli.local.installing.roles import Cloud
from bot.core.installation.files import owning
from bot.core.installation.tool_source import ToolSource
from bot.errors import InvalidInput
from bot.model.policy import Permission, Role

T = TypeVar("T")
ROLES: Final[Sequence[Role]] = get_args(Role)
_RIGHTS: Final[Sequence[tuple[str, Sequence[Permission], Role]]] = (
    ("Who may clone environments and change them", ("clone", "change"), "write"),
    ("Who may destroy them", ("destroy",), "maintain"),
    (
        "Who may take over a run that died, and let code be planned that the default branch does not have",
        ("rescue", "plan_unproved"),
        "maintain",
    ),
)


def is_asked(*, as_json: bool) -> bool:
    """Say whether somebody is there to answer."""
    return not as_json and sys.stdin.isatty() and console.is_terminal()


def the_tool(version: str) -> str:
    """Ask where workflows take the tool from."""
    text = f"Where workflows take envclone from, as OWNER/NAME@COMMIT (the commit of release {version})"
    return _asked(text, "", partial(_the_tool, version))


def _the_tool(version: str, said: str) -> str:
    ToolSource.parsed(said, version)
    return said


def the_branch(found: str) -> str:
    """Ask for the default branch."""
    return _asked("The default branch", found, str)


def the_owner(found: str) -> str:
    """Ask who reviews changes of workflows, policy and templates; nothing leaves that to a person."""
    text = "Who must review changes of workflows, policy and templates, as @TEAM (- for nobody)"
    said = _asked(text, found or "-", lambda said: said if said == "-" else owning(said))
    return "" if said == "-" else said


def the_clouds(found: Sequence[Cloud]) -> Sequence[Cloud]:
    """Ask for the clouds that environments are in."""
    known = ", ".join(Cloud)
    text = f"The clouds that environments are in ({known}; - for none)"

    def checked(said: str) -> Sequence[Cloud]:
        names = [] if said == "-" else re.split(r"[,\s]+", said.strip())
        if wrong := [name for name in names if name not in list(Cloud)]:
            raise InvalidInput(f"{wrong[0]} is not one of {known}.")
        return [Cloud(name) for name in names]

    return _asked(text, ",".join(found) or "-", checked)


def the_accounts(found: Mapping[str, SaidAccount]) -> Mapping[str, SaidAccount]:
    """Ask for the facts of each account that is known, and for further accounts."""
    typer.echo(
        "\nThe accounts that environments are in. Enter takes what is offered; - leaves a fact out, and the account out of the policy until it is known."
    )
    answered = [_facts(each) for each in found.values()]
    while said := _asked(
        "Another account, by its id (- for no more)", "-", lambda said: None if said == "-" else SaidAccount.of(said)
    ):
        answered.append(_facts(said))
    return by_id(answered)


def _facts(account: SaidAccount) -> SaidAccount:
    typer.echo(f"Account {account.id} ({account.cloud})")
    for question in account.questions():
        known = account
        said = _asked(
            f"  {question.text[0].upper()}{question.text[1:]}",
            account.offered(question) or "-",
            lambda said, known=known, key=question.key: known if said == "-" else known.knowing(key, said),  # type: ignore[misc]
        )
        account = said
    return account


def the_rights() -> Mapping[Permission, Role]:
    """Ask who may do what."""
    typer.echo(f"\nWho may do what, by their role in the repository: {', '.join(ROLES)}.")
    found: dict[Permission, Role] = {}
    for text, permissions, usual in _RIGHTS:
        least = ROLES[ROLES.index("write") :] if "plan_unproved" in permissions else ROLES

        def checked(said: str, least: Sequence[Role] = least) -> Role:
            if said not in least:
                raise InvalidInput(f"{said} is not one of {', '.join(least)}.")
            return cast(Role, said)

        found |= dict.fromkeys(permissions, _asked(text, usual, checked))
    return found


def _asked(text: str, offered: str, checked: Callable[[str], T]) -> T:
    """Return the first answer that passes; what is wrong with the others is said, and the question asked again."""

    def read(said: str) -> T:
        try:
            return checked(said.strip())
        except InvalidInput as error:
            raise typer.BadParameter(str(error)) from error

    found: T = typer.prompt(text, default=offered or None, value_proc=read)
    return found

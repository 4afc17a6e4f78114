"""What the commands in a checkout are given alike: where it is, which environments, how to answer, and who asks."""

import getpass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import NOT_CHECKED, stop
from bot.cli.options import completed
from bot.errors import InvalidInput
from bot.model.policy import PATH as POLICY
from bot.model.roots import DEFAULT
from bot.names import Login


def checkout(context: typer.Context, root: Path) -> Path:
    """Return the checkout that `root` is, or lies in; where there is none, say so and exit with 2."""
    found = checkout_around(root)
    if found is None and not context.resilient_parsing:
        stop(
            f"{root.resolve()} is not in a checkout of a monorepo: there is no `{POLICY}`, and neither `{DEFAULT.environments}/` nor `{DEFAULT.templates}/`. "
            "Change to the checkout, or name it with `--root PATH`; where envclone is new, begin with `envclone adopt PATH`.",
            NOT_CHECKED,
        )
    return found or root


def checkout_around(root: Path) -> Path | None:
    """Return the checkout that `root` is, or lies in, if there is one."""
    above = (each for each in root.resolve().parents if (each / ".git").exists())
    signs = (POLICY, DEFAULT.environments, DEFAULT.templates)
    return next((each for each in (root, *above) if any((each / name).exists() for name in signs)), None)


AnyRoot = Annotated[
    Path,
    typer.Option(
        "--root",
        metavar="PATH",
        help="The checkout, or the directory that paths are relative to.",
        file_okay=False,
        exists=True,
    ),
]
Root = Annotated[
    Path,
    typer.Option(
        "--root", metavar="PATH", help="The checkout of the monorepo.", file_okay=False, exists=True, callback=checkout
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...", help="By default, all.", show_default=False, autocompletion=completed("environments")
    ),
]


class ReportFormat(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"


def me() -> Login:
    """Return the user of this machine, as far as the name can be a login."""
    try:
        return Login(getpass.getuser())
    except (InvalidInput, OSError, KeyError):
        return Login("somebody")

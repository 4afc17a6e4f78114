"""What the commands in a checkout are given alike: where it is, which environments, how to answer, and who asks."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import NOT_CHECKED, stop
from bot.cli.options import completed
from bot.errors import InvalidInput
from bot.model.environment import ENVIRONMENTS
from bot.model.template import TEMPLATES
from bot.names import Login


def checkout(context: typer.Context, root: Path) -> Path:
    """Return the checkout that `root` is, or lies in; where there is none, say so and exit with 2."""
    above = (each for each in root.resolve().parents if (each / ".git").exists())
    found = next(
        (each for each in (root, *above) if any((each / name).is_dir() for name in (ENVIRONMENTS, TEMPLATES))), None
    )
    if found is None and not context.resilient_parsing:
        stop(
            f"{root.resolve()} is in no checkout of a monorepo: there is neither `{ENVIRONMENTS}/` nor `{TEMPLATES}/`. "
            "Change to the checkout, or name it with `--root PATH`.",
            NOT_CHECKED,
        )
    return found or root


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
        metavar="[NAME]...", help="By default, all.", show_default=False, autocompletion=completed(ENVIRONMENTS)
    ),
]


def me() -> Login:
    """Return the user of this machine, as far as the name can be a login."""
    try:
        return Login(getpass.getuser())
    except (InvalidInput, OSError, KeyError):
        return Login("somebody")

"""What the commands in a checkout are given alike: where it is, how to answer, and who asks."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import InvalidInput
from bot.names import Login

Root = Annotated[Path, typer.Option("--root", help="The checkout of the monorepo.", file_okay=False, exists=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def me() -> Login:
    """Return the user of this machine, as far as the name can be a login."""
    try:
        return Login(getpass.getuser())
    except (InvalidInput, OSError, KeyError):
        return Login("somebody")

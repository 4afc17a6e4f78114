"""What commands of all kinds are given alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer


def completed(kind: Literal["environments", "templates"]) -> Callable[[str], list[str]]:
    """Return what completes the name of an environment or a template of the checkout that the shell is in."""

    def names(incomplete: str) -> list[str]:
        from bot.clients.git.checkout import own_checkout  # noqa: PLC0415 (only for whoever presses TAB)
        from bot.errors import UserError  # noqa: PLC0415

        try:
            checkout = own_checkout(Path())
        except UserError:
            return []  # whatever command follows says what is wrong with the policy
        return [name for name in checkout.directories(kind) if name.startswith(incomplete)]

    return names


Environment = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The environment.", show_default=False, autocompletion=completed("environments")
    ),
]

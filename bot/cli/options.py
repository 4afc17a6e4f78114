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
            roots = own_checkout(Path()).roots
        except UserError:
            return []  # whatever command follows says what is wrong with the policy
        place = Path(roots.environments if kind == "environments" else roots.templates)
        found = [each.name for each in place.iterdir() if each.is_dir()] if place.is_dir() else []
        return sorted(name for name in found if name.startswith(incomplete))

    return names


Environment = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The environment.", show_default=False, autocompletion=completed("environments")
    ),
]

"""What commands of all kinds are given alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def completed(directory: str) -> Callable[[str], list[str]]:
    """Return what completes the name of a directory in `directory`, in the checkout that the shell is in."""

    def names(incomplete: str) -> list[str]:
        place = Path(directory)
        found = [each.name for each in place.iterdir() if each.is_dir()] if place.is_dir() else []
        return sorted(name for name in found if name.startswith(incomplete))

    return names


Environment = Annotated[
    str, typer.Argument(metavar="NAME", help="The environment.", show_default=False, autocompletion=completed("envs"))
]

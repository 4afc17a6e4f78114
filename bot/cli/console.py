"""The command line's one edge: how results are said, and what the exit codes mean."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from bot.control_characters import without_controls
from bot.errors import InvalidInput, Unreadable, Unverifiable, UserError

if TYPE_CHECKING:  # `--help` needs no pydantic
    from bot.names import EnvironmentName

HOLDS, DOES_NOT_HOLD, NOT_CHECKED, WRONG_USAGE = 0, 1, 2, 64
"""What every command exits with. 64 is `EX_USAGE` of sysexits.h: whoever takes 2 for "not checked" never gets it for a typing error."""


class WrongUsage(UserError):
    """What was typed is not how the command is written; nothing was done."""


@contextmanager
def edge() -> Iterator[None]:
    """Turn expected errors into a message on standard error and an exit code; anything else is a bug and keeps its traceback."""
    try:
        yield
    except (UserError, Unverifiable) as error:
        code = NOT_CHECKED if isinstance(error, Unreadable | Unverifiable) else DOES_NOT_HOLD
        code = WRONG_USAGE if isinstance(error, WrongUsage) else code
        from bot.cli.terminal import spoken  # noqa: PLC0415 (the words of comments cost 0.1 s, and most commands end well)

        stop(spoken(str(error)), code)
    except FileNotFoundError as error:
        if error.filename != "git":
            raise
        stop("`git` is not on PATH, and this needs it: install git 2.31 or newer.", NOT_CHECKED)


def stop(message: str, code: int) -> NoReturn:
    """Say why on standard error and leave with `code`."""
    typer.echo(without_controls(message), err=True)
    raise typer.Exit(code)


def environment_name(text: str) -> "EnvironmentName":
    """Return the name of an environment as it was typed. Raises `WrongUsage`."""
    from bot.names import EnvironmentName  # noqa: PLC0415 (see above)

    try:
        return EnvironmentName(text)
    except InvalidInput as error:
        raise WrongUsage(str(error)) from error


def say(text: str, data: Callable[[], Any], as_json: bool) -> None:
    """Print `text` for people, or `data()` as JSON."""
    # JSON escapes all that is obeyed but for one character.
    written = (
        json.dumps(data(), indent=2, default=str).replace("\x7f", "\\u007f") if as_json else without_controls(text)
    )
    typer.echo(written)


def width() -> int:
    """Return how wide the terminal is; 0 when a file or a program reads what is printed."""
    return shutil.get_terminal_size().columns if is_terminal() else 0


def is_terminal() -> bool:
    """Say whether a person is looking."""
    return sys.stdout.isatty()

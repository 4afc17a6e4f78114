"""The command line's one edge: how results are said, and what the exit codes mean (0 holds, 1 does not, 2 could not be checked)."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from bot.errors import Unreadable, Unverifiable, UserError

HOLDS, DOES_NOT_HOLD, NOT_CHECKED = 0, 1, 2


@contextmanager
def edge() -> Iterator[None]:
    """Turn expected errors into a message on standard error and an exit code; anything else is a bug and keeps its traceback."""
    try:
        yield
    except (Unreadable, Unverifiable) as error:
        stop(str(error), NOT_CHECKED)
    except UserError as error:
        from bot.cli.terminal import spoken  # noqa: PLC0415 (the words of comments cost 0.1 s, and most commands end well)

        stop(spoken(str(error)), DOES_NOT_HOLD)


def stop(message: str, code: int) -> NoReturn:
    """Say why on standard error and leave with `code`."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def say(text: str, data: Callable[[], Any], as_json: bool) -> None:
    """Print `text` for people, or `data()` as JSON."""
    typer.echo(json.dumps(data(), indent=2, default=str) if as_json else text)


def width() -> int:
    """Return how wide the terminal is; 0 when a file or a program reads what is printed."""
    return shutil.get_terminal_size().columns if is_terminal() else 0


def is_terminal() -> bool:
    """Say whether a person is looking."""
    return sys.stdout.isatty()

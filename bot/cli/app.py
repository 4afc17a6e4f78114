"""The command line `envclone`. Its commands are in `bot.cli.commands`; each file beside this one holds one family of them."""

import atexit
import gc
from typing import Annotated

import typer

from bot import garbage
from bot.cli.group import Commands
from bot.cli.plain_streams import name_controls

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # help is plain text, also in a file and for a screen reader, and begins in half the time
    pretty_exceptions_enable=False,  # a traceback may show values of variables, and those may be secret
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version  # noqa: PLC0415 (it reads the disk, for whoever asks)

        typer.echo(f"envclone {version('envclone')}")
        raise typer.Exit


@app.callback(epilog="`envclone COMMAND --help` explains a command and its exit codes.")
def envclone(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Clone production infrastructure by pull request, from the template that production itself comes from."""


def main() -> None:
    """Run the command line."""
    garbage.look_seldom()
    # Else Python looks for rings in all of the code that was read once more before it ends.
    atexit.register(gc.freeze)
    name_controls()
    app()


if __name__ == "__main__":
    main()

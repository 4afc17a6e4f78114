"""The command line `envclone`. Its commands are in `bot.cli.commands`; each file beside this one holds one family of them."""

import typer

from bot.cli.group import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback may show values of variables, and those may be secret
)


@app.callback()
def envclone() -> None:
    """Clone production infrastructure by pull request, from the template that production itself comes from."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()

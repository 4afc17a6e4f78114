"""`envclone apply` alone, without the rest of the command line: `python -m tests.support.apply_command ENVIRONMENT`."""

import typer

from bot.cli.actions.apply import apply

if __name__ == "__main__":
    typer.run(apply)

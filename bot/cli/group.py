"""The group of all commands: each is imported when it is called, and not before."""

from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bot.cli.commands import COMMANDS, CommandPlace
from bot.cli.console import NOT_CHECKED, stop

_PLACES = {command.name: command for command in COMMANDS}


class Commands(TyperGroup):
    """Lists commands by their rows alone; the one that is called is loaded."""

    def __init__(self, **attributes: Any) -> None:
        rows = {command.name: TyperCommand(command.name, help=command.about) for command in COMMANDS}
        super().__init__(**{**attributes, "commands": rows})

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> tuple[str | None, object, list[str]]:  # type: ignore[override]
        """Return the command that is called; if it doesn't exist, exit with the closest one."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            from bot.cli.words import unknown  # noqa: PLC0415 (the grammar is only needed for who misspells)

            stop(unknown(args, [*self.commands]), NOT_CHECKED)
        name, _, rest = super().resolve_command(ctx, args)
        return name, loaded(_PLACES[str(name)]), rest


def loaded(command: CommandPlace) -> Any:
    """Import a command, and return it as the command line runs it."""
    from bot.clients.filler import fill_in_a_child  # noqa: PLC0415 (`--help` fills nothing)

    fill_in_a_child()
    module, _, name = command.place.partition(":")
    found = getattr(import_module(module), name)
    alone = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=command.name)
        return cast(TyperGroup, get_command(alone)).commands[command.name]
    alone.command(command.name, context_settings={"ignore_unknown_options": command.takes_sentence})(found)
    return get_command(alone)

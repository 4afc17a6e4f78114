"""The group of all commands: each is imported when it is called, and not before."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bot import garbage
from bot.cli.commands import AUDIENCES, COMMANDS, CommandPlace
from bot.cli.console import WRONG_USAGE, stop
from bot.cli.plain_help import PlainCommand
from bot.complaints import plainly

_PLACES = {command.name: command for command in COMMANDS}

_UsageError: Final = cast(type[typer.BadParameter], typer.BadParameter.__bases__[0])
"""What typer raises for all that is typed wrong. It exports only this one's heir, and has made the base its own or click's by version."""


class Commands(TyperGroup):
    """Lists commands by their rows alone, for each audience apart; the one that is called is loaded."""

    def __init__(self, **attributes: Any) -> None:
        rows = {command.name: TyperCommand(command.name, help=command.about) for command in COMMANDS}
        super().__init__(**{**attributes, "commands": rows})

    def make_context(self, *arguments: Any, **settings: Any) -> typer.Context:
        """Read what stands before the command; what is wrong there ends with 64."""
        with _wrong_usage():
            return cast(typer.Context, super().make_context(*arguments, **settings))

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command; what is wrong in its words ends with 64."""
        with _wrong_usage():
            return super().invoke(ctx)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> tuple[str | None, object, list[str]]:  # type: ignore[override]
        """Return the command that is called; if it doesn't exist, exit with the closest one."""
        if args and not args[0].startswith("-") and args[0] not in self.commands and not ctx.resilient_parsing:
            from bot.cli.words import help_of_a_comment, posted, unknown  # noqa: PLC0415 (the grammar is only needed for who misspells)

            if (help_text := help_of_a_comment(args, [*self.commands])) is not None:
                typer.echo(help_text)
                raise typer.Exit
            if posted(args, [*self.commands]):
                raise typer.Exit
            stop(unknown(args, [*self.commands]), WRONG_USAGE)
        name, _, rest = super().resolve_command(ctx, args)
        if name is None:
            return None, None, rest
        if _PLACES[name].lives_long:
            garbage.look_more_often()
        return name, loaded(_PLACES[name]), rest

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the commands that help lists, under the heading of those whom they are for."""
        for audience in AUDIENCES:
            with formatter.section(audience):
                formatter.write_dl([(each.name, each.summary) for each in COMMANDS if each.audience == audience])


def loaded(command: CommandPlace) -> Any:
    """Import a command, and return it as the command line runs it."""
    from bot.clients.children.filler import fill_in_a_child  # noqa: PLC0415 (`--help` fills nothing)

    fill_in_a_child()
    module, _, name = command.place.partition(":")
    found = getattr(import_module(module), name)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=command.name)
        ours = cast(TyperGroup, get_command(alone)).commands[command.name]
    else:
        alone.command(
            command.name, cls=PlainCommand, context_settings={"ignore_unknown_options": command.takes_sentence}
        )(found)
        ours = get_command(alone)
    for each in (ours, *getattr(ours, "commands", {}).values()):
        each.epilog = "\n\n".join(_behind_the_options(command))
    return ours


def _behind_the_options(command: CommandPlace) -> Iterator[str]:
    """Yield what help says at its end; `\\b` keeps lines as they are."""
    if command.takes_sentence:
        from bot.commands.specs import BY_VERB  # noqa: PLC0415 (the command itself has loaded it)

        options = BY_VERB[command.name].options
        rows = [(f"--{each.flag} {(each.metavar or '').upper()}".strip(), each.about) for each in options]
        if rows:
            yield "\n".join(["\b", "Options as in a comment:", *(f"  {usage:<17} {about}" for usage, about in rows)])
    yield "\n".join(["\b", "Exit codes:", *(f"  {code:<3} {meaning}" for code, meaning in command.exits.rows())])


@contextmanager
def _wrong_usage() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = WRONG_USAGE
        error.message = plainly(error.message)
        raise

"""Help as plain text: usage and values are named as they are typed (`NAME`, `KEY=VALUE`, `PATH`), in a terminal, a file or a screen reader."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class PlainCommand(TyperCommand):
    """A command whose arguments are named by their `metavar` alone; typer's own names add braces and types."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        super().__init__(name, **{**attributes, "rich_markup_mode": None})

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return what stands behind the command in its usage."""
        return ["[OPTIONS]", *(metavar for metavar, _ in self._arguments(ctx))]

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the arguments, then the options."""
        options = [each.get_help_record(ctx) for each in self.get_params(ctx) if each.param_type_name == "option"]
        for title, rows in (("Arguments", self._arguments(ctx)), ("Options", list(filter(None, options)))):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _arguments(self, ctx: Any) -> list[tuple[str, str]]:
        found: list[Any] = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return [(each.metavar, each.help) for each in found if not each.hidden]


class PlainGroup(TyperGroup):
    """A group that lists each of its commands with the whole first sentence of its help; typer's own cuts it after 45 letters."""

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the commands."""
        found = {name: self.commands[name] for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(each.help or "")) for name, each in found.items()])


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())

"""Help as plain text: usage and values are named as they are typed (`NAME`, `KEY=VALUE`, `PATH`), in a terminal, a file or a screen reader."""

from typing import Any

import typer
from typer.core import TyperCommand


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

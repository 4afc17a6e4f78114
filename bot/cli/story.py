"""A story of the sandbox as it is told on a terminal: its stages with their times, and texts of its end."""

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.rule import Rule
from rich.table import Table


def live(console: Console, story: Any, stages: Any, started: float) -> None:
    """Live through a story while its stages are shown with their times."""
    from bot.sandbox.journey import walk  # noqa: PLC0415

    console.print(f"The sandbox started in {started:.1f} s: GitHub, AWS (two accounts), Actions and the service.\n")
    began, current = time.monotonic(), None
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        for stage in walk(story, stages):
            if stage is not current:
                current, began = stage, time.monotonic()
            live.update(_Progress(stages, story, current, began))
    console.print()


class _Progress:
    """The table of stages, redrawn with the seconds of the current one."""

    def __init__(self, stages: Any, story: Any, current: Any, began: float) -> None:
        self.stages, self.story, self.current, self.began = stages, story, current, began

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage in self.stages:
            seconds = self.story.seconds.get(stage.key)
            if seconds is not None:
                table.add_row("[green]✓[/]", stage.title, f"{seconds:6.1f} s")
            elif stage is self.current:
                table.add_row(
                    "[yellow]…[/]", f"[bold]{stage.title}[/]", f"[yellow]{time.monotonic() - self.began:6.1f} s[/]"
                )
            else:
                table.add_row("[dim]·[/]", f"[dim]{stage.title}[/]", "")
        table.add_row("", "[bold]in all[/]", f"[bold]{self.story.total:6.1f} s[/]")
        return table


def section(console: Console, title: str, text: str) -> None:
    console.print(Rule(title))
    # Plain text as it is: `:secret:` in an ARN is no emoji, and lines of a table are not wrapped in a file.
    console.print(
        Markdown(text) if console.is_terminal else text, highlight=False, markup=False, emoji=False, soft_wrap=True
    )
    console.print()

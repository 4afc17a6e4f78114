"""A story of the sandbox as it is told on a terminal: its stages with their times, and texts of its end."""

import textwrap
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.rule import Rule
from rich.table import Table

from bot.cli.terminal import plain
from bot.control_characters import without_controls

WIDTH = 80
_LABEL = 14


def live(console: Console, story: Any, stages: Any, started: float) -> None:
    """Live through a story while its stages are shown with their times; in a file, each is a line as it happens."""
    from bot.sandbox.journey import walk  # noqa: PLC0415

    parts = "GitHub, AWS, Actions and the service" if story.sandbox.service else "GitHub, AWS and Actions"
    said = f"The sandbox started in {started:.1f} s: {parts}."
    print(f"{said}\n", file=console.file, flush=True)
    if not console.is_terminal:
        for stage in walk(story, stages):
            if stage.key in story.seconds:
                print(_line("✓", stage.title, story.seconds[stage.key]), file=console.file, flush=True)
        print(_line(" ", "in all", story.total), "\n", sep="", file=console.file, flush=True)
        return
    began, current = time.monotonic(), None
    with Live(console=console, refresh_per_second=8, transient=False) as shown:
        for stage in walk(story, stages):
            if stage is not current:
                current, began = stage, time.monotonic()
            shown.update(_Progress(stages, story, current, began))
    console.print()


def done(console: Console, title: str, seconds: float) -> None:
    """Print a line for something that is over before the sandbox is there."""
    print(_line("✓", title, seconds), file=console.file, flush=True)


def facts(console: Console, found: Sequence[tuple[str, str]]) -> None:
    """Print what became of a story, a line or a few for each fact, in 80 columns."""
    for label, text in ((label, without_controls(text)) for label, text in found):
        indent = " " * _LABEL
        wrapped = textwrap.fill(
            f"{label:<{_LABEL}}{text}", WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        print(wrapped, file=console.file)
    print(file=console.file, flush=True)


def _line(sign: str, title: str, seconds: float) -> str:
    return f"{sign}  {title:<{WIDTH - 14}} {seconds:7.1f} s"


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
    """Print a text of GitHub's under its title: as it is shown there on a terminal, as plain text in a file."""
    text = without_controls(text)
    if not console.is_terminal:
        print(f"{title}\n{'-' * min(len(title), WIDTH)}\n{plain(text, as_posted=True)}\n", file=console.file)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 (a third of what help would cost)

    console.print(Rule(title))
    # Plain text as it is: `:secret:` in an ARN is no emoji.
    console.print(Markdown(text), highlight=False, markup=False, emoji=False)
    console.print()

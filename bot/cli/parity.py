"""`envclone parity`: how a clone differs from production, and why, from the code of this checkout alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.checkout import AsJson, Root
from bot.cli.console import DOES_NOT_HOLD, edge, say
from bot.clients.checkout import Checkout
from bot.core.leaks import unwaived
from bot.core.parity.document import document
from bot.core.parity.page import page
from bot.core.parity.text import text
from bot.flows.parity import check_parity
from bot.names import EnvironmentName


def parity(
    name: Annotated[str, typer.Argument(help="The clone.")],
    against: Annotated[str, typer.Option("--against", help="What to hold it against; what it was cloned from.")] = "",
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one HTML page to this file.", dir_okay=False)
    ] = None,
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Show every difference of a clone from production with its cause, and leaks. Exits with 0 (holds), 1 (does not) or 2 (not checked)."""
    with edge():
        source = EnvironmentName(against) if against else None
        checked = check_parity(Checkout(root), EnvironmentName(name), source, datetime.now(UTC))
        if html is not None:
            html.write_text(page(checked.parity, checked.leaks), "utf-8")
        said = text(checked.parity, unwaived(checked.leaks)) + (f"\nWrote {html}." if html else "")
        say(said, lambda: document(checked.parity, checked.leaks), as_json)
        if not checked.holds:
            raise typer.Exit(DOES_NOT_HOLD)

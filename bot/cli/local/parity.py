"""`envclone parity`: how a clone differs from production, and why, from the code of this checkout alone."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.options import store_of
from bot.cli.actions.recertify import on_github
from bot.cli.console import DOES_NOT_HOLD, edge, environment_name, say
from bot.cli.local.options import AsJson, Root
from bot.cli.options import Environment
from bot.clients.git.checkout import Checkout
from bot.core.parity.certificate import Certificate, sentence
from bot.core.parity.leaks import unwaived
from bot.core.parity.output.document import document
from bot.core.parity.output.page import page
from bot.core.parity.output.text import text
from bot.errors import UserError
from bot.runs.plan.code_parity import check_parity
from bot.runs.plan.recertify import certificate_by_code, kept_certificate


def parity(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    name: Environment,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="NAME",
            help="The environment to compare with; by default, the one that it was cloned from.",
        ),
    ] = "",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="PATH", help="Write the report as an HTML page to this file.", dir_okay=False),
    ] = None,
    certificate: Annotated[
        bool,
        typer.Option(
            "--certificate",
            help="Print the certificate instead: the one kept by the plan (with GITHUB_TOKEN, GITHUB_REPOSITORY and "
            "credentials that read the account's state bucket), or else one by code for this commit.",
        ),
    ] = False,
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Show every difference of a clone from production with its cause, and leaks."""
    with edge():
        on = on_github(os.environ)
        if certificate and on is not None:
            store = store_of("", root, environment_name(name), Checkout(root).policy())
            _say_kept(kept_certificate(root, environment_name(name), on, store, datetime.now(UTC)), name, as_json)
            return
        source = environment_name(against) if against else None
        checked = check_parity(Checkout(root), environment_name(name), source, datetime.now(UTC))
        if certificate and checked.holds:
            issued = certificate_by_code(root, checked.parity, checked.leaks, datetime.now(UTC))
            say(sentence(issued), lambda: {"holds": True, "because": [], **issued.model_dump(mode="json")}, as_json)
            return
        if certificate:
            typer.echo(f"`{name}` has no certificate, because parity does not hold:\n", err=as_json)
        if html is not None:
            _write(html, page(checked.parity, checked.leaks))
        said = text(checked.parity, unwaived(checked.leaks)) + (f"\nWrote {html}." if html else "")
        say(said, lambda: document(checked.parity, checked.leaks), as_json)
        if not checked.holds:
            raise typer.Exit(DOES_NOT_HOLD)


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, "utf-8")
    except OSError as error:
        raise UserError(
            f"{path} could not be written: {error.strerror}. Choose a file in an existing directory."
        ) from error


def _say_kept(kept: tuple[Certificate, Sequence[str]] | None, name: str, as_json: bool) -> None:
    """Print a certificate that is kept on GitHub; leave with 1 when there is none or it holds no longer."""
    if kept is None:
        raise UserError(f"`{name}` has no certificate: no plan has found parity with its source yet.")
    found, lapsed = kept
    lines = [sentence(found), *(f"No longer valid: {reason}." for reason in lapsed)]
    data = {"holds": not lapsed, "because": list(lapsed), **found.model_dump(mode="json")}
    say("\n".join(lines), lambda: data, as_json)
    if lapsed:
        raise typer.Exit(DOES_NOT_HOLD)
